"""The statements with which workers take deliveries and say what became of them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from regulars.db.database import Connection
from regulars.db.parameters import parameters
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.webhooks.model_delivery import Job, Outcome, Target

# One look into the index for each endpoint, so that it takes no longer when one has a million deliveries due.
NEXT = Statement("""
with busy as materialized (
    select b.program_id, b.endpoint_id
    from json_to_recordset(%(busy)s::json) as b (program_id integer, endpoint_id integer)
)
select e.program_id, e.endpoint_id, d.due_at
from webhook_endpoints e
cross join lateral (
    select due_at from webhook_deliveries
    where program_id = e.program_id and endpoint_id = e.endpoint_id and due_at is not null
    order by due_at
    limit 1
) d
where e.status = 'enabled'
    and not exists (
        select from busy b where b.program_id = e.program_id and b.endpoint_id = e.endpoint_id
    )
order by d.due_at
limit %(limit)s::integer
""")

TARGET = Statement("""
select e.url, array(
    select sealed from webhook_secrets
    where program_id = e.program_id and endpoint_id = e.endpoint_id
        and (expires_at is null or expires_at > %(now)s::timestamptz)
    order by secret_id desc
)
from webhook_endpoints e
where e.program_id = %(program_id)s::integer and e.endpoint_id = %(endpoint_id)s::integer
    and e.status = 'enabled'
""")

# Two workers never take the same one: what the other has locked is skipped, and what it has taken is due
# again only when the lease ends. Rows are written by their places: to planners of before PostgreSQL 17,
# reading all deliveries of an endpoint looks as cheap as looking a few of them up. Whoever changes a row ends
# its lease, so that a row which has another place by now is nobody's loss.
CLAIM = Statement("""
with due as materialized (
    select ctid from webhook_deliveries
    where program_id = %(program_id)s::integer and endpoint_id = %(endpoint_id)s::integer
        and due_at <= %(now)s::timestamptz
        and exists (
            select from webhook_endpoints
            where program_id = %(program_id)s::integer and endpoint_id = %(endpoint_id)s::integer
                and status = 'enabled'
        )
    order by due_at
    limit %(limit)s::integer
    for no key update skip locked
),
taken as (
    update webhook_deliveries
    set lease_id = %(lease_id)s::uuid, due_at = %(lease_until)s::timestamptz
    where ctid = any (array(select ctid from due))
    returning event_id, created_at, attempts
)
select t.event_id, t.created_at, t.attempts, e.type, e.data, e.occurred_at
from taken t
cross join lateral (
    select type, data::text, occurred_at from events
    where program_id = %(program_id)s::integer and event_id between t.event_id and t.event_id
    order by event_id
    limit 1
) e
order by t.event_id
""")

# What was taken and not tried after all is due at once.
RELEASE = Statement("""
with mine as materialized (
    select d.place
    from unnest(%(event_ids)s::uuid[]) as r (event_id)
    cross join lateral (
        select ctid as place, lease_id from webhook_deliveries
        where program_id = %(program_id)s::integer and event_id between r.event_id and r.event_id
            and endpoint_id = %(endpoint_id)s::integer
        order by event_id
        limit 1
        for no key update
    ) d
    where d.lease_id = %(lease_id)s::uuid
)
update webhook_deliveries
set lease_id = null, due_at = %(now)s::timestamptz
where ctid = any (array(select place from mine))
""")

# They come in the order in which everybody locks them, and a lease that somebody else has by now is not
# touched. Of failures, the latest twenty are kept.
FINISH = Statement("""
with mine as materialized (
    select r.*, d.place
    from json_to_recordset(%(outcomes)s::json) as r (
        program_id integer, endpoint_id integer, event_id uuid, lease_id uuid, state text, due_at timestamptz,
        tried_at timestamptz, milliseconds integer, answer_status smallint, answer text, trouble text,
        failures jsonb
    )
    cross join lateral (
        select ctid as place, lease_id from webhook_deliveries
        where program_id = r.program_id and event_id between r.event_id and r.event_id
            and endpoint_id = r.endpoint_id
        order by event_id
        limit 1
        for no key update
    ) d
    where d.lease_id = r.lease_id
)
update webhook_deliveries d
set lease_id = null, state = m.state, due_at = m.due_at, attempts = d.attempts + 1, tried_at = m.tried_at,
    milliseconds = m.milliseconds, answer_status = m.answer_status, answer = m.answer, trouble = m.trouble,
    failures = jsonb_path_query_array(m.failures || d.failures, '$[0 to 19]')
from mine m
where d.ctid = any (array(select place from mine)) and d.ctid = m.place
""")

# To the minute, so that a busy endpoint's row is not written for every event.
MARK_DELIVERED = Statement("""
update webhook_endpoints
set delivered_at = %(now)s::timestamptz
where program_id = %(program_id)s::integer and endpoint_id = %(endpoint_id)s::integer
    and (delivered_at is null or delivered_at < %(now)s::timestamptz - interval '1 minute')
