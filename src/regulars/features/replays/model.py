"""What the feature talks about: what a request claims, and the answer that it got."""

from uuid import UUID

from msgspec import Struct

SCOPE_LENGTH_MAX = 200
KEY_LENGTH_MAX = 255


class ReplayClaim(Struct, frozen=True):
    """A request under an idempotency key.

    `scope` keeps the keys of different callers apart. `fingerprint` is the same for the same request only.
    `subject_id` is the member whom it is about, with whom its answer is forgotten.
    """

    program_id: int
    scope: str
    key: str
    fingerprint: bytes
    subject_id: UUID | None = None


class ReplayedAnswer(Struct, frozen=True):
    """An answer of HTTP, byte for byte."""

    status: int
    body: bytes
