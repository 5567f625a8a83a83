"""The statements for locations."""

from datetime import datetime
from typing import Any, LiteralString

import msgspec

from regulars.db.database import Connection
from regulars.features.access.model import Location

INSERT_LOCATION: LiteralString = """
insert into locations (
    program_id, location_id, slug, name, time_zone, currency, settings, created_at, updated_at
)
values (
    %(program_id)s, %(location_id)s, %(slug)s, %(name)s, %(time_zone)s, %(currency)s, %(settings)s,
    %(now)s, %(now)s
)
on conflict (program_id, slug) do nothing
returning program_id, location_id, slug, name, time_zone, currency, active, settings
"""

SELECT_LOCATIONS: LiteralString = """
select program_id, location_id, slug, name, time_zone, currency, active, settings from locations
where program_id = %(program_id)s
"""

UPDATE_LOCATION: LiteralString = """
update locations
set name = coalesce(%(name)s, name), time_zone = coalesce(%(time_zone)s, time_zone),
    currency = coalesce(%(currency)s, currency), active = coalesce(%(active)s, active),
    settings = (settings - %(resets)s::text[]) || %(settings)s::jsonb, updated_at = %(now)s
where program_id = %(program_id)s and location_id = %(location_id)s
returning program_id, location_id, slug, name, time_zone, currency, active, settings
"""

_json = msgspec.json.Encoder().encode


async def insert_location(connection: Connection, location: Location, now: datetime) -> Location | None:
    """The new location, or None when its slug is taken."""
    parameters = {
        **msgspec.structs.asdict(location),
        "settings": _json(location.settings).decode(),
        "now": now,
    }
    cursor = await connection.execute(INSERT_LOCATION, parameters)
    row = await cursor.fetchone()
    return Location(*row) if row else None


async def select_location(connection: Connection, program_id: int, location_id: int) -> Location | None:
    """The program's location with this id."""
    statement = SELECT_LOCATIONS + "and location_id = %(location_id)s"
    cursor = await connection.execute(statement, {"program_id": program_id, "location_id": location_id})
    row = await cursor.fetchone()
    return Location(*row) if row else None


async def select_location_by_slug(connection: Connection, program_id: int, slug: str) -> Location | None:
    """The program's location with this slug."""
    statement = SELECT_LOCATIONS + "and slug = %(slug)s"
    cursor = await connection.execute(statement, {"program_id": program_id, "slug": slug})
    row = await cursor.fetchone()
    return Location(*row) if row else None


async def select_locations(connection: Connection, program_id: int) -> list[Location]:
    """Every location of the program, oldest first."""
    cursor = await connection.execute(SELECT_LOCATIONS + "order by location_id", {"program_id": program_id})
    return [Location(*row) for row in await cursor.fetchall()]


async def update_location(connection: Connection, parameters: dict[str, Any]) -> Location | None:
    """The location after what is not None in `parameters` was changed, or None when there is none."""
    encoded = {**parameters, "settings": _json(parameters["settings"]).decode()}
    cursor = await connection.execute(UPDATE_LOCATION, encoded)
    row = await cursor.fetchone()
    return Location(*row) if row else None
