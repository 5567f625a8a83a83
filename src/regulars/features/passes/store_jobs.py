"""The statements with which workers take updates and say what became of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Statement
from regulars.features.passes.model import Pass
from regulars.features.passes.model_delivery import Job, Outcome, Registration

# Those whose members were erased; Google is to be told of those that it may know.
END_ERASED = Statement("""
with gone as materialized (
    select program_id, pass_id from passes
    where identifier_id is null and ended_at is null
    order by program_id, pass_id
    limit %(limit)s::integer
    for no key update skip locked
)
update passes p
set ended_at = %(now)s::timestamptz, status = case when google_saved then 'queued' else 'sent' end,
    due_at = case when google_saved then %(now)s::timestamptz end, reason = 'erased', attempts = 0,
    lease_id = null
where p.program_id = any (array(select program_id from gone))
    and p.pass_id = any (array(select pass_id from gone))
""")

# Two workers never take the same one: what the other has locked is skipped, and what it has taken is due
# again only when the lease ends.
CLAIM = Statement("""
with due as materialized (
    select program_id, pass_id from passes
    where due_at <= %(now)s::timestamptz
    order by due_at
    limit %(limit)s::integer
    for no key update skip locked
),
taken as (
    update passes p
    set status = 'processing', attempts = attempts + 1, taken_sequence = sequence,
        lease_id = %(lease_id)s::uuid, due_at = %(lease_until)s::timestamptz
    where p.program_id = any (array(select program_id from due))
        and p.pass_id = any (array(select pass_id from due))
    returning p.*
)
select t.program_id, t.pass_id, t.member_id, t.location_id, coalesce(i.value, ''), t.created_at, t.sequence,
    t.modified_at, t.attempts, t.google_saved, t.ended_at is not null, t.identifier_id, r.device, r.push_token
from taken t
left join lateral (
    select value from identifiers
    where program_id = t.program_id and identifier_id between t.identifier_id and t.identifier_id
        and ended_at is null
    order by identifier_id
    limit 1
) i on true
left join lateral (
    select device, push_token from pass_registrations
    where program_id = t.program_id and identifier_id between t.identifier_id and t.identifier_id
        and pushed_sequence < t.sequence and t.ended_at is null
    order by identifier_id
    limit 100
) r on true
""")

# What has changed meanwhile is queued anew, once what was taken got through. They are locked in the order
# that all share, and a lease that somebody else has by now is not touched.
FINISH = Statement("""
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
""")

_json = msgspec.json.Encoder().encode


async def claim(
    connection: Connection, lease_id: UUID, now: datetime, lease_until: datetime, limit: int
) -> list[Job]:
    """The updates that are due, at most `limit`, the oldest; they are the caller's until the lease ends.

    Passes of erased members, `limit` of them at most, have ended before. One round trip.
    """
    parameters = {
        "lease_id": str(lease_id).encode(),
        "now": now.isoformat().encode(),
        "lease_until": lease_until.isoformat().encode(),
        "limit": b"%d" % limit,
    }
    pipeline = Pipeline(connection)
    pipeline.send(END_ERASED, parameters)
    taken = pipeline.send(CLAIM, parameters)
    await pipeline.flush()
    return _jobs(taken.rows)


def send_outcomes(pipeline: Pipeline, lease_id: UUID, outcomes: Sequence[Outcome], now: datetime) -> None:
    """What became of the updates that were taken under this lease."""
    parameters = {
        "lease_id": str(lease_id).encode(),
        "now": now.isoformat().encode(),
        "outcomes": _json(outcomes),
    }
    pipeline.send(FINISH, parameters)


def _jobs(rows: Sequence[tuple[Any, ...]]) -> list[Job]:
    """One job for all rows of a pass, of which there is one for each phone."""
    jobs: dict[UUID, Job] = {}
    for row in rows:
        program_id, pass_id = row[:2]
        job = jobs.get(pass_id)
        if job is None:
            attempts, google_saved, ended = row[8:11]
            job = jobs[pass_id] = Job(Pass(*row[:8]), attempts, google_saved, ended, [])
        identifier_id, device, push_token = row[11:]
        if device is not None:
            job.phones.append(Registration(program_id, pass_id, identifier_id, device, push_token))
    return list(jobs.values())
