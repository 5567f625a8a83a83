"""Programs and members made through the features themselves, for the tests of members."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.members import actions as members
from regulars.features.members.model import Member
from regulars.features.webhooks import endpoints
from regulars.features.webhooks.sealing import SecretSeal

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


async def new_program(database: Database, slug: str) -> int:
    """The id of a new program."""
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug=slug, name=slug, currency="GBP", time_zone="UTC", now=NOW
        )
    return program.program_id


async def keep_events(database: Database, program_id: int, types: Sequence[str] = ("*",)) -> None:
    """What happens in the program from now on is noted, of these types, though nobody is told of it."""
    seal = SecretSeal("a secret key of the tests")
    async with database.transaction() as connection:
        made = await endpoints.add_endpoint(
            connection,
            seal,
            program_id,
            url="https://nobody.example/",
            types=types,
            is_private_allowed=False,
            now=NOW,
        )
        await endpoints.switch_endpoint(
            connection, program_id, made.endpoint.endpoint_id, enabled=False, now=NOW
        )


async def enrol(database: Database, program_id: int, handle: str | None = None, **more: Any) -> Member:
    """A new member, who has a handle if one is given."""
    identifiers = [*more.pop("identifiers", []), *([("handle", handle, None)] if handle else [])]
    async with database.transaction() as connection:
        return await members.enrol(
            connection, program_id, name=more.pop("name", "Leo"), identifiers=identifiers, now=NOW, **more
        )


async def find(database: Database, program_id: int, kind: str, value: str) -> Member | None:
    """The member who is recognised by this, if anybody is."""
    async with database.connection() as connection:
        return await members.find(connection, program_id, kind, value)
