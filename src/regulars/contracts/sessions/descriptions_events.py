"""What the endpoints of payments, memberships and jobs say about themselves in the OpenAPI document."""

from regulars.contracts.sessions.descriptions import BODY_ERROR, CUSTOMER, UNAUTHORIZED, error
from regulars.contracts.sessions.wire_events import (
    CheckoutAnswer,
    CheckoutBody,
    DeliveryAnswer,
    EarnAnswer,
    EarnBody,
    GrantAnswer,
    MembershipQuery,
    RedeemAnswer,
    RedeemBody,
    WebhookAnswer,
)
from regulars.http.openapi import Content, HeaderParameter, Operation

_TEXT = "text/plain"

EARN = Operation(
    summary="Earn points for a paid order",
    description="Once for each order and each payment: a replay answers what was earned then, and today's "
    "balances. Without a customer the order is remembered, and credited when somebody names one later.",
    body=EarnBody,
    example={
        "order_id": "ord_123",
        "venue_id": "venue_001",
        "payment_event_id": "evt_paid_123",
        "total_minor": 2599,
        "currency": "GBP",
        "paid_at": "2026-02-17T09:30:00.000Z",
        "customer_id": CUSTOMER,
        "cart_session_id": "cart_123",
    },
    answers={
        200: EarnAnswer,
        400: BODY_ERROR,
        401: UNAUTHORIZED,
        404: error("venue_not_found", "customer_not_found"),
    },
)
REDEEM = Operation(
    summary="Redeem what was reserved for a paid order",
    body=RedeemBody,
    example={
        "order_id": "ord_123",
        "venue_id": "venue_001",
        "payment_event_id": "evt_paid_123",
        "cart_session_id": "cart_123",
    },
    answers={200: RedeemAnswer, 400: BODY_ERROR, 401: UNAUTHORIZED, 404: error("venue_not_found")},
)
WEBHOOK = Operation(
    summary="Take in an event of Stripe",
    description="The body is what Stripe has signed, byte by byte.",
    # Not required in the document, because its absence has an answer of its own.
    headers=(HeaderParameter("stripe-signature", "As Stripe sends it; required."),),
    answers={
        200: WebhookAnswer,
        400: error("missing_stripe_signature", "signature_verification_failed"),
        408: None,
        413: None,
        503: error("stripe_not_configured", "stripe_unavailable", "service_unavailable"),
    },
)
CHECKOUT = Operation(
    summary="Begin the purchase of a membership",
    description="`return_url` has to be of an origin that the server's settings name, or of its own.",
    body=CheckoutBody,
    example={
        "customer_id": CUSTOMER,
        "venue_id": "venue_001",
        "return_url": "https://sessions.market/membership/success",
    },
    answers={
        200: CheckoutAnswer,
        400: BODY_ERROR,
        401: UNAUTHORIZED,
        404: error("venue_not_found", "customer_not_found"),
        409: error("already_a_member"),
        503: error("stripe_not_configured", "stripe_unavailable", "service_unavailable"),
    },
)
GRANT_JOB = Operation(
    summary="Grant the rewards of paid periods",
    description="For cron; the server does the same by itself every day at 02:00 UTC. Running it twice, or "
    "while a payment comes in, grants nothing twice.",
    answers={200: GrantAnswer, 401: UNAUTHORIZED},
)
DELIVERY_JOB = Operation(
    summary="Tell phones about changed cards",
    description="For cron; the server does the same by itself every minute. Fifty cards at most.",
    answers={200: DeliveryAnswer, 401: UNAUTHORIZED},
)
MEMBERSHIP = Operation(
    summary="Go to the purchase of a membership",
    description="Where links are signed, `sig` is the HMAC-SHA-256 of `customer_id:venue_id:ts` and `ts` "
    "lies within ten minutes of now. Without a secret this is open in development only.",
    query=MembershipQuery,
    answers={
        302: None,
        400: Content("The link is not complete or not valid.", media_type=_TEXT),
        401: Content("The link was not signed by the shop, or has expired.", media_type=_TEXT),
        404: Content("There is no such venue or customer.", media_type=_TEXT),
        409: Content("The customer is a member already.", media_type=_TEXT),
        503: Content("Memberships cannot be bought right now.", media_type=_TEXT),
    },
)
