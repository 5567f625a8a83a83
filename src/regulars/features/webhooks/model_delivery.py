"""What one round of deliveries works with."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from regulars.features.webhooks.model import DeliveryState


class Target(Struct, frozen=True):
    """Where a round goes: an endpoint with all secrets that are valid, sealed, the newest first."""

    program_id: int
    endpoint_id: int
    url: str
    sealed_secrets: tuple[bytes, ...]


class Job(Struct, frozen=True):
    """An event to be told to the target, taken by one worker until its lease ends. `data` is JSON.

    `attempts` are those that the schedule has seen before this one.
    """

    event_id: UUID
    created_at: datetime
    attempts: int
    type: str
    data: str
    occurred_at: datetime


class Answer(Struct, frozen=True):
    """What an attempt met: a status and the beginning of the body, or (None) trouble on the way.

    `is_late` says that the time for it was up.
    """

    status: int | None
    milliseconds: int
    body: str = ""
    trouble: str = ""
    retry_after: str | None = None
    is_late: bool = False


class Verdict(Struct, frozen=True):
    """What an answer means: it got through, or it is tried again at `due_at`, or (None) not by itself.

    `disables` is why the endpoint is told nothing more: at once with `is_final`, else only if nothing got
    through since the event.
    """

    state: DeliveryState
    trouble: str | None = None
    due_at: datetime | None = None
    disables: str | None = None
    is_final: bool = False


class Outcome(Struct, frozen=True):
    """What is put down of one attempt."""

    program_id: int
    endpoint_id: int
    event_id: UUID
    lease_id: UUID
    created_at: datetime
    tried_at: datetime
    answer: Answer
    verdict: Verdict
