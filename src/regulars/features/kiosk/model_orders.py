"""Orders and holds as they are stored."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from regulars.features.kiosk.model import Dispute


class OrderStatus(StrEnum):
    """How far an order got. `REFUND_KNOWN`: a refund or a dispute was told before its payment."""

    REFUND_KNOWN = "refund_known"
    PAID_NO_CUSTOMER = "paid_no_customer"
    EARNED = "earned"


class StoredOrder(Struct, frozen=True, kw_only=True):
    """An order, what it earned, and what of that was taken back because it was refunded or disputed.

    `refunded_minor` is the largest sum of refunds that was told, `disputes` how each dispute was told last.
    An order of which only a refund or a dispute is known has no total.
    """

    program_id: int
    location_id: int
    order_id: str
    payment_event_id: str | None
    status: OrderStatus
    total_minor: int | None
    currency: str | None
    paid_at: datetime | None
    member_id: UUID | None = None
    cart_session_id: str | None = None
    points_earned: int = 0
    rewards_converted: int = 0
    earn_id: UUID | None = None
    refunded_minor: int = 0
    disputes: tuple[Dispute, ...] = ()
    points_taken_back: int = 0
    created_at: datetime
    earned_at: datetime | None = None
    updated_at: datetime

    @property
    def is_disputed(self) -> bool:
        """Whether a bank has the money, or has given it back to who paid."""
        return any(dispute.takes_money for dispute in self.disputes)

    @property
    def lost_minor(self) -> int:
        """How much of the total is not paid for: what was refunded, or all of it while it is disputed."""
        return self.total_minor or 0 if self.is_disputed else self.refunded_minor


class HoldStatus(StrEnum):
    """Where a cart's hold stands. One past its time is expired, whatever is stored."""

    ACTIVE = "active"
    REDEEMED = "redeemed"
    EXPIRED = "expired"


class StoredHold(Struct, frozen=True, kw_only=True):
    """Rewards held for a cart: some of the venue's, under one hold of the ledger, and program-wide ones."""

    program_id: int
    location_id: int
    hold_id: UUID
    cart_session_id: str
    member_id: UUID
    venue_rewards: int
    program_rewards: int
    venue_hold_id: UUID | None
    program_hold_id: UUID | None
    discount_minor: int
    status: HoldStatus
    expires_at: datetime
    order_id: str | None = None
    created_at: datetime
    closed_at: datetime | None = None

    @property
    def reward_count(self) -> int:
        """How many rewards are held."""
        return self.venue_rewards + self.program_rewards

    def is_live(self, now: datetime) -> bool:
        """Whether it reserves anything at this moment."""
        return self.status is HoldStatus.ACTIVE and now < self.expires_at


class RedeemedOrder(Struct, frozen=True):
    """What an order redeemed."""

    program_id: int
    location_id: int
    order_id: str
    payment_event_id: str
    member_id: UUID
    rewards: int
    redeemed_at: datetime


class HoldRequest(Struct, frozen=True, kw_only=True):
    """What an idempotency key asked for, and the hold or the refusal that it led to."""

    program_id: int
    location_id: int
    scope: str
    key: str
    cart_session_id: str
    member_id: UUID
    reward_count: int
    hold_id: UUID | None = None
    refusal: str | None = None
    created_at: datetime
