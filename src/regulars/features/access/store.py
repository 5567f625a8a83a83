"""The statements for programs and counters."""

from datetime import datetime
from typing import Any, LiteralString

import msgspec

from regulars.db.database import Connection
from regulars.features.access.model import Program

INSERT_PROGRAM: LiteralString = """
insert into programs (slug, name, currency, time_zone, settings, created_at, updated_at)
values (%(slug)s, %(name)s, %(currency)s, %(time_zone)s, %(settings)s, %(now)s, %(now)s)
on conflict (slug) do nothing
returning program_id, slug, name, currency, time_zone, settings
"""

SELECT_PROGRAMS: LiteralString = """
select program_id, slug, name, currency, time_zone, settings from programs
"""

UPDATE_PROGRAM_SETTINGS: LiteralString = """
update programs
set settings = (settings - %(resets)s::text[]) || %(changes)s::jsonb, updated_at = %(now)s
where program_id = %(program_id)s
returning program_id, slug, name, currency, time_zone, settings
"""

REPLACE_PROGRAM_SETTINGS: LiteralString = """
update programs set settings = settings || %(after)s::jsonb
where program_id = %(program_id)s and settings @> %(before)s::jsonb
"""

NEXT_NUMBERS: LiteralString = """
insert into counters as c (program_id, name, value) values (%(program_id)s, %(name)s, %(count)s)
on conflict (program_id, name) do update set value = c.value + excluded.value
returning value
"""

# The row's lock puts callers in a queue, and each sees what the one before it left: exactly `limit` of them
# find room. The times still inside the period are kept, and the new one is added where there is room.

_json = msgspec.json.Encoder().encode


async def insert_program(
    connection: Connection,
    *,
    slug: str,
    name: str,
    currency: str,
    time_zone: str,
    settings: dict[str, Any],
    now: datetime,
) -> Program | None:
    """The new program, or None when its slug is taken."""
    parameters = {
        "slug": slug,
        "name": name,
        "currency": currency,
        "time_zone": time_zone,
        "settings": _json(settings).decode(),
        "now": now,
    }
    cursor = await connection.execute(INSERT_PROGRAM, parameters)
    row = await cursor.fetchone()
    return Program(*row) if row else None


async def select_program(connection: Connection, program_id: int) -> Program | None:
    """The program with this id."""
    cursor = await connection.execute(SELECT_PROGRAMS + "where program_id = %s", (program_id,))
    row = await cursor.fetchone()
    return Program(*row) if row else None


async def select_program_by_slug(connection: Connection, slug: str) -> Program | None:
    """The program with this slug."""
    cursor = await connection.execute(SELECT_PROGRAMS + "where slug = %s", (slug,))
    row = await cursor.fetchone()
    return Program(*row) if row else None


async def select_programs(connection: Connection) -> list[Program]:
    """Every program, oldest first."""
    cursor = await connection.execute(SELECT_PROGRAMS + "order by program_id")
    return [Program(*row) for row in await cursor.fetchall()]


async def select_lowest_program_id(connection: Connection) -> int | None:
    """The lowest program id there is."""
    cursor = await connection.execute("select min(program_id) from programs")
    row = await cursor.fetchone()
    assert row is not None
    lowest: int | None = row[0]
    return lowest


async def update_program_settings(
    connection: Connection, program_id: int, changes: dict[str, Any], resets: list[str], now: datetime
) -> Program | None:
    """The program after its settings were merged in one statement, or None when there is none."""
    parameters = {"program_id": program_id, "changes": _json(changes).decode(), "resets": resets, "now": now}
    cursor = await connection.execute(UPDATE_PROGRAM_SETTINGS, parameters)
    row = await cursor.fetchone()
    return Program(*row) if row else None


async def replace_program_settings(
    connection: Connection, program_id: int, before: dict[str, Any], after: dict[str, Any]
) -> int:
    """1 when the settings were as in `before` and are now as in `after`, else 0, and nothing was changed."""
    parameters = {
        "program_id": program_id,
        "before": _json(before).decode(),
        "after": _json(after).decode(),
    }
    cursor = await connection.execute(REPLACE_PROGRAM_SETTINGS, parameters)
    return cursor.rowcount


async def advance_counter(connection: Connection, program_id: int, name: str, count: int) -> int:
    """The counter's value after it went up by `count`; its row stays locked until the transaction ends."""
    cursor = await connection.execute(NEXT_NUMBERS, {"program_id": program_id, "name": name, "count": count})
    row = await cursor.fetchone()
    assert row is not None
    value: int = row[0]
    return value
