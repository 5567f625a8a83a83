"""Where the time comes from: a clock is passed in, so that tests and imports can set it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present instant, aware, in UTC. The clock of a running server."""
    return datetime.now(UTC)
