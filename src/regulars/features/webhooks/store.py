"""The statement for events."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from regulars.base.ids import new_id
from regulars.db.parameters import parameters
from regulars.db.pipeline import Pipeline, Statement
from regulars.features.webhooks.model import Event

INSERT_EVENTS = Statement("""
insert into events (program_id, event_id, type, data, occurred_at, created_at)
select %(program_id)s, r.event_id, r.type, r.data, r.occurred_at, %(now)s
from json_to_recordset(%(events)s::json) as r (
    event_id uuid, type text, data jsonb, occurred_at timestamptz
)
""")


def send_events(pipeline: Pipeline, program_id: int, events: Sequence[Event], now: datetime) -> None:
    """New rows under ids of their own, in the order of `events`."""
    rows = [{"event_id": new_id(), **msgspec.structs.asdict(event)} for event in events]
    pipeline.send(INSERT_EVENTS, parameters(program_id=program_id, events=msgspec.json.encode(rows), now=now))
