"""The statements for passes themselves: made, found, moved and ended.

Where several are locked, they are in the order of their identifiers, so that nobody waits in a circle. Rows
are looked up one by one in lateral subqueries with a limit, as a range of one value in its order: so the
generic plan is a nested loop over the one index that gives that order, whatever the size of the tables was
when a connection first planned it. For a single value all indexes look alike while the table is small.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.passes.model import KIND, Pass

_COLUMNS: LiteralString = """
select p.program_id, p.pass_id, p.member_id, p.location_id, i.value, p.created_at, p.sequence, p.modified_at
"""

_AND_ITS_IDENTIFIER: LiteralString = """
cross join lateral (
    select value from identifiers
    where program_id = p.program_id and identifier_id between p.identifier_id and p.identifier_id
        and ended_at is null
    order by identifier_id
    limit 1
) i
"""

_OF_MEMBER: LiteralString = """
from (
    select * from passes
    where program_id = %(program_id)s and member_id between %(member_id)s and %(member_id)s
        and location_id = %(location_id)s and ended_at is null
    order by member_id
    limit 1
) p
"""

SELECT_OF_MEMBER: LiteralString = _COLUMNS + _OF_MEMBER + _AND_ITS_IDENTIFIER

_AND_ITS_CARD: LiteralString = """
cross join lateral (
    select * from passes
    where program_id = i.program_id and identifier_id between i.identifier_id and i.identifier_id
        and ended_at is null
    order by identifier_id
    limit 1
) p
"""

_BY_CODE: LiteralString = """
from (
    select program_id, identifier_id, value from identifiers
    where program_id = %(program_id)s and kind = %(kind)s and value between %(token)s and %(token)s
        and location_id = %(location_id)s and ended_at is null
    order by value
    limit 1
) i
"""

SELECT_BY_TOKEN: LiteralString = _COLUMNS + _BY_CODE + _AND_ITS_CARD

# Whoever shows a token, or a phone that shows a serial number, does not say which program it is of.
_BY_CODE_ANYWHERE: LiteralString = """
from programs g
cross join lateral (
    select program_id, identifier_id, value from identifiers
    where program_id = g.program_id and kind = %(kind)s and value between %(token)s and %(token)s
        and ended_at is null
    order by value
    limit 1
) i
"""

SELECT_BY_TOKEN_ANYWHERE: LiteralString = _COLUMNS + _BY_CODE_ANYWHERE + _AND_ITS_CARD

_BY_SERIAL: LiteralString = """
from programs g
cross join lateral (
    select * from passes
    where program_id = g.program_id and pass_id between %(pass_id)s and %(pass_id)s and ended_at is null
    order by pass_id
    limit 1
) p
"""

SELECT_BY_SERIAL: LiteralString = _COLUMNS + _BY_SERIAL + _AND_ITS_IDENTIFIER

_SELECT_BY_SERIAL = Statement(SELECT_BY_SERIAL)

# Google is to be told of the end of a pass that it may know.
END_UNFINDABLE: LiteralString = """
update passes p
set ended_at = %(now)s, status = case when google_saved then 'queued' else 'sent' end,
    due_at = case when google_saved then %(now)s::timestamptz end, reason = 'ended', attempts = 0,
    lease_id = null
where program_id = %(program_id)s and member_id = %(member_id)s and location_id = %(location_id)s
    and ended_at is null
    and not exists (
        select from identifiers i
        where i.program_id = p.program_id and i.identifier_id = p.identifier_id and i.ended_at is null
    )
"""

INSERT: LiteralString = """
insert into passes (program_id, pass_id, member_id, location_id, created_at, modified_at)
values (
    %(program_id)s, %(pass_id)s, %(member_id)s, %(location_id)s, %(now)s, date_trunc('second', %(now)s)
)
on conflict (program_id, member_id, location_id) where ended_at is null do nothing
"""

# The id comes as an array, which is looked up by the primary key however small the table is.
SET_IDENTIFIER: LiteralString = """
update passes set identifier_id = %(identifier_id)s
where program_id = %(program_id)s and pass_id = any (array(select %(pass_id)s::uuid))
"""

REQUEUE_CHANGED: LiteralString = """
update passes set status = 'queued', reason = 'registered', attempts = 0, due_at = %(now)s
where program_id = %(program_id)s and pass_id = any (array(select %(pass_id)s::uuid)) and due_at is null
    and modified_at > created_at and modified_at >= %(changed_since)s
