"""What the endpoints say about themselves in the OpenAPI document."""

from regulars.contracts.fittwin.wire import (
    ClickBody,
    CreateAnswer,
    CreateBody,
    ErrorAnswer,
    EventsAnswer,
    EventsQuery,
    PurchaseAnswer,
    PurchaseBody,
    ReturnAnswer,
    StatsAnswer,
    ValidateAnswer,
    ValidateBody,
)
from regulars.http.openapi import Content, Operation

PRODUCT = "0197c1a2-6000-7000-8000-000000000001"
ORDER = "0197c1a2-7000-7000-8000-000000000001"
RID = "q0Nw3cVfQz2mQ1b8yK7t5A"


def error(*codes: str) -> Content:
    """A refusal with one of these codes."""
    return Content(" · ".join(f"`{code}`" for code in codes), ErrorAnswer)


_UNAUTHORIZED = error("UNAUTHORIZED")
_INVALID = error("VALIDATION_FAILED")
_NO_RID = error("RID_NOT_FOUND")
_GUESSED = error("RID_RATE_LIMITED")
_BODY = {401: _UNAUTHORIZED, 408: _INVALID, 413: _INVALID}

CREATE = Operation(
    summary="Recommend a product",
    description="One RID for each product is active at a time, and ten may be made in any 24 hours.",
    body=CreateBody,
    example={"productId": PRODUCT, "channel": "social"},
    answers={
        **_BODY,
        201: CreateAnswer,
        400: error("RID_PRODUCT_REQUIRED", "VALIDATION_FAILED"),
        404: error("PRODUCT_NOT_FOUND"),
        409: Content("The RID that is active already.", CreateAnswer),
        429: error("RID_RATE_LIMITED"),
    },
)
STATS = Operation(
    summary="See what came of a RID",
    answers={200: StatsAnswer, 401: _UNAUTHORIZED, 404: _NO_RID, 429: _GUESSED},
)
EVENTS = Operation(
    summary="List clicks and orders",
    description="Newest first. New events shift nothing: a cursor leads to the same events for ever.",
    query=EventsQuery,
    answers={200: EventsAnswer, 400: _INVALID, 401: _UNAUTHORIZED, 404: _NO_RID, 429: _GUESSED},
)
VALIDATE = Operation(
    summary="Ask whether an order came by a RID",
    description="Asked inside the checkout, and the same for the same order however often it is asked. The "
    "first RID that is found valid keeps the order.",
    body=ValidateBody,
    example={
        "rid": RID,
        "orderId": ORDER,
        "userId": PRODUCT,
        "deviceFingerprint": "9f2c…",
        "ip": "203.0.113.7",
    },
    answers={
        **_BODY,
        200: ValidateAnswer,
        400: error("RID_REQUIRED", "VALIDATION_FAILED"),
        409: Content(
            "`RID_EXPIRED` (also unknown) · `RID_REVOKED` · `RID_SELF_PURCHASE_BLOCKED` · "
            "`RID_ORDER_ATTRIBUTED`: the order came by another RID",
            ValidateAnswer,
        ),
    },
)
CLICK = Operation(
    summary="Tell of a click",
    description="Clicks of one device within half an hour count once. On a RID that has ended none does.",
    body=ClickBody,
    body_required=False,
    example={"deviceFingerprint": "9f2c…", "ip": "203.0.113.7"},
    answers={**_BODY, 204: None, 400: _INVALID, 404: _NO_RID},
)
FOLLOW = Operation(
    summary="Follow a link",
    description="Leads to the product in the shop, by the header `Location`, and counts as a click.",
    answers={302: None, 404: _NO_RID, 429: _GUESSED},
)
PURCHASE = Operation(
    summary="Tell that an order was paid",
    description="Its reward is held until `holdDays` after the delivery; without `deliveredAt` after the "
    "payment, until the delivery is told.",
    body=PurchaseBody,
    example={"rid": RID, "orderId": ORDER, "orderTotal": 12900, "currency": "USD"},
    answers={
        **_BODY,
        200: PurchaseAnswer,
        400: error("RID_REQUIRED", "VALIDATION_FAILED"),
        409: error(
            "RID_EXPIRED",
            "RID_REVOKED",
            "RID_SELF_PURCHASE_BLOCKED",
            "RID_ORDER_ATTRIBUTED",
            "ORDER_ALREADY_ATTRIBUTED",
        ),
    },
)
_RETURN = {200: ReturnAnswer, 401: _UNAUTHORIZED, 404: error("ORDER_NOT_FOUND")}
REFUND = Operation(
    summary="Tell that an order was refunded",
    description="A reward that is held is cancelled. One that the owner has is taken back, and what is spent "
    "of it is owed.",
    answers=_RETURN,
)
CANCEL = Operation(
    summary="Tell that an order was cancelled", description="The same as a refund.", answers=_RETURN
)
