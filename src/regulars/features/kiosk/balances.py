"""What a customer has at a venue, read without locks."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.access.model import Location
from regulars.features.kiosk import store_customers
from regulars.features.kiosk.model import Balances
from regulars.features.kiosk.purse import accounts_of
from regulars.features.ledger import actions as ledger
from regulars.features.memberships import actions as memberships


class Today(Struct, frozen=True):
    """The balances of points, and of the venue's and the program's rewards together."""

    points: int
    rewards: int


async def read(connection: Connection, venue: Location, member_id: UUID, now: datetime) -> Today:
    """What the customer has, held rewards included. One round trip."""
    accounts = accounts_of(member_id, venue.location_id)
    states = await ledger.account_states(connection, venue.program_id, accounts.all, now)
    rewards = states[accounts.venue_rewards].balance + states[accounts.program_rewards].balance
    return Today(states[accounts.points].balance, rewards)


async def balances_of(
    connection: Connection, program_id: int, venue: Location, member_id: UUID, now: datetime
) -> Balances:
    """What the customer has at the venue. Two round trips.

    Raises Refused: customer_not_found, also for one of another program and for an erased one.
    """
    assert program_id == venue.program_id
    pipeline = Pipeline(connection)
    customer = store_customers.send_question(pipeline, program_id, member_id)
    membership = memberships.send_status(pipeline, program_id, member_id, venue.location_id)
    await pipeline.flush()
    if not customer.rows:
        raise Refused("customer_not_found")
    today = await read(connection, venue, member_id, now)
    return Balances(member_id, today.points, today.rewards, membership.status)
