"""What the endpoints say about themselves in the OpenAPI document."""

from typing import Any

from regulars.contracts.rejoes.wire import (
    AddAnswer,
    AddBody,
    CardAnswer,
    CheckoutBody,
    ErrorAnswer,
    GalleryLoanRow,
    LoanRow,
    ReturnBody,
    SeedAnswer,
    SeedBody,
    SwapAnswer,
    SwapBody,
    UploadAnswer,
    UploadForm,
)
from regulars.contracts.rejoes.wire_events import DeletionBody, OkAnswer, PhotoQuery, SubscriptionBody
from regulars.http.openapi import Content, HeaderParameter, Operation

MEMBER = "0197c1a2-5b7e-7c11-9d5a-3f1b2c4d5e6f"
UPLOADS = ["0197c1a2-6000-7000-8000-000000000001", "0197c1a2-6000-7000-8000-000000000002"]


def error(*sentences: str) -> Content:
    """A refusal with one of these sentences."""
    return Content(" · ".join(f"`{sentence}`" for sentence in sentences), ErrorAnswer)


# Not required in the document, because its absence has an answer of its own.
_KEY = (
    HeaderParameter(
        "x-idempotency-key",
        "Required. The same key with the same request always has the same answer, with another a 422.",
    ),
)
_SIGNATURE = (
    HeaderParameter("x-shopify-hmac-sha256", "Required. The HMAC-SHA-256 of the body's bytes, in Base64."),
)
_ANOTHER = error("Idempotency key was used for another request")
_CLOSED = ("Subscription is paused - no new loans allowed", "Subscription inactive")
_UPLOADS = "Invalid upload reference(s)"
_BODY = ("Missing idempotency key", "Missing required fields", "Invalid request")

SEED_MEMBER = Operation(
    summary="Make a member for tests",
    description="In development only.",
    body=SeedBody,
    example={"cardToken": "CARD-1", "tier": "PLUS"},
    answers={
        # What is made depends on the mode, which no document knows; in production it is a 403.
        200: SeedAnswer,
        400: error("cardToken is required", "Unknown tier", "Invalid card token or customer id"),
        401: error("Missing or invalid API key"),
        403: error("Not available in production"),
        409: error("Member with this card token already exists"),
    },
)
ADD_MEMBER = Operation(
    summary="Add a member over the counter",
    body=AddBody,
    example={"cardToken": "CARD-1", "shopifyCustomerId": "7701", "tier": "PLUS", "storeLocation": "Store A"},
    answers={
        201: AddAnswer,
        400: error("Missing required fields", "Unknown tier", "Invalid card token or customer id"),
        409: error(
            "Member with this card token already exists",
            "Member with this Shopify customer id already exists",
        ),
    },
)
BY_CARD = Operation(
    summary="Find a member by a card",
    description="With all loans, the ones that are out once more, and what the plan allows.",
    answers={200: CardAnswer, 404: error("Member not found"), 429: error("Too many requests")},
)
UPLOAD = Operation(
    summary="Send a photo of a garment",
    description="A form (`multipart/form-data`) with `memberId` and `photo`, or `file`: JPEG, PNG, WebP, or "
    "the first frame of a GIF. It is judged by its content, turned upright, freed of metadata, made smaller "
    "where it is large, and stored anew. What no loan uses within a day is deleted.",
    body=UploadForm,
    body_media_type="multipart/form-data",
    answers={
        201: UploadAnswer,
        400: error(
            "memberId is required", "Photo file is required", "Invalid file type", "Invalid form data"
        ),
        404: error("Member not found"),
        408: error("Request took too long"),
        413: error("Photo file is too large", "Request is too large"),
        429: error("Too many unused photos"),
    },
)
SHOW_PHOTO = Operation(
    summary="Show a photo of a loan",
    description="The address is that of an answer; it is good for an hour.",
    query=PhotoQuery,
    answers={
        200: Content("The picture.", media_type="image/jpeg"),
        403: error("This link is not valid or has expired"),
        404: error("Not found"),
    },
)
ACTIVE = Operation(
    summary="List what a member has out",
    answers={200: list[GalleryLoanRow], 404: error("Member not found")},
)
ACTIVE_OF_NOBODY = Operation(
    summary="Say that the member is missing", answers={400: error("memberId is required")}
)
CHECKOUT = Operation(
    summary="Take a garment along",
    description="One garment with any number of photos; the first is the one that is shown.",
    body=CheckoutBody,
    example={"memberId": MEMBER, "uploadIds": UPLOADS, "storeLocation": "Store A"},
    headers=_KEY,
    answers={
        201: GalleryLoanRow,
        400: error(
            *_BODY,
            *_CLOSED,
            "{TIER} plan: {remaining} of {n} items remaining this month",
            "{TIER} plan: Maximum {n} items allowed out. Return items to continue.",
            _UPLOADS,
        ),
        404: error("Member not found", "Upload not found"),
        422: _ANOTHER,
    },
)
RETURN = Operation(
    summary="Bring a garment back",
    body=ReturnBody,
    example={"memberId": MEMBER, "loanId": MEMBER},
    headers=_KEY,
    answers={
        200: LoanRow,
        400: error(*_BODY, "Loan already returned"),
        404: error("Loan not found"),
        422: _ANOTHER,
    },
)
SWAP = Operation(
    summary="Bring a garment back and take another along",
    body=SwapBody,
    example={"memberId": MEMBER, "loanId": MEMBER, "storeLocation": "Store B", "uploadIds": UPLOADS},
    headers=_KEY,
    answers={
        200: SwapAnswer,
        400: error(
            *_BODY,
            *_CLOSED,
            "{TIER} plan: {remaining} of {n} swaps remaining this month",
            "{TIER} plan: Monthly item limit reached",
            "No items out to swap",
            "Loan already returned",
            _UPLOADS,
        ),
        404: error("Member not found", "Loan not found", "Upload not found"),
        422: _ANOTHER,
    },
)
_WEBHOOK: dict[int, Any] = {
    200: OkAnswer,
    401: error("Missing signature", "Invalid signature"),
    503: error(
        "Webhooks are not set up: set rejoes.shopify_secret or REGULARS_SHOPIFY_WEBHOOK_SECRET",
        "Service unavailable, try again",
    ),
}
SUBSCRIPTION = Operation(
    summary="Take in news of a subscription",
    description="The same news again, or late, is harmless. What begins an earlier cycle than was told "
    "before changes nothing, and neither does what is of before the customer was forgotten.",
    body=SubscriptionBody,
    example={
        "type": "subscription.updated",
        "data": {
            "shopifyCustomerId": "7701",
            "cardToken": "CARD-1",
            "planHandle": "plus",
            "status": "ACTIVE",
            "cycleStart": "2026-03-01T00:00:00Z",
            "cycleEnd": "2026-04-01T00:00:00Z",
        },
    },
    headers=_SIGNATURE,
    answers={
        **_WEBHOOK,
        400: error("Missing required fields", "Unknown plan", "Unknown status", "Invalid cycle"),
        409: error("Card token belongs to another member"),
    },
)
CUSTOMER_DELETION = Operation(
    summary="Forget a customer",
    description="Person and photos go, loans stay as figures. What is out may still be brought back.",
    body=DeletionBody,
    example={"shopifyCustomerId": "7701"},
    headers=_SIGNATURE,
    answers={**_WEBHOOK, 400: error("Missing required fields")},
)
