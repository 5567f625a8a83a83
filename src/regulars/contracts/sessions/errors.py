"""The published errors: the status and the word of every refusal, as `{"error": "snake_case"}`.

`REFUSALS` has those of features, `FAILURES` what the HTTP layer could not let through. A field that is
wrong is called after it (`invalid_total_minor`), and what is missing is named together
(`order_id_and_venue_id_required`).
"""

from collections.abc import Mapping
from typing import Any

from regulars.contracts.sessions.fields import FIELDS_REQUIRED
from regulars.contracts.sessions.wire import ErrorAnswer
from regulars.http.answers import Answer, Header, json_answer
from regulars.http.failures import Failure, FailureKind

Published = tuple[int, str]
"""A status and a word."""

REFUSALS: dict[str, Published] = {
    "venue_not_found": (404, "venue_not_found"),
    "customer_not_found": (404, "customer_not_found"),
    "member_not_found": (404, "customer_not_found"),
    "pass_not_found": (404, "pass_not_found"),
    "not_found": (404, "loyalty_route_not_found"),
    "invalid_phone": (400, "invalid_phone"),
    "invalid_reward_count": (400, "invalid_reward_count"),
    "mvp_max_one_reward": (400, "mvp_max_one_reward"),
    "insufficient_rewards": (409, "insufficient_rewards"),
    "idempotency_conflict": (409, "idempotency_conflict"),
    "invalid_return_url": (400, "invalid_return_url"),
    "already_a_member": (409, "already_a_member"),
    "missing_stripe_signature": (400, "missing_stripe_signature"),
    "signature_verification_failed": (400, "signature_verification_failed"),
    "stripe_not_configured": (503, "stripe_not_configured"),
    "stripe_unavailable": (503, "stripe_unavailable"),
    "too_many_requests": (429, "too_many_requests"),
    "invalid_push_token": (400, "invalid_push_token"),
    "invalid_device": (400, "invalid_device"),
    "apple_wallet_not_configured": (501, "apple_wallet_not_configured"),
    "google_wallet_not_configured": (501, "google_wallet_not_configured"),
    "google_wallet_unavailable": (503, "google_wallet_unavailable"),
}

INVALID_FIELD = "invalid_field"
"""A refusal whose own `field` is the wrong one."""

_UNAUTHORIZED: Published = (401, "unauthorized")
_NOT_JSON: Published = (400, "invalid_json")
_INVALID: Published = (400, "invalid_request")

FAILURES: dict[FailureKind, Published] = {
    FailureKind.ROUTE_UNKNOWN: (404, "loyalty_route_not_found"),
    FailureKind.METHOD_NOT_ALLOWED: (405, "method_not_allowed"),
    FailureKind.REQUEST_INVALID: _INVALID,
    FailureKind.CREDENTIAL_MISSING: _UNAUTHORIZED,
    FailureKind.CREDENTIAL_INVALID: _UNAUTHORIZED,
    # A key for something else is a wrong key here.
    FailureKind.ACCESS_DENIED: _UNAUTHORIZED,
    FailureKind.INPUT_REFUSED: _NOT_JSON,
    FailureKind.BODY_TOO_LARGE: (413, "request_too_large"),
    FailureKind.BODY_TOO_SLOW: (408, "request_timeout"),
    FailureKind.REFUSED: _INVALID,
    FailureKind.UNAVAILABLE: (503, "service_unavailable"),
    FailureKind.UNEXPECTED: (500, "internal_error"),
}


def errors(failure: Failure) -> Answer:
    """A failure in this contract's envelope."""
    status, word = published(failure)
    return json_answer(ErrorAnswer(word), status, retry_after(failure.details))


def retry_after(details: Mapping[str, Any]) -> tuple[Header, ...]:
    """The header that says when to come back, for refusals that pass."""
    seconds = details.get("retry_after_seconds")
    return () if seconds is None else ((b"retry-after", b"%d" % seconds),)


def published(failure: Failure) -> Published:
    """The status and the word of a failure."""
    if failure.kind is FailureKind.REFUSED:
        if failure.code == FIELDS_REQUIRED:
            return 400, f"{'_and_'.join(failure.details['fields'])}_required"
        if failure.code == INVALID_FIELD:
            return 400, f"invalid_{failure.details['field']}"
        return REFUSALS.get(failure.code or "", FAILURES[FailureKind.REFUSED])
    if failure.kind is FailureKind.INPUT_REFUSED and failure.field is not None:
        return 400, f"invalid_{failure.field}"
    return FAILURES[failure.kind]
