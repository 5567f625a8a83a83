"""The statements for members."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Statement
from regulars.features.members.model import Member, Status

INSERT_MEMBERS: LiteralString = """
insert into members (
    program_id, member_id, number, handle, name, email, phone, birth_date, sex, created_at, updated_at,
    home_location_id, staff
)
select %(program_id)s, r.member_id, r.number, r.handle, r.name, r.email, r.phone, r.birth_date, r.sex,
    r.created_at, r.updated_at, r.home_location_id, r.staff
from json_to_recordset(%(members)s::json) as r (
    member_id uuid, number integer, handle text, name text, email text, phone text, birth_date date, sex text,
    created_at timestamptz, updated_at timestamptz, home_location_id integer, staff boolean
)
"""

_COLUMNS: LiteralString = """
    m.program_id, m.member_id, m.number, m.status, m.name, m.email, m.phone, m.birth_date, m.sex,
    m.created_at, m.updated_at, m.handle, m.home_location_id, m.staff
"""

SELECT: LiteralString = "select" + _COLUMNS + "from members m where m.program_id = %(program_id)s\n"

SELECT_BY_ID: LiteralString = SELECT + "and m.member_id = %(member_id)s"

# One by one with a limit, so that the plan is a look-up each, however many are believed to be wanted.
_FROM_IDS: LiteralString = """
from unnest(%(member_ids)s::uuid[]) as r (member_id)
cross join lateral (
    select * from members
    where program_id = %(program_id)s and member_id = r.member_id
    limit 1
) m
"""

SELECT_BY_IDS: LiteralString = "select" + _COLUMNS + _FROM_IDS

SELECT_BY_NUMBER: LiteralString = SELECT + "and m.number = %(number)s"

SELECT_BY_HANDLE: LiteralString = SELECT + "and m.handle = %(value)s"

SELECT_BY_EMAIL: LiteralString = (
    SELECT
    + """
and lower(m.email) = lower(%(value)s) and m.status = 'active' and m.email is not null
"""
)

# Each part has a limit, so that the generic plan is two look-ups however many rows there are.
_FROM_IDENTIFIER: LiteralString = """
from (
    select member_id from identifiers
    where program_id = %(program_id)s and kind = %(kind)s and value = %(value)s and ended_at is null
    limit 1
) i
cross join lateral (
    select * from members
    where program_id = %(program_id)s and member_id = i.member_id
    limit 1
) m
"""

SELECT_BY_IDENTIFIER: LiteralString = "select" + _COLUMNS + _FROM_IDENTIFIER

LIST: LiteralString = (
    SELECT
    + """
and m.number > %(after)s and m.status <> 'erased' and (not %(with_handle)s or m.handle is not null)
order by m.number
limit %(limit)s
"""
)

SEARCH: LiteralString = (
    SELECT
    + """
and m.number > %(after)s and m.status <> 'erased' and m.search_text like lower(%(pattern)s)
and (not %(with_handle)s or m.handle is not null)
order by m.number
limit %(limit)s
"""
)

LOCK: LiteralString = SELECT_BY_ID + " for no key update"

# Stronger than LOCK: it also waits for whoever is adding a row that belongs to this member.
LOCK_ALONE: LiteralString = SELECT_BY_ID + " for update"

# One by one in a lateral subquery with a limit, so that the generic plan is a nested loop over the index
# whatever the size of the table was when a connection first planned it.
SELECT_IDS_BY_HANDLE = Statement("""
select r.handle, m.member_id
from json_array_elements_text(%(handles)s::json) as r (handle)
cross join lateral (
    select member_id from members
    where program_id = %(program_id)s and handle = r.handle
    limit 1
) m
""")

SELECT_HANDLES: LiteralString = """
select m.member_id, m.handle
from unnest(%(member_ids)s::uuid[]) as r (member_id)
cross join lateral (
    select member_id, handle from members
    where program_id = %(program_id)s and member_id = r.member_id
    limit 1
) m
where m.handle is not null
"""

UPDATE: LiteralString = """
update members
set status = %(status)s, handle = %(handle)s, name = %(name)s, email = %(email)s, phone = %(phone)s,
    birth_date = %(birth_date)s, sex = %(sex)s, updated_at = %(updated_at)s,
    home_location_id = %(home_location_id)s, staff = %(staff)s
