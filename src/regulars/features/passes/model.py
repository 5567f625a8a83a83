"""What passes talks about: the pass, what it shows, and what became of telling the phones."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

KIND = "pass"
"""The kind of the identifier that a pass's token is."""

ALL_LOCATIONS = 0
"""In the place of a location: all of the program's."""


class Pass(Struct, frozen=True):
    """A customer's card at one venue. `pass_id` is Apple's serial number and the end of Google's object id.

    `token` is what the code on it says: 48 hexadecimal digits. `sequence` and `modified_at` (whole seconds)
    grow with every change of what the pass shows; the sequence is one for all passes of the server.
    """

    program_id: int
    pass_id: UUID
    member_id: UUID
    location_id: int
    token: str
    created_at: datetime
    sequence: int
    modified_at: datetime

    def __repr__(self) -> str:
        # The text of a struct ends up in logs and test reports, and whoever has the token has the card.
        return f"Pass(program_id={self.program_id}, pass_id={self.pass_id}, sequence={self.sequence})"


class CardFace(Struct, frozen=True, kw_only=True):
    """What a pass shows. Colours are "#rgb" or "#rrggbb"; `wallet_url` is the customer's page."""

    brand_name: str
    hero_text: str
    primary_color: str
    accent_color: str
    logo_url: str | None
    support_email: str | None
    points: int
    rewards: int
    points_per_reward: int
    membership_status: str
    wallet_url: str
    token: str

    def __repr__(self) -> str:
        return f"CardFace(brand_name={self.brand_name!r})"


FaceOf = Callable[[Pass], Awaitable[CardFace | None]]
"""Finds what a pass shows at this moment; None for one that shows nothing any more."""


class UpdateStatus(StrEnum):
    """Where the newest state of a pass is on its way to the phones.

    Failed ones are tried again when they are due, or, having been tried too often, with the next change.
    """

    QUEUED = "queued"
    PROCESSING = "processing"
    SENT = "sent"
    FAILED = "failed"


class Delivery(Struct, frozen=True):
    """How many updates were taken, and what became of them; failed ones are tried again later."""

    processed: int
    sent: int
    failed: int