""")

DISABLE = Statement("""
update webhook_endpoints
set status = 'disabled', reason = %(reason)s, changed_at = %(now)s::timestamptz
where program_id = %(program_id)s::integer and endpoint_id = %(endpoint_id)s::integer and status = 'enabled'
    and (
        %(unless_since)s::timestamptz is null or delivered_at is null
        or delivered_at < %(unless_since)s::timestamptz
    )
returning endpoint_id
""")

_json = msgspec.json.Encoder().encode

Key = tuple[int, int]
"""An endpoint by its program's id and its own."""


async def next_due(
    connection: Connection, busy: Collection[Key], limit: int
) -> list[tuple[int, int, datetime]]:
    """Enabled endpoints that are not `busy`, each with when its first delivery is due; the earliest."""
    rows = [{"program_id": program_id, "endpoint_id": endpoint_id} for program_id, endpoint_id in busy]
    pipeline = Pipeline(connection)
    sent = pipeline.send(NEXT, parameters(busy=_json(rows), limit=limit))
    await pipeline.flush()
    return [(program_id, endpoint_id, due_at) for program_id, endpoint_id, due_at in sent.rows]


async def claim(
    connection: Connection,
    key: Key,
    lease_id: UUID,
    now: datetime,
    lease_until: datetime,
    limit: int,
) -> tuple[Target | None, list[Job]]:
    """The endpoint, if it is enabled, and what it is to be told, the oldest `limit` at most.

    They are the caller's until the lease ends. One round trip.
    """
    program_id, endpoint_id = key
    given = parameters(
        program_id=program_id,
        endpoint_id=endpoint_id,
        lease_id=lease_id,
        now=now,
        lease_until=lease_until,
        limit=limit,
    )
    pipeline = Pipeline(connection)
    target, taken = pipeline.send(TARGET, given), pipeline.send(CLAIM, given)
    await pipeline.flush()
    if not target.rows:
        return None, []
    [(url, sealed)] = target.rows
    return Target(program_id, endpoint_id, url, tuple(sealed)), [Job(*row) for row in taken.rows]


async def release(
    connection: Connection, key: Key, lease_id: UUID, event_ids: Sequence[UUID], now: datetime
) -> None:
    """What was not tried is due again."""
    ids = "{" + ",".join(map(str, event_ids)) + "}"
    program_id, endpoint_id = key
    pipeline = Pipeline(connection)
    pipeline.send(
        RELEASE,
        parameters(program_id=program_id, endpoint_id=endpoint_id, lease_id=lease_id, event_ids=ids, now=now),
    )
    await pipeline.flush()


def send_outcomes(pipeline: Pipeline, outcomes: Sequence[Outcome]) -> None:
    """What became of attempts, of those that are still under the lease that they were taken under."""
    rows = [_row(outcome) for outcome in sorted(outcomes, key=_order)]
    pipeline.send(FINISH, parameters(outcomes=_json(rows)))


def send_delivered(pipeline: Pipeline, key: Key, now: datetime) -> None:
    """The endpoint takes events in."""
    program_id, endpoint_id = key
    pipeline.send(MARK_DELIVERED, parameters(program_id=program_id, endpoint_id=endpoint_id, now=now))


def send_disabled(
    pipeline: Pipeline, key: Key, reason: str, now: datetime, unless_since: datetime | None
) -> Sent:
    """The endpoint is told nothing more, unless something has got through since then; a row if it changed.

    Without a moment it does not matter what got through.
    """
    program_id, endpoint_id = key
    return pipeline.send(
        DISABLE,
        parameters(
            program_id=program_id, endpoint_id=endpoint_id, reason=reason, now=now, unless_since=unless_since
        ),
    )


def _order(outcome: Outcome) -> tuple[int, int, UUID]:
    return outcome.program_id, outcome.endpoint_id, outcome.event_id


def _row(outcome: Outcome) -> dict[str, Any]:
    answer, verdict = outcome.answer, outcome.verdict
    failure = {
        "at": outcome.tried_at,
        "trouble": verdict.trouble,
        "milliseconds": answer.milliseconds,
        "answer_status": answer.status,
    }
    return {
        "program_id": outcome.program_id,
        "endpoint_id": outcome.endpoint_id,
        "event_id": outcome.event_id,
        "lease_id": outcome.lease_id,
        "state": verdict.state,
        "due_at": verdict.due_at,
        "tried_at": outcome.tried_at,
        "milliseconds": answer.milliseconds,
        "answer_status": answer.status,
        "answer": answer.body,
        "trouble": verdict.trouble,
        "failures": [] if verdict.trouble is None else [failure],
    }
