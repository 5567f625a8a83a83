"""What the feature talks about: events, endpoints that are told of them, and what became of the telling."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

DATA_BYTES_MAX = 19_000
"""Of an event's data, so that the whole body stays below the 20 KB of Standard Webhooks."""

EndpointStatus = Literal["enabled", "disabled", "removed"]
DeliveryState = Literal["pending", "delivered", "failed"]


class Event(Struct, frozen=True):
    """Something that happened: its type, such as `loan.returned`, and what it is about.

    `data` hold ids, sums and moments, and never what says who somebody is: a struct of the catalogue, or its
    fields. `event_id` is None where it is to be a new one.
    """

    type: str
    data: dict[str, Any] | Struct
    occurred_at: datetime
    event_id: UUID | None = None


class StoredEvent(Struct, frozen=True):
    """An event as it was noted; `data` is JSON."""

    event_id: UUID
    type: str
    data: str
    occurred_at: datetime


class Endpoint(Struct, frozen=True):
    """An address that is told of events. `types` are its filters: `loan.returned`, `loan.*` or `*`.

    `reason` says why it is disabled; `delivered_at` is when an event got through last, to the minute.
    """

    program_id: int
    endpoint_id: int
    url: str
    description: str
    types: tuple[str, ...]
    status: EndpointStatus
    reason: str | None
    created_at: datetime
    changed_at: datetime
    delivered_at: datetime | None


class NewSecret(Struct, frozen=True):
    """An endpoint and a secret of its own, which is shown once."""

    endpoint: Endpoint
    secret: str


class Failure(Struct, frozen=True):
    """An attempt that did not get through."""

    at: datetime
    trouble: str
    milliseconds: int
    answer_status: int | None = None


class Delivery(Struct, frozen=True):
    """What became of telling one endpoint of one event. `due_at` is when it is tried next.

    The last attempt: `tried_at`, `milliseconds`, and the answer's status and beginning or the trouble.
    `failures` are the latest that failed.
    """

    endpoint_id: int
    event_id: UUID
    type: str
    occurred_at: datetime
    state: DeliveryState
    attempts: int
    due_at: datetime | None
    tried_at: datetime | None
    milliseconds: int | None
    answer_status: int | None
    answer: str | None
    trouble: str | None
    failures: list[Failure]
