"""What lending talks about: plans, borrowers and their cycles, loans and their photos."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct

from regulars.features.photos.model import Photo

STORE_LOCATION_LENGTH_MAX = 200
PHOTOS_PER_LOAN_MAX = 50
COUNT_MAX = 1_000_000
"""The most that a plan may allow of anything."""


class Plan(Struct, frozen=True):
    """What a plan allows: garments taken and swaps made in a cycle, and garments out at a time.

    `handles` are the shop's names for it.
    """

    name: str
    items_per_cycle: int
    swaps_per_cycle: int
    items_out_max: int
    handles: tuple[str, ...] = ()


class BorrowerStatus(StrEnum):
    """How a subscription stands. A paused one may be brought back to, a cancelled one has ended."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"


class Cycle(Struct, frozen=True):
    """A month of a subscription, from its first moment to the first one after it. See `rules_cycle`."""

    anchor_at: datetime
    starts_at: datetime
    ends_at: datetime


class Borrower(Struct, frozen=True, kw_only=True):
    """A member's subscription, and what it has used of its present cycle.

    `told_cycle_at` is the latest beginning of a cycle that the shop has told of.
    """

    program_id: int
    member_id: UUID
    plan: str
    status: BorrowerStatus
    cycle_anchor_at: datetime
    cycle_starts_at: datetime
    cycle_ends_at: datetime
    items_used: int = 0
    swaps_used: int = 0
    items_out: int = 0
    told_cycle_at: datetime | None = None
    store_location: str | None = None
    created_at: datetime
    updated_at: datetime


class Loan(Struct, frozen=True, kw_only=True):
    """One garment that was taken along. `swapped_for` is the loan that took its place, if one did."""

    loan_id: UUID
    member_id: UUID
    store_location: str
    checked_out_at: datetime
    due_at: datetime
    returned_at: datetime | None = None
    swapped_for: UUID | None = None


class LoanWithPhotos(Struct, frozen=True):
    """A loan and its photos, the one that is shown first. There are none once the member was erased."""

    loan: Loan
    photos: tuple[Photo, ...]


class Swapped(Struct, frozen=True):
    """What came back, and what was taken in its place."""

    returned: LoanWithPhotos
    new: LoanWithPhotos


class Wardrobe(Struct, frozen=True):
    """A borrower as the present cycle has it, and loans from the oldest on."""

    borrower: Borrower
    loans: list[LoanWithPhotos]


class Customer(Struct, frozen=True):
    """A borrower under the names that a store and the shop have for the member."""

    borrower: Borrower
    card_token: str | None
    shopify_customer_id: str | None

    def __repr__(self) -> str:
        # The text of a struct ends up in logs and test reports, where no personal data may be.
        return f"Customer(member_id={self.borrower.member_id})"


class NewBorrower(Struct, frozen=True, kw_only=True):
    """A member to be enrolled with a card and a plan."""

    card_token: str
    plan: str
    shopify_customer_id: str | None = None
    store_location: str | None = None

    def __repr__(self) -> str:
        return f"NewBorrower(plan={self.plan!r})"


class Subscription(Struct, frozen=True, kw_only=True):
    """How the shop says a customer's subscription stands. What is None, it did not say."""

    shopify_customer_id: str
    card_token: str | None = None
    plan: str | None = None
    status: BorrowerStatus | None = None
    cycle_starts_at: datetime | None = None
    cycle_ends_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Subscription(plan={self.plan!r}, status={self.status!r})"


class NewLoan(Struct, frozen=True):
    """A garment that somebody wants to take along, with the photos of it in their order."""

    member_id: UUID
    photo_ids: tuple[UUID, ...]
    store_location: str


class Refusal(Struct, frozen=True):
    """Why not. `code` and `details` are those of `Refused`."""

    code: str
    details: dict[str, Any] = {}
