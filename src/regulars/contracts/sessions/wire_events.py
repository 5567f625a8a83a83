"""What the endpoints of payments, memberships and jobs are sent and answer, in the published order."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from regulars.contracts.sessions.wire import CartSessionId, CustomerId, VenueId

TOTAL_MINOR_MAX = 10**11
RETURN_URL_LENGTH_MAX = 2000

OrderId = Annotated[str, Meta(description="The shop's id of the order.", max_length=200)]
PaymentEventId = Annotated[
    str, Meta(description="The payment's own id, the same however often it is told.", max_length=200)
]
Moment = Annotated[datetime, Meta(tz=True, description="With a time zone, such as Z.")]


class EarnBody(Struct, frozen=True, kw_only=True):
    """A paid order. Without a currency it is the venue's, without a time it was paid now."""

    order_id: OrderId
    venue_id: VenueId
    payment_event_id: PaymentEventId
    total_minor: Annotated[int, Meta(ge=-TOTAL_MINOR_MAX, le=TOTAL_MINOR_MAX, examples=[2599])]
    currency: Annotated[str, Meta(description="ISO 4217.", examples=["GBP"], max_length=10)] | None = None
    paid_at: Moment | None = None
    customer_id: CustomerId | None = None
    cart_session_id: CartSessionId | None = None


class EarnAnswer(Struct, frozen=True, kw_only=True):
    """What the order has earned, and the balances after it. Without a customer all is zero."""

    customer_id: str | None
    points_earned: int
    rewards_converted: int
    new_points_balance: int
    new_rewards_balance: int


class RedeemBody(Struct, frozen=True, kw_only=True):
    """A paid order for whose cart rewards were reserved."""

    order_id: OrderId
    venue_id: VenueId
    payment_event_id: PaymentEventId
    cart_session_id: CartSessionId | None = None


class RedeemAnswer(Struct, frozen=True, kw_only=True):
    """What became of the reserved rewards."""

    customer_id: str | None
    rewards_redeemed: int
    status: Literal["redeemed", "already_redeemed", "no_hold", "no_customer"]
    new_rewards_balance: int


class CheckoutBody(Struct, frozen=True, kw_only=True):
    """Who wants to become a member, and where to go afterwards."""

    customer_id: CustomerId
    venue_id: VenueId
    return_url: Annotated[str, Meta(max_length=RETURN_URL_LENGTH_MAX)]


class CheckoutAnswer(Struct, frozen=True, kw_only=True):
    """Where the membership is paid for."""

    checkout_url: str


class WebhookAnswer(Struct, frozen=True, kw_only=True):
    """The event has been taken in."""

    received: Literal[True] = True


class GrantAnswer(Struct, frozen=True, kw_only=True):
    """What the monthly job has done."""

    expired_holds_released: int
    memberships_checked: int
    rewards_granted: int


class DeliveryAnswer(Struct, frozen=True, kw_only=True):
    """What became of the cards' updates that were due."""

    processed: int
    sent: int
    failed: int


class MembershipQuery(Struct, frozen=True, kw_only=True):
    """A link to buy a membership. `ts` and `sig` are needed where links are signed."""

    customer_id: str | None = None
    venue_id: str | None = None
    ts: Annotated[str, Meta(description="Milliseconds since 1970, 13 digits.")] | None = None
    sig: Annotated[str, Meta(description="HMAC-SHA-256 of `customer_id:venue_id:ts`, in hex.")] | None = None
    return_url: str | None = None


class AdminQuery(Struct, frozen=True, kw_only=True):
    """Whose figures are asked for."""

    venue_id: str | None = None


class SignInForm(Struct, frozen=True, kw_only=True):
    """Who wants to see the admin page, and of which venue; without one, all are there to choose from."""

    admin_key: Annotated[str, Meta(description="A key with `sessions:admin`.", max_length=512)]
    venue_id: VenueId | None = None
