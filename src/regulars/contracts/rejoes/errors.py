"""The published errors: the status and the sentence of every refusal, as `{"message": "…"}`.

`REFUSALS` has those of features and of this contract, `FAILURES` what the HTTP layer could not let through.
Numbers and the tier in a sentence are those of the refusal. Source: the Rejoes notes, "Refusals".
"""

from collections.abc import Mapping
from typing import Any

from regulars.contracts.rejoes.fields import MISSING
from regulars.contracts.rejoes.wire import ErrorAnswer
from regulars.http.answers import Answer, Header, json_answer
from regulars.http.failures import Failure, FailureKind

Published = tuple[int, str]
"""A status and a sentence."""

REFUSALS: dict[str, Published] = {
    MISSING: (400, "Missing required fields"),
    "idempotency_key_missing": (400, "Missing idempotency key"),
    "idempotency_key_invalid": (400, "Invalid idempotency key"),
    "replay_conflict": (422, "Idempotency key was used for another request"),
    "card_token_missing": (400, "cardToken is required"),
    "member_id_missing": (400, "memberId is required"),
    "photo_missing": (400, "Photo file is required"),
    "invalid_form": (400, "Invalid form data"),
    "photo_type_unsupported": (400, "Invalid file type"),
    "photo_damaged": (400, "Invalid file type"),
    "photo_too_many_pixels": (400, "Invalid file type"),
    "photo_too_large": (413, "Photo file is too large"),
    "photo_quota": (429, "Too many unused photos"),
    "seeding_refused": (403, "Not available in production"),
    "unknown_tier": (400, "Unknown tier"),
    "unknown_plan": (400, "Unknown plan"),
    "unknown_status": (400, "Unknown status"),
    "invalid_cycle": (400, "Invalid cycle"),
    "invalid_identifier": (400, "Invalid card token or customer id"),
    "card_taken": (409, "Member with this card token already exists"),
    "shopify_taken": (409, "Member with this Shopify customer id already exists"),
    "card_of_another": (409, "Card token belongs to another member"),
    "member_not_found": (404, "Member not found"),
    "subscription_paused": (400, "Subscription is paused - no new loans allowed"),
    "subscription_inactive": (400, "Subscription inactive"),
    "items_used_up": (400, "{tier} plan: {remaining} of {limit} items remaining this month"),
    "too_many_items_out": (
        400,
        "{tier} plan: Maximum {limit} items allowed out. Return items to continue.",
    ),
    "swaps_used_up": (400, "{tier} plan: {remaining} of {limit} swaps remaining this month"),
    "no_item_left_for_swap": (400, "{tier} plan: Monthly item limit reached"),
    "nothing_out_to_swap": (400, "No items out to swap"),
    "loan_not_found": (404, "Loan not found"),
    "loan_already_returned": (400, "Loan already returned"),
    "photo_not_found": (404, "Upload not found"),
    "photo_not_usable": (400, "Invalid upload reference(s)"),
    "invalid_store_location": (400, "Invalid store location"),
    "other_store": (403, "This key is for another store"),
    "photo_address_invalid": (403, "This link is not valid or has expired"),
    "not_found": (404, "Not found"),
    "missing_signature": (401, "Missing signature"),
    "invalid_signature": (401, "Invalid signature"),
    "shopify_not_configured": (
        503,
        "Webhooks are not set up: set rejoes.shopify_secret or REGULARS_SHOPIFY_WEBHOOK_SECRET",
    ),
    "too_many_requests": (429, "Too many requests"),
}

KEPT = frozenset(
    {
        "subscription_paused", "subscription_inactive", "items_used_up", "too_many_items_out",
        "swaps_used_up", "no_item_left_for_swap", "nothing_out_to_swap", "loan_already_returned",
    }
)  # fmt: skip
"""Refusals that an idempotency key remembers. All others say that the request was wrong and keep it free."""

_KEY_WANTED: Published = (401, "Missing or invalid API key")
_INVALID: Published = (400, "Invalid request")

FAILURES: dict[FailureKind, Published] = {
    FailureKind.ROUTE_UNKNOWN: (404, "Not found"),
    FailureKind.METHOD_NOT_ALLOWED: (405, "Method not allowed"),
    FailureKind.REQUEST_INVALID: _INVALID,
    FailureKind.CREDENTIAL_MISSING: _KEY_WANTED,
    FailureKind.CREDENTIAL_INVALID: _KEY_WANTED,
    FailureKind.ACCESS_DENIED: (403, "This API key is not a store's"),
    FailureKind.INPUT_REFUSED: _INVALID,
    FailureKind.BODY_TOO_LARGE: (413, "Request is too large"),
    FailureKind.BODY_TOO_SLOW: (408, "Request took too long"),
    FailureKind.REFUSED: _INVALID,
    FailureKind.UNAVAILABLE: (503, "Service unavailable, try again"),
    FailureKind.UNEXPECTED: (500, "Internal server error"),
}


def errors(failure: Failure) -> Answer:
    """A failure in this contract's envelope."""
    status, sentence = published(failure)
    return json_answer(ErrorAnswer(sentence), status, retry_after(failure.details))


def retry_after(details: Mapping[str, Any]) -> tuple[Header, ...]:
    """The header that says when to come back, for refusals that pass."""
    seconds = details.get("retry_after_seconds")
    return () if seconds is None else ((b"retry-after", b"%d" % seconds),)


def published(failure: Failure) -> Published:
    """The status and the sentence of a failure."""
    if failure.kind is not FailureKind.REFUSED:
        return FAILURES[failure.kind]
    status, sentence = REFUSALS.get(failure.code or "", FAILURES[FailureKind.REFUSED])
    # A tier is a plan's name, which an operator chose; nothing else in the details is text of a caller.
    return status, sentence.format(**failure.details) if "{" in sentence else sentence
