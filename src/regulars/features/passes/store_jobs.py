"""The statements with which workers take updates and say what became of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from regulars.db.database import Connection
from regulars.features.passes.model import Pass
from regulars.features.passes.model_delivery import Job, Outcome

# Those whose members were erased; Google is to be told of those that it may know.
END_ERASED: LiteralString = """
with gone as materialized (
    select program_id, pass_id from passes
    where identifier_id is null and ended_at is null
    order by program_id, pass_id
    limit %(limit)s
    for no key update skip locked
)
update passes p
set ended_at = %(now)s, status = case when google_saved then 'queued' else 'sent' end,
    due_at = case when google_saved then %(now)s::timestamptz end, reason = 'erased', attempts = 0,
    lease_id = null
where p.program_id = any (array(select program_id from gone))
    and p.pass_id = any (array(select pass_id from gone))
"""

# Two workers never take the same one: what the other has locked is skipped, and what it has taken is due
# again only when the lease ends.
CLAIM: LiteralString = """
with due as materialized (
    select program_id, pass_id from passes
    where due_at <= %(now)s
    order by due_at
    limit %(limit)s
    for no key update skip locked
),
taken as (
    update passes p
    set status = 'processing', attempts = attempts + 1, taken_sequence = sequence, lease_id = %(lease_id)s,
        due_at = %(lease_until)s
    where p.program_id = any (array(select program_id from due))
        and p.pass_id = any (array(select pass_id from due))
    returning p.*
)
select t.program_id, t.pass_id, t.member_id, t.location_id, coalesce(i.value, ''), t.created_at, t.sequence,
    t.modified_at, t.attempts, t.google_saved, t.ended_at is not null
from taken t
left join lateral (
    select value from identifiers
    where program_id = t.program_id and identifier_id between t.identifier_id and t.identifier_id
        and ended_at is null
    order by identifier_id
    limit 1
) i on true
"""

# What has changed meanwhile is queued anew, once what was taken got through. They are locked in the order
# that all share, and a lease that somebody else has by now is not touched.
FINISH: LiteralString = """
with mine as materialized (
    select p.program_id, p.pass_id, r.trouble, r.due_at
    from (
        select r.program_id, r.pass_id, r.trouble, r.due_at, o.identifier_id
        from json_to_recordset(%(outcomes)s::json) as r (
            program_id integer, pass_id uuid, trouble text, due_at timestamptz
        )
        cross join lateral (
            select identifier_id from passes
            where program_id = r.program_id and pass_id between r.pass_id and r.pass_id
            order by pass_id
            limit 1
        ) o
        order by o.identifier_id
    ) r
    cross join lateral (
        select program_id, pass_id, lease_id from passes
        where program_id = r.program_id and pass_id between r.pass_id and r.pass_id
        order by pass_id
        limit 1
        for no key update
    ) p
    where p.lease_id = %(lease_id)s
)
update passes p
set lease_id = null, trouble = m.trouble,
    status = case
        when m.trouble is not null then 'failed'
        when p.sequence > p.taken_sequence then 'queued'
        else 'sent'
    end,
    attempts = case when m.trouble is null then 0 else p.attempts end,
    due_at = case
        when m.trouble is not null then m.due_at
        when p.sequence > p.taken_sequence then %(now)s::timestamptz
    end,
    google_saved = p.google_saved and (m.trouble is not null or p.ended_at is null)
from mine m
where p.program_id = any (array(select program_id from mine))
    and p.pass_id = any (array(select pass_id from mine))
    and p.program_id = m.program_id and p.pass_id = m.pass_id
"""

_json = msgspec.json.Encoder().encode


async def end_erased(connection: Connection, now: datetime, limit: int) -> None:
    """Passes of erased members have ended, `limit` of them at most."""
    await connection.execute(END_ERASED, {"now": now, "limit": limit})


async def claim(
    connection: Connection, lease_id: UUID, now: datetime, lease_until: datetime, limit: int
) -> list[Job]:
    """The updates that are due, at most `limit`, the oldest; they are the caller's until the lease ends."""
    parameters = {"lease_id": lease_id, "now": now, "lease_until": lease_until, "limit": limit}
    cursor = await connection.execute(CLAIM, parameters)
    return [Job(Pass(*row[:8]), *row[8:]) for row in await cursor.fetchall()]


async def finish(connection: Connection, lease_id: UUID, outcomes: Sequence[Outcome], now: datetime) -> None:
    """What became of the updates that were taken under this lease."""
    parameters = {"lease_id": lease_id, "now": now, "outcomes": _json(outcomes).decode()}
    await connection.execute(FINISH, parameters)
