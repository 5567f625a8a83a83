"""The two hotels that the examples of docs/contracts/loyaltyhub.md run on, as a demo has them.

Unlike the hotels of other tests they live at the real time, because commands that run beside the server do.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from litestar import Litestar
from msgspec import Struct

from regulars.base.clock import utc_now
from regulars.contracts.loyaltyhub.context import TILL_SCOPE
from regulars.contracts.loyaltyhub.router import CONTRACT
from regulars.db.database import Connection, Database
from regulars.features.access import actions as access
from regulars.features.tiers import actions as tiers
from regulars.features.tiers.model import Scheme, Tier, TierRule
from regulars.http.services import Services
from regulars.settings import Settings
from regulars.settings_sources import Secret
from tests.support.applications import open_application
from tests.support.guests import RATES
from tests.support.hotels import HIGH_STREET, NUMBER_FOUR, SECRET_KEY

HOTELS = {HIGH_STREET: ("high-street", "HOTEL_API_KEY"), NUMBER_FOUR: ("number-four", "HOTEL_2_API_KEY")}
"""The short names of the hotels, and what demo.env calls their keys."""


class DocumentedHotels(Struct, frozen=True):
    """The application and its database; `variables` are keys, and what commands in a shell find it by."""

    application: Litestar
    database: Database
    variables: dict[str, str]


@asynccontextmanager
async def documented_hotels(database_url: str, data_directory: Path) -> AsyncIterator[DocumentedHotels]:
    """Two hotels with the rates of the contract's notes, without customers or promos."""
    settings = Settings(
        mode="production",
        database_url=Secret(database_url),
        secret_key=SECRET_KEY,
        data_directory=data_directory,
        connections_max=4,
    )
    async with open_application(settings, [CONTRACT]) as application:
        services: Services = application.state["services"]
        variables = await _furnish(services.database)
        variables |= {"REGULARS_DATABASE_URL": database_url, "REGULARS_SECRET_KEY": SECRET_KEY}
        yield DocumentedHotels(application, services.database, variables)


async def _furnish(database: Database) -> dict[str, str]:
    """The keys of the hotels, by the names that demo.env gives them."""
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug="demo", name="Demo", currency="GBP", time_zone="Europe/London", now=utc_now()
        )
        ladder = await tiers.create_tiers(connection, program.program_id, tiers.DEFAULT_NAMES, utc_now())
        return {
            variable: await _open_hotel(connection, program.program_id, ladder, slug, name)
            for name, (slug, variable) in HOTELS.items()
        }


async def _open_hotel(
    connection: Connection, program_id: int, ladder: tuple[Tier, ...], slug: str, name: str
) -> str:
    """The key of a new hotel, which has its rates."""
    hotel = await access.create_location(connection, program_id, slug=slug, name=name, now=utc_now())
    figures, staff = RATES[name]
    rules = tuple(
        TierRule(tier.tier_id, visits, Decimal(wet), Decimal(dry))
        for tier, (visits, wet, dry) in zip(ladder, figures, strict=True)
    )
    scheme = Scheme(hotel.location_id, tiers.DEFAULT_PERIOD_DAYS, rules, *map(Decimal, staff))
    await tiers.set_scheme(connection, program_id, scheme, utc_now())
    issued = await access.issue_credential(
        connection,
        SECRET_KEY,
        program_id,
        name=f"{name}'s tills",
        scopes={TILL_SCOPE},
        location_id=hotel.location_id,
        now=utc_now(),
    )
    return issued.key
