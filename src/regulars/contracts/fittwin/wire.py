"""What the endpoints are sent and answer. Fields stand in the published order.

Ids of the shop's (orders, users) are text: UUIDs are the same in either case, and anything else is an id too.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from regulars.features.referrals.model import CHANNEL_LENGTH_MAX, ORDER_ID_LENGTH_MAX, ORDER_TOTAL_MAX

TEXT_LENGTH_MAX = 500
LIMIT_MAX, LIMIT_USUAL = 50, 20

Rid = Annotated[str, Meta(description="22 characters of base64url.", max_length=TEXT_LENGTH_MAX)]
OrderId = Annotated[
    str, Meta(description="The shop's id of an order. It has no slash.", max_length=ORDER_ID_LENGTH_MAX)
]
UserId = Annotated[
    str, Meta(description="The shop's id of the buyer, as in the shopper's token.", max_length=200)
]
Fingerprint = Annotated[
    str, Meta(description="What the shop calls the device; kept as a keyed hash.", max_length=TEXT_LENGTH_MAX)
]
Ip = Annotated[
    str,
    Meta(
        description="The buyer's address, or the shop's hash of it; kept as a keyed hash.",
        max_length=TEXT_LENGTH_MAX,
    ),
]
Minor = Annotated[int, Meta(description="Minor units of the currency.", ge=1, le=ORDER_TOTAL_MAX)]
Moment = Annotated[str, Meta(description="UTC to the second.", examples=["2025-10-23T00:00:00Z"])]
RewardStatus = Literal["pending_hold", "payable", "paid", "cancelled"]


class ErrorDetail(Struct, frozen=True, kw_only=True):
    """What went wrong: a word for programs, a sentence for people, and the field that is wrong, if one is."""

    code: str
    message: str
    field: str | UnsetType = UNSET


class ErrorAnswer(Struct, frozen=True):
    """A refusal."""

    error: ErrorDetail


class CreateBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """A product that the shopper recommends."""

    product_id: Annotated[str, Meta(description="The product's UUID.", max_length=TEXT_LENGTH_MAX)]
    channel: Annotated[str, Meta(max_length=CHANNEL_LENGTH_MAX)] | None = None


class PolicyRow(Struct, frozen=True, kw_only=True):
    """What an order brings, and for how many days after delivery that is held."""

    rewardType: Literal["storeCredit", "cash"]
    rewardValue: int
    currency: str
    holdDays: int


class CreateAnswer(Struct, frozen=True, kw_only=True):
    """A RID and the policy under which it was made."""

    rid: str
    shareUrl: str
    expiresAt: Moment
    policy: PolicyRow


class RewardsRow(Struct, frozen=True, kw_only=True):
    """How many rewards stand where."""

    pendingHold: int
    payable: int
    paid: int


class StatsAnswer(Struct, frozen=True, kw_only=True):
    """What came of a RID. `gmv` is the sum of its orders in minor units."""

    rid: str
    clicks: int
    conversions: int
    gmv: int
    status: Literal["active", "expired", "revoked"]
    expiresAt: Moment
    rewards: RewardsRow


class EventsQuery(Struct, frozen=True, kw_only=True):
    """Which page of a RID's events is asked for."""

    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX)] = LIMIT_USUAL
    cursor: Annotated[str, Meta(description="A `nextCursor`.", max_length=TEXT_LENGTH_MAX)] | None = None


class EventRow(Struct, frozen=True, kw_only=True):
    """A click, or an order that was paid."""

    eventId: str
    eventType: Literal["click", "conversion"]
    timestamp: Moment
    orderId: str | UnsetType = UNSET
    orderTotal: int | UnsetType = UNSET


class EventsAnswer(Struct, frozen=True, kw_only=True):
    """Events, newest first. The cursor leads to those before them, and is null at the end."""

    events: list[EventRow]
    nextCursor: str | None


class ValidateBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """An order that is about to be paid."""

    rid: Rid
    order_id: OrderId
    user_id: UserId
    device_fingerprint: Fingerprint | None = None
    ip: Ip | None = None


class ValidateAnswer(Struct, frozen=True, kw_only=True):
    """Whether the order came by the RID."""

    valid: bool
    attribution: Literal["first_click"] | None
    reason: str | None


class ClickBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whose click it was, as far as the shop tells."""

    device_fingerprint: Fingerprint | None = None
    ip: Ip | None = None


class PurchaseBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """An order that was paid."""

    rid: Rid
    order_id: OrderId
    order_total: Minor
    currency: Annotated[str, Meta(description="ISO 4217.", examples=["USD"], max_length=TEXT_LENGTH_MAX)]
    delivered_at: Annotated[datetime, Meta(tz=True)] | None = None


class PurchaseAnswer(Struct, frozen=True, kw_only=True):
    """The order and its reward. Without a reward, which an order that came back has not, `status` is null."""

    rid: str
    orderId: str
    orderTotal: int | None
    rewardAmount: int
    currency: str
    status: RewardStatus | None
    holdUntil: Moment | None


class ReturnAnswer(Struct, frozen=True, kw_only=True):
    """The order that came back. `clawedBack`: the owner had the reward, and it was taken back."""

    rid: str
    orderId: str
    rewardStatus: RewardStatus | None
    clawedBack: bool
