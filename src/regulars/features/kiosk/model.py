"""What kiosks talk about: customers, carts, paid orders and rewards. Money is integer minor units."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from regulars.features.memberships.model import MembershipStatus
from regulars.features.passes.model import Pass

TOTAL_MINOR_MAX = 10**11
"""The largest total of an order, and the largest refund."""


BRAND_NAME_LENGTH_MAX = 60
HERO_TEXT_LENGTH_MAX = 200
LOGO_URL_LENGTH_MAX = 500
SUPPORT_EMAIL_LENGTH_MAX = 254


class Terms(Struct, frozen=True):
    """What a program has set for its kiosks.

    A point for each whole unit of the currency times `points_per_unit`, multiplied for live members; so many
    points turn into one reward, which is worth `reward_discount_minor` at the till.
    """

    points_per_unit: int = 1
    membership_multiplier: int = 2
    points_per_reward: int = 100
    reward_discount_minor: int = 100
    hold_seconds: int = 900
    rewards_per_cart_max: int = 1


class Balances(Struct, frozen=True):
    """What a customer has at a venue. Rewards include the program-wide ones and those that are held."""

    member_id: UUID
    points: int
    rewards: int
    membership_status: MembershipStatus


class Enrolled(Struct, frozen=True):
    """The customer with a phone number. `is_new`: enrolled by this very call. `card` is the wallet pass."""

    member_id: UUID
    is_new: bool
    balances: Balances
    card: Pass


class LinkStatus(StrEnum):
    """Whether the cart that a customer is linked to was paid."""

    PENDING = "pending"


class CartLink(Struct, frozen=True):
    """The customer of a cart."""

    cart_session_id: str
    member_id: UUID
    status: LinkStatus = LinkStatus.PENDING


class RequestKey(Struct, frozen=True):
    """An idempotency key. `scope` keeps the keys of different credentials apart."""

    scope: str
    key: str


class CartHold(Struct, frozen=True):
    """Rewards set aside for a cart, beside today's balance of rewards, which includes them."""

    hold_id: UUID
    expires_at: datetime
    discount_minor: int
    rewards_balance: int


class PaidOrder(Struct, frozen=True, kw_only=True):
    """An order as the payment's event tells it. What is None, the event did not say.

    `currency` is the venue's by default, `paid_at` now.
    """

    order_id: str
    payment_event_id: str
    total_minor: int
    currency: str | None = None
    paid_at: datetime | None = None
    member_id: UUID | None = None
    cart_session_id: str | None = None


class Earned(Struct, frozen=True):
    """What an order earned, beside today's balances. `member_id` is None when nobody is known to have paid.

    `replayed`: it earned that earlier.
    """

    member_id: UUID | None
    points_earned: int
    rewards_converted: int
    points: int
    rewards: int
    replayed: bool = False


class Dispute(Struct, frozen=True):
    """How a dispute of an order's payment stood at `told_at`, in Unix seconds of who tells it.

    `takes_money`: as long as it stands so, the order is not paid for. `is_closed`: it has been decided.
    """

    dispute_id: str
    takes_money: bool
    is_closed: bool
    told_at: int


class RedeemStatus(StrEnum):
    """What became of the rewards that were held for an order that is paid."""

    REDEEMED = "redeemed"
    ALREADY_REDEEMED = "already_redeemed"
    NO_HOLD = "no_hold"
    NO_CUSTOMER = "no_customer"


class Redeemed(Struct, frozen=True):
    """What an order redeemed, now or earlier, beside today's balance of rewards."""

    member_id: UUID | None
    rewards_redeemed: int
    status: RedeemStatus
    rewards: int


class Branding(Struct, frozen=True):
    """How a venue looks on cards and pages. Colours are hexadecimal, with their #."""

    brand_name: str
    hero_text: str
    primary_color: str
    accent_color: str
    logo_url: str | None = None
    support_email: str | None = None


class Figures(Struct, frozen=True):
    """What happened at a venue since a moment: orders, those whose customer is known, earns and redeems."""

    paid_orders: int
    identified_orders: int
    earn_events: int
    redeem_events: int