where program_id = %(program_id)s and member_id = %(member_id)s
"""

TOUCH_ACTIVE: LiteralString = """
update members set updated_at = greatest(updated_at, %(now)s)
where program_id = %(program_id)s and member_id = %(member_id)s and status = 'active'
"""


async def insert_members(connection: Connection, program_id: int, rows: Sequence[Member]) -> None:
    """All rows are stored as active members.

    Raises UniqueViolation for a handle or an e-mail address in use, ForeignKeyViolation for a home
    location that the program does not have.
    """
    members = msgspec.json.encode(rows).decode()
    await connection.execute(INSERT_MEMBERS, {"program_id": program_id, "members": members})


async def select_members(
    connection: Connection, program_id: int, member_ids: Collection[UUID]
) -> dict[UUID, Member]:
    """The members with these ids, erased ones included."""
    parameters = {"program_id": program_id, "member_ids": list(member_ids)}
    return {member.member_id: member for member in await _members(connection, SELECT_BY_IDS, parameters)}


async def select_by_number(connection: Connection, program_id: int, number: int) -> Member | None:
    """The member with this number."""
    parameters = {"program_id": program_id, "number": number}
    return await _member(connection, SELECT_BY_NUMBER, parameters)


async def select_by_identifier(
    connection: Connection, program_id: int, kind: str, value: str
) -> Member | None:
    """The member who is recognised by this value, which must be in its one spelling."""
    statement = {"handle": SELECT_BY_HANDLE, "email": SELECT_BY_EMAIL}.get(kind, SELECT_BY_IDENTIFIER)
    parameters = {"program_id": program_id, "kind": kind, "value": value}
    return await _member(connection, statement, parameters)


async def select_ids_by_handle(
    connection: Connection, program_id: int, handles: Sequence[str]
) -> dict[str, UUID]:
    """The ids of the members with these handles, which must be in their one spelling. One round trip."""
    parameters = {"program_id": b"%d" % program_id, "handles": msgspec.json.encode(handles)}
    pipeline = Pipeline(connection)
    sent = pipeline.send(SELECT_IDS_BY_HANDLE, parameters)
    await pipeline.flush()
    return dict(sent.rows)


async def select_handles(
    connection: Connection, program_id: int, member_ids: Collection[UUID]
) -> dict[UUID, str]:
    """The handles of those of these members who have one."""
    parameters = {"program_id": program_id, "member_ids": list(member_ids)}
    cursor = await connection.execute(SELECT_HANDLES, parameters)
    return dict(await cursor.fetchall())


async def search(
    connection: Connection,
    program_id: int,
    pattern: str | None,
    after: int,
    limit: int,
    *,
    with_handle: bool = False,
) -> list[Member]:
    """Members whose name, handle, address or phone match, by number; without a pattern, all."""
    parameters: dict[str, Any] = {
        "program_id": program_id,
        "after": after,
        "limit": limit,
        "with_handle": with_handle,
    }
    if pattern is None:
        return await _members(connection, LIST, parameters)
    return await _members(connection, SEARCH, {**parameters, "pattern": pattern})


async def lock_member(
    connection: Connection, program_id: int, member_id: UUID, *, alone: bool = False
) -> Member | None:
    """The member, whose row nobody else changes now; `alone`: to whom nobody else adds rows either."""
    parameters = {"program_id": program_id, "member_id": member_id}
    return await _member(connection, LOCK_ALONE if alone else LOCK, parameters)


async def update_member(connection: Connection, member: Member) -> None:
    """The member's row is as given; it must be locked.

    Raises UniqueViolation for an address in use, ForeignKeyViolation for an unknown home location.
    """
    await connection.execute(UPDATE, msgspec.structs.asdict(member))


async def touch_active(connection: Connection, program_id: int, member_id: UUID, now: datetime) -> bool:
    """Whether there is such an active member, whose row is now locked and marked as changed."""
    parameters = {"program_id": program_id, "member_id": member_id, "now": now}
    cursor = await connection.execute(TOUCH_ACTIVE, parameters)
    return cursor.rowcount == 1


async def _member(
    connection: Connection, statement: LiteralString, parameters: dict[str, Any]
) -> Member | None:
    members = await _members(connection, statement, parameters)
    return members[0] if members else None


async def _members(
    connection: Connection, statement: LiteralString, parameters: dict[str, Any]
) -> list[Member]:
    cursor = await connection.execute(statement, parameters)
    return [
        Member(program_id, member_id, number, Status(status), *rest)
        for program_id, member_id, number, status, *rest in await cursor.fetchall()
    ]