"""

SET_GOOGLE_SAVED: LiteralString = """
update passes set google_saved = true
where program_id = %(program_id)s and pass_id = any (array(select %(pass_id)s::uuid)) and not google_saved
"""

# The sequence is drawn once the pass is locked: a phone that asks what is new waits for the lock, so it is
# never told a greater number than that of a change that it does not see yet. What is due already stays so,
# and the worker that tells it tells the newest state.
MOVE = Statement("""
with mine as materialized (
    select p.pass_id
    from (
        select o.identifier_id
        from json_to_recordset(%(members)s::json) as r (member_id uuid, location_id integer)
        cross join lateral (
            select identifier_id from passes
            where program_id = %(program_id)s and member_id between r.member_id and r.member_id
                and ended_at is null and identifier_id is not null
                and (r.location_id = 0 or location_id = r.location_id)
            order by member_id
            limit 1000
        ) o
        order by o.identifier_id
    ) w
    cross join lateral (
        select pass_id from passes
        where program_id = %(program_id)s and identifier_id between w.identifier_id and w.identifier_id
        order by identifier_id
        limit 1
        for no key update
    ) p
)
update passes
set sequence = nextval('pass_sequences'),
    modified_at = greatest(date_trunc('second', %(now)s::timestamptz), modified_at + interval '1 second'),
    reason = %(reason)s,
    status = case when due_at is null then 'queued' else status end,
    attempts = case when due_at is null then 0 else attempts end,
    due_at = coalesce(due_at, %(now)s::timestamptz)
where program_id = %(program_id)s and pass_id = any (array(select pass_id from mine))
""")

_json = msgspec.json.Encoder().encode


class Moved(msgspec.Struct, frozen=True):
    """A member of whom a pass shows something new, at one location or (0) at all of them."""

    member_id: UUID
    location_id: int


async def select_of_member(
    connection: Connection, program_id: int, location_id: int, member_id: UUID
) -> Pass | None:
    """The member's pass at this location."""
    parameters = {"program_id": program_id, "location_id": location_id, "member_id": member_id}
    return await _pass(connection, SELECT_OF_MEMBER, parameters)


async def select_by_token(
    connection: Connection, program_id: int, location_id: int, token: str
) -> Pass | None:
    """The pass with this token, at its own location only."""
    parameters = {"program_id": program_id, "location_id": location_id, "token": token, "kind": KIND}
    return await _pass(connection, SELECT_BY_TOKEN, parameters)


async def select_by_token_anywhere(connection: Connection, token: str) -> Pass | None:
    """The pass with this token, whatever program it is of."""
    return await _pass(connection, SELECT_BY_TOKEN_ANYWHERE, {"token": token, "kind": KIND})


async def select_by_serial(connection: Connection, pass_id: UUID) -> Pass | None:
    """The pass with this id, whatever program it is of."""
    return await _pass(connection, SELECT_BY_SERIAL, {"pass_id": pass_id})


async def read_by_serial(connection: Connection, pass_id: UUID) -> Pass | None:
    """The same for phones that fetch by the thousand: a third of the work, on an idle connection only."""
    pipeline = Pipeline(connection)
    sent = pipeline.send(_SELECT_BY_SERIAL, {"pass_id": str(pass_id).encode()})
    await pipeline.flush()
    return Pass(*sent.rows[0]) if sent.rows else None


async def end_unfindable(
    connection: Connection, program_id: int, location_id: int, member_id: UUID, now: datetime
) -> None:
    """A pass whose token has ended is no longer in the way of a new one."""
    parameters = {
        "program_id": program_id,
        "location_id": location_id,
        "member_id": member_id,
        "now": now,
    }
    await connection.execute(END_UNFINDABLE, parameters)


async def insert_pass(
    connection: Connection, program_id: int, location_id: int, member_id: UUID, pass_id: UUID, now: datetime
) -> bool:
    """Whether the pass is new; False when the member has one there. It has no token yet.

    Waits for others who are just issuing the same. Raises ForeignKeyViolation.
    """
    parameters = {
        "program_id": program_id,
        "location_id": location_id,
        "member_id": member_id,
        "pass_id": pass_id,
        "now": now,
    }
    cursor = await connection.execute(INSERT, parameters)
    return cursor.rowcount == 1


async def set_identifier(connection: Connection, program_id: int, pass_id: UUID, identifier_id: int) -> None:
    """The identifier is the pass's token from now on."""
    parameters = {"program_id": program_id, "pass_id": pass_id, "identifier_id": identifier_id}
    await connection.execute(SET_IDENTIFIER, parameters)


async def requeue_changed(connection: Connection, card: Pass, changed_since: datetime, now: datetime) -> None:
    """The phones are told of the pass again if it has changed, after it was made, since that moment."""
    parameters = {
        "program_id": card.program_id,
        "pass_id": card.pass_id,
        "changed_since": changed_since,
        "now": now,
    }
    await connection.execute(REQUEUE_CHANGED, parameters)


async def set_google_saved(connection: Connection, card: Pass) -> None:
    """Google is told of changes of this pass from now on."""
    parameters = {"program_id": card.program_id, "pass_id": card.pass_id}
    await connection.execute(SET_GOOGLE_SAVED, parameters)


def send_moves(
    pipeline: Pipeline, program_id: int, members: Sequence[Moved], reason: str, now: datetime
) -> Sent:
    """The passes of these members, those who have any, show something new."""
    parameters = {
        "program_id": b"%d" % program_id,
        "members": _json(members),
        "reason": reason.encode(),
        "now": now.isoformat().encode(),
    }
    return pipeline.send(MOVE, parameters)


async def _pass(connection: Connection, statement: LiteralString, parameters: dict[str, Any]) -> Pass | None:
    cursor = await connection.execute(statement, parameters)
    row = await cursor.fetchone()
    return Pass(*row) if row else None
