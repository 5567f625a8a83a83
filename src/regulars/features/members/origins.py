"""Where requests came from: personal data, so it is kept here and for a limited time."""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from regulars.base.ids import new_id
from regulars.db.database import Connection
from regulars.features.members import rules, store_origins
from regulars.features.members.model import Origin


async def remember_origin(
    connection: Connection, program_id: int, address: str | None, user_agent: str | None, now: datetime
) -> UUID:
    """The id under which this day's requests from this address and user agent are remembered.

    The id is random: nobody can compute it from an address, so it says nothing once the origin is
    forgotten. Both texts are cut to what is stored. Through `OriginCache` it costs one statement a day.
    """
    origin = Origin(
        origin_id=new_id(),
        day=now.astimezone(UTC).date(),
        address=rules.clean_origin(address, rules.ADDRESS_LENGTH_MAX),
        user_agent=rules.clean_origin(user_agent, rules.USER_AGENT_LENGTH_MAX),
    )
    return await store_origins.insert_origin(connection, program_id, origin)


async def origins_of(
    connection: Connection, program_id: int, origin_ids: Collection[UUID]
) -> dict[UUID, Origin]:
    """The origins with these ids that are still remembered."""
    if not origin_ids:
        return {}
    return await store_origins.select_origins(connection, program_id, origin_ids)


async def forget_origins(connection: Connection, before: datetime, limit: int = 10_000) -> int:
    """How many origins of UTC days before `before` were forgotten, at most `limit` of each program.

    A job calls it until it answers 0.
    """
    return await store_origins.delete_origins(connection, before.astimezone(UTC).date(), limit)
