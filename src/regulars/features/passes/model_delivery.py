"""What one round of deliveries works with."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from regulars.features.passes.model import Pass


class Registration(Struct, frozen=True):
    """A phone that wants to be told of a pass. Neither its id nor its address is readable in here."""

    program_id: int
    pass_id: UUID
    identifier_id: int
    device: bytes
    push_token: bytes


class Job(Struct, frozen=True):
    """A pass whose newest state is to be told, taken by one worker until its lease ends.

    `google_saved` says that Google may know the pass, `ended` that it is nobody's any more; then its token
    is empty. `attempts` counts this one. `phones` are those that were not told of this state yet.
    """

    card: Pass
    attempts: int
    google_saved: bool
    ended: bool
    phones: list[Registration]


class Trouble(Struct, frozen=True):
    """Why something could not be told; `retry_seconds` is how long the other side wants to be left alone."""

    reason: str
    retry_seconds: float = 0.0


class Outcome(Struct, frozen=True):
    """What became of a job: nothing is wrong, or it is due again at `due_at`, or (None) not by itself."""

    program_id: int
    pass_id: UUID
    trouble: str | None
    due_at: datetime | None
