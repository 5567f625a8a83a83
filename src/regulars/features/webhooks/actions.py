"""What other features do with events: the one door to this feature for everything above it."""

from collections.abc import Sequence
from datetime import datetime

from regulars.db.pipeline import Pipeline
from regulars.features.webhooks import store
from regulars.features.webhooks.catalogue import CATALOGUE
from regulars.features.webhooks.model import Event

__all__ = ["Wish", "emit"]


def emit(pipeline: Pipeline, program_id: int, events: Sequence[Event], now: datetime) -> None:
    """Tells what happened, in the transaction that the pipeline is in: it happened if and when that commits.

    The statement goes out with the next flush. Without events there is none. An event that no endpoint of the
    program wants leaves nothing behind.
    """
    if events:
        assert all(event.type in CATALOGUE for event in events), "an event that no one has heard of"
        store.send_events(pipeline, program_id, events, now)


class Wish:
    """The question whether anybody wants events of a type; it has its answer once the pipeline was flushed.

    For work on thousands of rows, which then need not make up what nobody is told. Whoever adds an endpoint
    during the transaction is told of what comes after it.
    """

    def __init__(self, pipeline: Pipeline, program_id: int, event_type: str) -> None:
        self._sent = store.send_is_wanted(pipeline, program_id, event_type)

    @property
    def is_there(self) -> bool:
        """Whether an endpoint of the program wants them, be it disabled for now."""
        return bool(self._sent.rows[0][0])
