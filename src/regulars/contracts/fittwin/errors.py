"""The published errors: the status, the code and a sentence for every refusal.

`REFUSALS` has those of features, `FAILURES` what the HTTP layer could not let through. A field that has to be
there has a code of its own where `MISSING` names one.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from regulars.contracts.fittwin.wire import ErrorAnswer, ErrorDetail
from regulars.http.answers import Answer, Header, json_answer
from regulars.http.failures import Failure, FailureKind, Problem

Published = tuple[int, str, str]
"""A status, a code and a sentence."""

REASONS = {
    "rid_expired": "RID_EXPIRED",
    "rid_revoked": "RID_REVOKED",
    "self_purchase_blocked": "RID_SELF_PURCHASE_BLOCKED",
    "order_of_another_rid": "RID_ORDER_ATTRIBUTED",
}
"""Why an order did not come by a RID, as the answer of validate names it."""

VALIDATION = "VALIDATION_FAILED"

REFUSALS: dict[str, Published] = {
    "product_not_found": (404, "PRODUCT_NOT_FOUND", "There is no such product."),
    "referral_not_found": (404, "RID_NOT_FOUND", "There is no such RID of yours."),
    "order_not_found": (404, "ORDER_NOT_FOUND", "No RID is known for this order."),
    "too_many_referrals": (429, "RID_RATE_LIMITED", "No more RIDs may be made today."),
    "too_many_unknown_rids": (429, "RID_RATE_LIMITED", "Too many RIDs that are none. Try again in a moment."),
    "rid_expired": (409, "RID_EXPIRED", "The RID has expired."),
    "rid_revoked": (409, "RID_REVOKED", "The RID was revoked."),
    "self_purchase_blocked": (
        409,
        "RID_SELF_PURCHASE_BLOCKED",
        "Nobody gets a reward for what they buy themselves.",
    ),
    "order_of_another_rid": (409, "RID_ORDER_ATTRIBUTED", "The order came by another RID."),
    "order_confirmed_otherwise": (
        409,
        "ORDER_ALREADY_ATTRIBUTED",
        "The order was told before with another total or delivery.",
    ),
    "currency_not_of_policy": (400, VALIDATION, "Rewards are for orders in the policy's currency."),
    "invalid_identifier": (400, VALIDATION, "The token is about somebody who can be no member."),
}

MISSING: dict[str, Published] = {
    "rid": (400, "RID_REQUIRED", "rid is required."),
    "productId": (400, "RID_PRODUCT_REQUIRED", "productId is required."),
}

_UNAUTHORIZED: Published = (401, "UNAUTHORIZED", "A valid credential is required.")
_INVALID: Published = (400, VALIDATION, "The request is not valid.")

FAILURES: dict[FailureKind, Published] = {
    FailureKind.ROUTE_UNKNOWN: (404, "NOT_FOUND", "There is nothing at this address."),
    FailureKind.METHOD_NOT_ALLOWED: (
        405,
        "METHOD_NOT_ALLOWED",
        "This address does not answer to it.",
    ),
    FailureKind.REQUEST_INVALID: _INVALID,
    FailureKind.CREDENTIAL_MISSING: _UNAUTHORIZED,
    FailureKind.CREDENTIAL_INVALID: _UNAUTHORIZED,
    # A key for something else is no key here.
    FailureKind.ACCESS_DENIED: _UNAUTHORIZED,
    FailureKind.INPUT_REFUSED: _INVALID,
    FailureKind.BODY_TOO_LARGE: (413, VALIDATION, "The request is too large."),
    FailureKind.BODY_TOO_SLOW: (408, VALIDATION, "The request took too long."),
    FailureKind.REFUSED: _INVALID,
    FailureKind.UNAVAILABLE: (503, "SERVICE_UNAVAILABLE", "Try again in a moment."),
    FailureKind.UNEXPECTED: (500, "INTERNAL_ERROR", "Something went wrong on the server."),
}


def errors(failure: Failure) -> Answer:
    """A failure in this contract's envelope."""
    status, code, message = published(failure)
    field = failure.field or failure.details.get("field")
    detail = ErrorDetail(code=code, message=message, field=UNSET if field is None else field)
    return json_answer(ErrorAnswer(detail), status, retry_after(failure.details))


def retry_after(details: Mapping[str, Any]) -> tuple[Header, ...]:
    """The header that says when to come back, for refusals that pass."""
    seconds = details.get("retry_after_seconds")
    return () if seconds is None else ((b"retry-after", b"%d" % seconds),)


def published(failure: Failure) -> Published:
    """The status, the code and the sentence of a failure."""
    if failure.kind is FailureKind.REFUSED:
        return REFUSALS.get(failure.code or "", FAILURES[FailureKind.REFUSED])
    if failure.kind is FailureKind.INPUT_REFUSED and failure.field is not None:
        if failure.problem is Problem.MISSING and failure.field in MISSING:
            return MISSING[failure.field]
        return 400, VALIDATION, failure.message
    return FAILURES[failure.kind]
