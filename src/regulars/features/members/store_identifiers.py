"""The statements for identifiers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from regulars.db.database import Connection
from regulars.features.members.model import Identifier

INSERT_IDENTIFIERS: LiteralString = """
insert into identifiers (
    program_id, identifier_id, member_id, kind, value, label, location_id, created_at, ended_at
)
select %(program_id)s, r.identifier_id, r.member_id, r.kind, r.value, r.label, r.location_id, r.created_at,
    r.ended_at
from json_to_recordset(%(identifiers)s::json) as r (
    identifier_id integer, member_id uuid, kind text, value text, label text, location_id integer,
    created_at timestamptz, ended_at timestamptz
)
"""

SELECT_IDENTIFIER: LiteralString = """
select program_id, identifier_id, member_id, kind, value, label, location_id, created_at, ended_at
from identifiers
where program_id = %(program_id)s and kind = %(kind)s and value = %(value)s and ended_at is null
"""

SELECT_OF_MEMBERS: LiteralString = """
select program_id, identifier_id, member_id, kind, value, label, location_id, created_at, ended_at
from identifiers
where program_id = %(program_id)s and member_id = any (%(member_ids)s)
    and (ended_at is null or %(with_ended)s)
order by member_id, identifier_id
"""

SELECT_IN_USE: LiteralString = """
select program_id, identifier_id, member_id, kind, value, label, location_id, created_at, ended_at
from identifiers
where program_id = %(program_id)s and member_id = %(member_id)s and identifier_id = %(identifier_id)s
    and ended_at is null
"""

UPDATE_VALUE: LiteralString = """
update identifiers set value = %(value)s, created_at = %(now)s
where program_id = %(program_id)s and member_id = %(member_id)s and identifier_id = %(identifier_id)s
"""

END: LiteralString = """
update identifiers set ended_at = %(now)s
where program_id = %(program_id)s and member_id = %(member_id)s and identifier_id = %(identifier_id)s
    and ended_at is null
"""

DELETE_OF_MEMBER: LiteralString = """
delete from identifiers where program_id = %(program_id)s and member_id = %(member_id)s
"""


async def insert_identifiers(connection: Connection, program_id: int, rows: Sequence[Identifier]) -> None:
    """All rows are stored, or UniqueViolation is raised for a value in use."""
    identifiers = msgspec.json.encode(rows).decode()
    await connection.execute(INSERT_IDENTIFIERS, {"program_id": program_id, "identifiers": identifiers})


async def select_identifier(
    connection: Connection, program_id: int, kind: str, value: str
) -> Identifier | None:
    """The identifier in use with this value."""
    parameters = {"program_id": program_id, "kind": kind, "value": value}
    rows = await _identifiers(connection, SELECT_IDENTIFIER, parameters)
    return rows[0] if rows else None


async def select_of_members(
    connection: Connection, program_id: int, member_ids: Collection[UUID], *, with_ended: bool
) -> dict[UUID, list[Identifier]]:
    """The identifiers of these members, oldest first; members who have none are left out."""
    parameters = {"program_id": program_id, "member_ids": list(member_ids), "with_ended": with_ended}
    found: dict[UUID, list[Identifier]] = {}
    for identifier in await _identifiers(connection, SELECT_OF_MEMBERS, parameters):
        found.setdefault(identifier.member_id, []).append(identifier)
    return found


async def select_in_use(
    connection: Connection, program_id: int, member_id: UUID, identifier_id: int
) -> Identifier | None:
    """The member's identifier with this id, unless it has ended."""
    parameters = {"program_id": program_id, "member_id": member_id, "identifier_id": identifier_id}
    rows = await _identifiers(connection, SELECT_IN_USE, parameters)
    return rows[0] if rows else None


async def update_value(
    connection: Connection, program_id: int, member_id: UUID, identifier_id: int, value: str, now: datetime
) -> None:
    """The member's identifier has this value since now. Raises UniqueViolation for a value in use."""
    parameters = {
        "program_id": program_id,
        "member_id": member_id,
        "identifier_id": identifier_id,
        "value": value,
        "now": now,
    }
    await connection.execute(UPDATE_VALUE, parameters)


async def end_identifier(
    connection: Connection, program_id: int, member_id: UUID, identifier_id: int, now: datetime
) -> bool:
    """Whether the member had this identifier; its value is free from now on."""
    parameters = {
        "program_id": program_id,
        "member_id": member_id,
        "identifier_id": identifier_id,
        "now": now,
    }
    cursor = await connection.execute(END, parameters)
    return cursor.rowcount == 1


async def delete_of_member(connection: Connection, program_id: int, member_id: UUID) -> None:
    """Nothing is left of what the member was recognised by, ended identifiers included."""
    await connection.execute(DELETE_OF_MEMBER, {"program_id": program_id, "member_id": member_id})


async def _identifiers(
    connection: Connection, statement: LiteralString, parameters: dict[str, Any]
) -> list[Identifier]:
    cursor = await connection.execute(statement, parameters)
    return [Identifier(*row) for row in await cursor.fetchall()]
