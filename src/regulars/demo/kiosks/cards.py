"""The pages of some of the demo's customers, for whoever wants to see what a customer sees."""

from datetime import datetime

from regulars.contracts.sessions.addresses import wallet_path
from regulars.db.database import Connection
from regulars.demo.kiosks.customers import FIRST
from regulars.demo.kiosks.venues import VENUES, find_venues
from regulars.features.members import actions as members
from regulars.features.passes import actions as passes

_NAMES = {venue.slug: venue.branding.brand_name for venue in VENUES}


async def wallet_paths(connection: Connection, program_id: int, now: datetime) -> dict[str, str]:
    """The paths of their pages, by what is to be seen there. Erased customers have none."""
    venues = await find_venues(connection, program_id)
    paths = {}
    for customer in FIRST:
        member = await members.find(connection, program_id, "phone", customer.phone)
        if customer.label is None or member is None:
            continue
        location_id = venues[customer.home].location_id
        card = await passes.issue(connection, program_id, location_id, member.member_id, now)
        paths[f"{_NAMES[customer.home]}: {customer.label}"] = wallet_path(card.token)
    return paths
