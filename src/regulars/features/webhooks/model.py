"""What the feature talks about: events."""

from datetime import datetime
from typing import Any

from msgspec import Struct


class Event(Struct, frozen=True):
    """Something that happened: its type, such as `loan.returned`, and what it is about.

    `data` hold ids, sums and moments, and never what says who somebody is.
    """

    type: str
    data: dict[str, Any]
    occurred_at: datetime
