"""What other features do with events: the one door to this feature for everything above it."""

from collections.abc import Sequence
from datetime import datetime

from regulars.db.pipeline import Pipeline
from regulars.features.webhooks import store
from regulars.features.webhooks.catalogue import CATALOGUE
from regulars.features.webhooks.model import Event

__all__ = ["emit"]


def emit(pipeline: Pipeline, program_id: int, events: Sequence[Event], now: datetime) -> None:
    """Tells what happened, in the transaction that the pipeline is in: it happened if and when that commits.

    The statement goes out with the next flush. Without events there is none. An event that no endpoint of the
    program wants leaves nothing behind.
    """
    if events:
        assert all(event.type in CATALOGUE for event in events), "an event that no one has heard of"
        store.send_events(pipeline, program_id, events, now)
