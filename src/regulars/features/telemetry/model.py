"""What telemetry talks about: counted verbs, and the summary of how they fare."""

from datetime import datetime

from msgspec import Struct

FAILURES_OF_VERB_MAX = 3
FAILURES_MAX = 5


class VerbCount(Struct, frozen=True):
    """How often one verb of a program ended one way. `failure` is empty for success."""

    verb: str
    failure: str
    count: int
    duration_microseconds_total: int
    since: datetime


class FailureCount(Struct, frozen=True):
    """A reason for failing, and how often it was given."""

    message: str
    count: int


class VerbHealth(Struct, frozen=True):
    """How one verb fares. `error_rate` is 0 to 1; the average duration counts failures as well."""

    verb: str
    count: int
    failures: int
    error_rate: float
    duration_average_milliseconds: float
    top_failures: tuple[FailureCount, ...]


class CoreHealth(Struct, frozen=True):
    """How the verbs of a program fare since the first of them was counted (`since`: None before that)."""

    since: datetime | None
    count: int
    failures: int
    error_rate: float
    verbs: tuple[VerbHealth, ...]
    top_failures: tuple[FailureCount, ...]
