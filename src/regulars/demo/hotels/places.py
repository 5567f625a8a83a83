"""The hotels of the demo, with the figures of the Loyalty Hub notes."""

from datetime import datetime
from decimal import Decimal

import msgspec

from regulars.db.database import Connection
from regulars.features.access import actions as access
from regulars.features.access.model import Location
from regulars.features.tiers import actions as tiers
from regulars.features.tiers.model import Scheme, TierRule


class Hotel(msgspec.Struct, frozen=True):
    """A hotel to open. `steps` has visits, wet percent and dry percent for each tier, lowest first.

    The numbers of its tickets begin with `ticket_prefix`.
    """

    slug: str
    name: str
    ticket_prefix: str
    steps: tuple[tuple[int, int, int], ...]
    staff_wet_percent: int
    staff_dry_percent: int


HIGH_STREET = Hotel("high-street", "High Street Hotel", "HS", ((0, 5, 10), (4, 8, 15), (8, 12, 20)), 25, 30)
NUMBER_FOUR = Hotel("number-four", "Number Four", "NF", ((0, 5, 10), (2, 10, 20), (4, 15, 25)), 30, 35)
HOTELS = (HIGH_STREET, NUMBER_FOUR)
PERIOD_DAYS = 28


async def open_hotels(connection: Connection, program_id: int, now: datetime) -> dict[str, Location]:
    """The new locations by slug, with the three tiers and what each gives there."""
    locations = {
        hotel.slug: await access.create_location(
            connection, program_id, slug=hotel.slug, name=hotel.name, now=now
        )
        for hotel in HOTELS
    }
    ladder = await tiers.create_tiers(connection, program_id, tiers.DEFAULT_NAMES, now)
    schemes = [
        Scheme(
            location_id=locations[hotel.slug].location_id,
            period_days=PERIOD_DAYS,
            rules=tuple(
                TierRule(tier.tier_id, visits_min, Decimal(wet), Decimal(dry))
                for tier, (visits_min, wet, dry) in zip(ladder, hotel.steps, strict=True)
            ),
            staff_wet_percent=Decimal(hotel.staff_wet_percent),
            staff_dry_percent=Decimal(hotel.staff_dry_percent),
        )
        for hotel in HOTELS
    ]
    await tiers.set_schemes(connection, program_id, schemes, now)
    return locations


async def find_hotels(connection: Connection, program_id: int) -> dict[str, Location]:
    """The demo's hotels by slug, as they were opened."""
    locations = await access.list_locations(connection, program_id)
    slugs = {hotel.slug for hotel in HOTELS}
    return {location.slug: location for location in locations if location.slug in slugs}
