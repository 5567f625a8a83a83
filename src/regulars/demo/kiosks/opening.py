"""Opens the demo's venues: places, customers with their phones, and a card for each. All of it or nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from regulars.db.database import Connection
from regulars.demo.hotels.visits import moment
from regulars.demo.kiosks.customers import OPENED_DAYS_AGO, Customer
from regulars.demo.kiosks.venues import open_venues
from regulars.features.access.model import Program
from regulars.features.members import actions as members
from regulars.features.members.model import NewIdentifier, NewMember
from regulars.features.passes import actions as passes

_JOINING_MINUTE = 7 * 60 + 30
"""Customers enrol before the first order of their day."""


async def open_for_customers(
    connection: Connection, program: Program, customers: Sequence[Customer], until: datetime
) -> None:
    """The venues with their customers, as they joined in the months that end at `until`."""
    zone = ZoneInfo(program.time_zone)
    today = until.astimezone(zone).date()

    def morning(days_ago: int) -> datetime:
        return min(moment(today - timedelta(days=days_ago), _JOINING_MINUTE, zone), until)

    venues = await open_venues(connection, program.program_id, morning(OPENED_DAYS_AGO))
    rows = [
        NewMember(
            phone=customer.phone,
            identifiers=(NewIdentifier("phone", customer.phone),),
            created_at=morning(customer.joined_days_ago),
        )
        for customer in customers
    ]
    enrolled = await members.enrol_batch(connection, program.program_id, rows, until)
    for customer, member in zip(customers, enrolled, strict=True):
        location_id = venues[customer.home].location_id
        joined_at = morning(customer.joined_days_ago)
        await passes.issue(connection, program.program_id, location_id, member.member_id, joined_at)
