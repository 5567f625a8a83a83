"""The statement for events, and for the deliveries that they cause."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from regulars.base.ids import new_id
from regulars.db.parameters import parameters
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.webhooks.model import DATA_BYTES_MAX, Event

# An event is kept if an endpoint of its program wants it, be it disabled for now; those that are enabled get
# a delivery. Whoever delivers is told when this commits.
INSERT_EVENTS = Statement("""
with wishes as materialized (
    select endpoint_id, status, types from webhook_endpoints
    where program_id = %(program_id)s and status <> 'removed'
),
told as materialized (
    select r.event_id, r.type, r.data, r.occurred_at,
        array['*', split_part(r.type, '.', 1) || '.*', r.type] as filters
    from json_to_recordset(%(events)s::json) as r (
        event_id uuid, type text, data jsonb, occurred_at timestamptz
    )
    where exists (select from wishes)
),
kept as (
    insert into events (program_id, event_id, type, data, occurred_at, created_at)
    select %(program_id)s, t.event_id, t.type, t.data, t.occurred_at, %(now)s
    from told t
    where exists (select from wishes w where w.types && t.filters)
),
made as (
    insert into webhook_deliveries (program_id, endpoint_id, event_id, created_at, due_at)
    select %(program_id)s, w.endpoint_id, t.event_id, %(now)s, %(now)s
    from told t
    join wishes w on w.types && t.filters
    where w.status = 'enabled'
    returning 1
)
select pg_notify('regulars_webhooks', '') where exists (select from made)
""")

IS_WANTED = Statement("""
select exists (
    select from webhook_endpoints
    where program_id = %(program_id)s and status <> 'removed'
        and types && array['*', split_part(%(type)s, '.', 1) || '.*', %(type)s]
)
""")


def send_is_wanted(pipeline: Pipeline, program_id: int, event_type: str) -> Sent:
    """The question whether an endpoint wants events of this type: one row that says so."""
    return pipeline.send(IS_WANTED, parameters(program_id=program_id, type=event_type))


def send_events(pipeline: Pipeline, program_id: int, events: Sequence[Event], now: datetime) -> None:
    """New rows for those that somebody wants, in the order of `events`."""
    rows = [_row(event) for event in events]
    pipeline.send(INSERT_EVENTS, parameters(program_id=program_id, events=msgspec.json.encode(rows), now=now))


def _row(event: Event) -> dict[str, object]:
    data = msgspec.json.encode(event.data)
    assert len(data) <= DATA_BYTES_MAX, f"{event.type} is too long to be sent"
    return {
        "event_id": event.event_id or new_id(),
        "type": event.type,
        "data": msgspec.Raw(data),
        "occurred_at": event.occurred_at,
    }
