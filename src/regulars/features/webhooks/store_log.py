"""The statements for looking back: what happened, what became of the telling, and telling it once more."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from regulars.db.database import Connection
from regulars.features.webhooks.model import Delivery, DeliveryState, Failure, StoredEvent

EVENTS: LiteralString = """
select event_id, type, data::text, occurred_at from events
where program_id = %(program_id)s and (%(type)s::text is null or type = %(type)s)
order by event_id desc
limit %(limit)s
"""

_DELIVERIES: LiteralString = """
select d.endpoint_id, d.event_id, e.type, e.occurred_at, d.state, d.attempts, d.due_at, d.tried_at,
    d.milliseconds, d.answer_status, d.answer, d.trouble, d.failures::text
from webhook_deliveries d
join events e on e.program_id = d.program_id and e.event_id = d.event_id
where d.program_id = %(program_id)s and d.endpoint_id = %(endpoint_id)s
"""

PENDING: LiteralString = _DELIVERIES + " and d.due_at is not null order by d.due_at limit %(limit)s"
PAST: LiteralString = (
    _DELIVERIES + " and d.due_at is null and d.state = %(state)s order by d.event_id desc limit %(limit)s"
)
ONE: LiteralString = _DELIVERIES + " and d.event_id = %(event_id)s"

# Whatever became of it before, and whether it was wanted or not.
REPLAY_ONE: LiteralString = """
insert into webhook_deliveries as d (program_id, endpoint_id, event_id, created_at, due_at)
select program_id, %(endpoint_id)s, event_id, %(now)s, %(now)s from events
where program_id = %(program_id)s and event_id = %(event_id)s
on conflict (program_id, event_id, endpoint_id) do update
set state = 'pending', attempts = 0, due_at = excluded.due_at, lease_id = null
returning true
"""

REPLAY_FAILED: LiteralString = """
with found as materialized (
    select ctid from webhook_deliveries
    where program_id = %(program_id)s and endpoint_id = %(endpoint_id)s and due_at is null
        and state = 'failed' and created_at >= %(since)s
    order by event_id
    limit %(limit)s
    for no key update
)
update webhook_deliveries
set state = 'pending', attempts = 0, due_at = %(now)s, lease_id = null
where ctid = any (array(select ctid from found))
returning true
"""

# Those that happened while the endpoint was disabled, or did not want them, or was not there.
REPLAY_MISSED: LiteralString = """
insert into webhook_deliveries (program_id, endpoint_id, event_id, created_at, due_at)
select e.program_id, w.endpoint_id, e.event_id, %(now)s, %(now)s
from webhook_endpoints w
join events e on e.program_id = w.program_id
    and w.types && array['*', split_part(e.type, '.', 1) || '.*', e.type]
where w.program_id = %(program_id)s and w.endpoint_id = %(endpoint_id)s and e.created_at >= %(since)s
    and not exists (
        select from webhook_deliveries d
        where d.program_id = e.program_id and d.event_id = e.event_id and d.endpoint_id = w.endpoint_id
    )
order by e.event_id
limit %(limit)s
on conflict (program_id, event_id, endpoint_id) do nothing
returning true
"""

WAKE: LiteralString = "select pg_notify('regulars_webhooks', '')"

FORGET: LiteralString = "select forget_events(%(older_than)s, %(limit)s::integer)"


async def select_events(
    connection: Connection, program_id: int, event_type: str | None, limit: int
) -> list[StoredEvent]:
    """The newest events, of one type if one is given."""
    cursor = await connection.execute(EVENTS, {"program_id": program_id, "type": event_type, "limit": limit})
    return [StoredEvent(*row) for row in await cursor.fetchall()]


async def select_deliveries(
    connection: Connection, program_id: int, endpoint_id: int, state: DeliveryState, limit: int
) -> list[Delivery]:
    """The endpoint's deliveries of one state: pending ones by when they are due, others the newest first."""
    keys = {"program_id": program_id, "endpoint_id": endpoint_id, "state": state, "limit": limit}
    cursor = await connection.execute(PENDING if state == "pending" else PAST, keys)
    return [_delivery(row) for row in await cursor.fetchall()]


async def select_delivery(
    connection: Connection, program_id: int, endpoint_id: int, event_id: UUID
) -> Delivery | None:
    """What became of telling the endpoint of the event; None if that was never to be done."""
    keys = {"program_id": program_id, "endpoint_id": endpoint_id, "event_id": event_id}
    cursor = await connection.execute(ONE, keys)
    row = await cursor.fetchone()
    return None if row is None else _delivery(row)


async def replay_one(
    connection: Connection, program_id: int, endpoint_id: int, event_id: UUID, now: datetime
) -> bool:
    """The event is told anew; false if there is no such event."""
    keys = {"program_id": program_id, "endpoint_id": endpoint_id, "event_id": event_id, "now": now}
    cursor = await connection.execute(REPLAY_ONE, keys)
    return await cursor.fetchone() is not None


async def replay_failed(
    connection: Connection, program_id: int, endpoint_id: int, since: datetime, now: datetime, limit: int
) -> int:
    """How many failed deliveries begin anew, the oldest `limit` since then at most."""
    return await _replay(connection, REPLAY_FAILED, program_id, endpoint_id, since, now, limit)


async def replay_missed(
    connection: Connection, program_id: int, endpoint_id: int, since: datetime, now: datetime, limit: int
) -> int:
    """How many events since then get the delivery that they never had, the oldest `limit` at most."""
    return await _replay(connection, REPLAY_MISSED, program_id, endpoint_id, since, now, limit)


async def wake(connection: Connection) -> None:
    """Whoever delivers looks for what is due when this is committed."""
    await connection.execute(WAKE)


async def forget(connection: Connection, older_than: datetime, limit: int) -> int:
    """How many events from before then, `limit` at most, are forgotten with their deliveries.

    None of the last seven days ever is.
    """
    cursor = await connection.execute(FORGET, {"older_than": older_than, "limit": limit})
    row = await cursor.fetchone()
    assert row is not None, "it says how many"
    return int(row[0])


async def _replay(
    connection: Connection,
    statement: LiteralString,
    program_id: int,
    endpoint_id: int,
    since: datetime,
    now: datetime,
    limit: int,
) -> int:
    keys = {"program_id": program_id, "endpoint_id": endpoint_id, "since": since, "now": now, "limit": limit}
    cursor = await connection.execute(statement, keys)
    return cursor.rowcount


def _delivery(row: tuple[Any, ...]) -> Delivery:
    return Delivery(*(*row[:-1], msgspec.json.decode(row[-1], type=list[Failure])))
