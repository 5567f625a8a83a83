"""What the kiosk and card endpoints say about themselves in the OpenAPI document."""

from regulars.contracts.sessions.wire import (
    ApplyAnswer,
    ApplyBody,
    AttachAnswer,
    AttachBody,
    BalanceAnswer,
    BalanceBody,
    BrandingAnswer,
    BrandingBody,
    BrandingQuery,
    ErrorAnswer,
    IssueCardAnswer,
    ResolveBody,
    UpsertAnswer,
    UpsertBody,
)
from regulars.http.openapi import Content, HeaderParameter, Operation

CUSTOMER = "0197c1a2-5b7e-7c11-9d5a-3f1b2c4d5e6f"


def error(*words: str) -> Content:
    """A refusal under one of these words."""
    return Content(" · ".join(f"`{word}`" for word in words), ErrorAnswer)


UNAUTHORIZED = error("unauthorized")
BODY_ERROR = error("invalid_json", "<fields>_required", "invalid_<field>")
"""What every endpoint may answer to a wrong body."""
TOO_MANY_REQUESTS = error("too_many_requests")
"""Somebody guesses; `Retry-After` says when to try again."""
_NO_VENUE = error("venue_not_found")
_NOBODY_THERE = error("venue_not_found", "customer_not_found")

RESOLVE = Operation(
    summary="Find a customer by a card",
    description="A card is found at its own venue only.",
    body=ResolveBody,
    example={"pass_token": "0" * 48, "venue_id": "venue_001", "device_id": "kiosk_01"},
    answers={
        200: BalanceAnswer,
        400: BODY_ERROR,
        401: UNAUTHORIZED,
        404: error("venue_not_found", "pass_not_found"),
        429: TOO_MANY_REQUESTS,
    },
)
UPSERT = Operation(
    summary="Find or enrol a customer by phone",
    body=UpsertBody,
    example={"phone_raw": "+447700900000", "venue_id": "venue_001", "device_id": "kiosk_01"},
    answers={
        200: UpsertAnswer,
        400: error("invalid_json", "phone_raw_and_venue_id_required", "invalid_phone", "invalid_<field>"),
        401: UNAUTHORIZED,
        404: _NO_VENUE,
        429: TOO_MANY_REQUESTS,
    },
)
BALANCE = Operation(
    summary="Read a customer's balances",
    body=BalanceBody,
    example={"customer_id": CUSTOMER, "venue_id": "venue_001"},
    answers={200: BalanceAnswer, 400: BODY_ERROR, 401: UNAUTHORIZED, 404: _NOBODY_THERE},
)
ATTACH = Operation(
    summary="Attach a customer to a cart",
    body=AttachBody,
    example={"cart_session_id": "cart_123", "customer_id": CUSTOMER, "venue_id": "venue_001"},
    answers={200: AttachAnswer, 400: BODY_ERROR, 401: UNAUTHORIZED, 404: _NOBODY_THERE},
)
APPLY = Operation(
    summary="Reserve rewards for a cart",
    description="There is one hold at most for a cart and a customer: asking again answers the same. The "
    "venue's own rewards are taken before those that hold everywhere.",
    body=ApplyBody,
    example={
        "cart_session_id": "cart_123",
        "customer_id": CUSTOMER,
        "venue_id": "venue_001",
        "reward_count": 1,
    },
    headers=(
        HeaderParameter(
            "x-idempotency-key", "The same key with the same request always has the same answer."
        ),
    ),
    answers={
        200: ApplyAnswer,
        400: error(
            "invalid_json",
            "<fields>_required",
            "invalid_reward_count",
            "mvp_max_one_reward",
            "invalid_<field>",
        ),
        401: UNAUTHORIZED,
        404: _NOBODY_THERE,
        409: error("insufficient_rewards", "idempotency_conflict"),
    },
)
ISSUE_CARD = Operation(
    summary="Issue a card by phone",
    description="The same as an upsert, with the addresses of the customer's card.",
    body=UpsertBody,
    example={"phone_raw": "+447700900000", "venue_id": "venue_001"},
    answers={
        200: IssueCardAnswer,
        400: error("invalid_json", "phone_raw_and_venue_id_required", "invalid_phone", "invalid_<field>"),
        401: UNAUTHORIZED,
        404: _NO_VENUE,
        429: TOO_MANY_REQUESTS,
    },
)
READ_BRANDING = Operation(
    summary="Read a venue's branding",
    query=BrandingQuery,
    answers={
        200: BrandingAnswer,
        400: error("venue_id_required", "invalid_venue_id"),
        401: UNAUTHORIZED,
        404: _NO_VENUE,
    },
)
CHANGE_BRANDING = Operation(
    summary="Change a venue's branding",
    description="What is left out stays as it is. Cards on phones follow with their next change.",
    body=BrandingBody,
    example={"venue_id": "venue_001", "brand_name": "Sessions", "primary_color": "#1f3a5f"},
    answers={200: BrandingAnswer, 400: BODY_ERROR, 401: UNAUTHORIZED, 404: _NO_VENUE},
)
