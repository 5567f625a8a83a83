"""The venues of the demo's kiosks, and how each looks on cards and pages."""

from datetime import datetime

import msgspec

from regulars.db.database import Connection
from regulars.features.access import actions as access
from regulars.features.access.model import Location
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import Branding
from regulars.features.kiosk.model_settings import PHONE_REGION


class Venue(msgspec.Struct, frozen=True):
    """A venue to open. The ids of its orders begin with `order_prefix`.

    An order comes to between the two sums of `spends_minor`; a membership costs `membership_minor` a month.
    """

    slug: str
    currency: str
    time_zone: str
    phone_region: str
    order_prefix: str
    spends_minor: tuple[int, int]
    membership_minor: int
    branding: Branding


SOHO = Venue(
    slug="venue_001",
    currency="GBP",
    time_zone="Europe/London",
    phone_region="GB",
    order_prefix="SOHO",
    spends_minor=(380, 3950),
    membership_minor=799,
    branding=Branding(
        brand_name="Sessions Soho",
        hero_text="A point for every pound, a treat for every hundred.",
        primary_color="#1f2a44",
        accent_color="#e4572e",
        support_email="hello@soho.example.com",
    ),
)
TEMPLE_BAR = Venue(
    slug="venue_002",
    currency="EUR",
    time_zone="Europe/Dublin",
    phone_region="IE",
    order_prefix="TBAR",
    spends_minor=(450, 4600),
    membership_minor=899,
    branding=Branding(
        brand_name="Sessions Temple Bar",
        hero_text="Every euro counts. Every hundred is on us.",
        primary_color="#14532d",
        accent_color="#f2b705",
        support_email="hello@templebar.example.com",
    ),
)
VENUES = (SOHO, TEMPLE_BAR)


async def open_venues(connection: Connection, program_id: int, now: datetime) -> dict[str, Location]:
    """The new locations by slug, in their colours."""
    locations = {}
    for venue in VENUES:
        location = await access.create_location(
            connection,
            program_id,
            slug=venue.slug,
            name=venue.branding.brand_name,
            currency=venue.currency,
            time_zone=venue.time_zone,
            settings={PHONE_REGION.name: venue.phone_region},
            now=now,
        )
        await kiosk.set_branding(connection, location, venue.branding, now)
        locations[venue.slug] = location
    return locations


async def find_venues(connection: Connection, program_id: int) -> dict[str, Location]:
    """The demo's venues by slug, as they are now."""
    locations = await access.list_locations(connection, program_id)
    slugs = {venue.slug for venue in VENUES}
    return {location.slug: location for location in locations if location.slug in slugs}
