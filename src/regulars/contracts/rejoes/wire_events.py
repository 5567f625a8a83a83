"""What the shop tells. What is of no use to lending may be there and is not looked at."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from regulars.contracts.rejoes.wire import TEXT_LENGTH_MAX, CardToken

CustomerId = Annotated[
    Annotated[str, Meta(max_length=TEXT_LENGTH_MAX)] | Annotated[int, Meta(ge=1, le=2**53 - 1)],
    Meta(description="Shopify's number of the customer, as a number or as text."),
]
StatusText = Annotated[str, Meta(description="ACTIVE, PAUSED or CANCELLED, in either case.", max_length=40)]
Instant = Annotated[datetime, Meta(tz=True)]


class SubscriptionData(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a subscription stands. What is left out, or null, is not said."""

    shopify_customer_id: CustomerId
    card_token: CardToken | None = None
    plan_handle: Annotated[str, Meta(max_length=TEXT_LENGTH_MAX)] | None = None
    status: StatusText | None = None
    cycle_start: Instant | None = None
    cycle_end: Instant | None = None


class SubscriptionBody(Struct, frozen=True, kw_only=True):
    """News of a subscription."""

    data: SubscriptionData
    type: Annotated[str, Meta(max_length=TEXT_LENGTH_MAX)] | None = None


class DeletionBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """A customer who is to be forgotten."""

    shopify_customer_id: CustomerId


class OkAnswer(Struct, frozen=True):
    """It was taken in, now or before."""

    status: Literal["ok"] = "ok"


class PhotoQuery(Struct, frozen=True):
    """What a signed address says."""

    expires: str | None = None
    signature: str | None = None
