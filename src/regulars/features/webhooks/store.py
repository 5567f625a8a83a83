"""The statement for events, and for the deliveries that they cause."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

import msgspec

from regulars.base.ids import new_id
from regulars.db.parameters import parameters
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.webhooks.model import DATA_BYTES_MAX, Event
from regulars.features.webhooks.telling import TOLD

_HAPPENED: LiteralString = """
with happened as (
    select * from json_to_recordset(%(events)s::json) as r (
        event_id uuid, type text, data jsonb, occurred_at timestamptz
    )
),
"""

_DELIVERIES: LiteralString = """
select count(*) from made
"""

INSERT_EVENTS = Statement(_HAPPENED + TOLD + _DELIVERIES)

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
