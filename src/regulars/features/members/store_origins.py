"""The statements for origins."""

from collections.abc import Collection
from datetime import date
from typing import LiteralString
from uuid import UUID

from regulars.db.database import Connection
from regulars.features.members.model import Origin

# The update changes nothing; without it a row that is there already would not be returned.
INSERT_ORIGIN: LiteralString = """
insert into origins as o (program_id, origin_id, day, address, user_agent)
values (%(program_id)s, %(origin_id)s, %(day)s, %(address)s, %(user_agent)s)
on conflict (program_id, day, address, user_agent) do update set address = o.address
returning origin_id
"""

SELECT_ORIGINS: LiteralString = """
select origin_id, day, address, user_agent from origins
where program_id = %(program_id)s and origin_id = any (%(origin_ids)s)
"""

DELETE_ORIGINS: LiteralString = """
delete from origins o
using programs p
cross join lateral (
    select e.program_id, e.origin_id from origins e
    where e.program_id = p.program_id and e.day < %(before)s
    order by e.day
    limit %(limit)s
) due
where o.program_id = due.program_id and o.origin_id = due.origin_id
"""


async def insert_origin(connection: Connection, program_id: int, origin: Origin) -> UUID:
    """The id of this day's origin, which may have been remembered before under an id of its own."""
    parameters = {
        "program_id": program_id,
        "origin_id": origin.origin_id,
        "day": origin.day,
        "address": origin.address,
        "user_agent": origin.user_agent,
    }
    cursor = await connection.execute(INSERT_ORIGIN, parameters)
    row = await cursor.fetchone()
    assert row is not None
    origin_id: UUID = row[0]
    return origin_id


async def select_origins(
    connection: Connection, program_id: int, origin_ids: Collection[UUID]
) -> dict[UUID, Origin]:
    """The origins that are still remembered."""
    parameters = {"program_id": program_id, "origin_ids": list(origin_ids)}
    cursor = await connection.execute(SELECT_ORIGINS, parameters)
    return {row[0]: Origin(*row) for row in await cursor.fetchall()}


async def delete_origins(connection: Connection, before: date, limit: int) -> int:
    """How many origins of days before `before` were deleted, at most `limit` of each program."""
    cursor = await connection.execute(DELETE_ORIGINS, {"before": before, "limit": limit})
    return cursor.rowcount
