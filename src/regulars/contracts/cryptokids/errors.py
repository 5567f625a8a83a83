"""The published errors: what every refusal is called on the wire, and with which status.

`ERRORS` is the whole table. A refusal that a verb publishes under a word of its own stands in `BY_VERB`;
one that stands nowhere is the verb's own failure, `FAILURES`.
"""

Published = tuple[int, str]

ERRORS: dict[str, Published] = {
    # Who calls
    "unauthorized": (401, "UNAUTHORIZED"),
    "role_required": (403, "ROLE_REQUIRED"),
    "admin_required": (403, "ADMIN_REQUIRED"),
    # What is asked for
    "invalid_payload": (400, "invalid_payload"),
    "invalid_user": (400, "INVALID_USER"),
    "invalid_amount": (400, "INVALID_AMOUNT"),
    "invalid_delta": (400, "INVALID_DELTA"),
    "invalid_reason": (400, "INVALID_REASON"),
    "invalid_status": (400, "invalid_status"),
    "idempotency_conflict": (409, "IDEMPOTENCY_CONFLICT"),
    "insufficient_funds": (409, "INSUFFICIENT_FUNDS"),
    "account_closed": (400, "INVALID_USER"),
    # Refunds
    "feature_disabled": (403, "FEATURE_DISABLED"),
    "refund_rate_limit": (429, "REFUND_RATE_LIMIT"),
    "redeem_not_found": (404, "REDEEM_NOT_FOUND"),
    "redeem_of_another_account": (400, "USER_MISMATCH"),
    "not_a_redeem": (400, "NOT_REDEEM_TX"),
    "refund_window_expired": (400, "REFUND_WINDOW_EXPIRED"),
    "refund_exists": (409, "REFUND_EXISTS"),
    "nothing_to_refund": (400, "REFUND_NOT_ALLOWED"),
    "over_refund": (400, "OVER_REFUND"),
    # Holds and tokens
    "reward_not_found": (404, "reward_not_found"),
    "hold_not_pending": (404, "hold_not_pending"),
    "hold_mismatch": (400, "hold_mismatch"),
    "capture_exceeds_hold": (400, "invalid_payload"),
    "missing_token": (400, "missing_token"),
    "unsupported_token": (400, "unsupported_token"),
    "BAD_TOKEN": (400, "BAD_TOKEN"),
    "BAD_SIGNATURE": (400, "BAD_SIGNATURE"),
    "EXPIRED": (400, "EXPIRED"),
    "token_used": (409, "TOKEN_USED"),
    "token_too_large": (400, "invalid_payload"),
    # Templates, rewards, photos
    "template_not_found": (404, "template_not_found"),
    "invalid_templates": (400, "invalid_templates"),
    "TEMPLATE_MISSING": (400, "TEMPLATE_MISSING"),
    "invalid_template": (400, "invalid_template"),
    "invalid_points": (400, "invalid_points"),
    "invalid_price": (400, "invalid_price"),
    "no_fields": (400, "no_fields"),
    "not_found": (404, "not_found"),
    "name_and_cost_required": (400, "name and cost required"),
    "missing_image": (400, "missing_image"),
    "bad_dataurl": (400, "bad_dataurl"),
    "photo_too_large": (413, "PAYLOAD_TOO_LARGE"),
    # Members
    "member_not_found": (404, "NOT_FOUND"),
    "user_exists": (409, "USER_EXISTS"),
    "user_id_required": (400, "userId required"),
    "name_required": (400, "name required"),
    "invalid_dob": (400, "invalid_dob"),
    "invalid_sex": (400, "invalid_sex"),
    # History
    "invalid_from": (400, "invalid_from"),
    "invalid_to": (400, "invalid_to"),
}

BY_VERB: dict[tuple[str, str], Published] = {
    ("hold.reserve", "insufficient_funds"): (409, "hold_failed"),
    ("hold.reserve", "too_many_holds"): (409, "hold_failed"),
    ("hold.redeem", "account_closed"): (400, "approve_failed"),
    ("hold.release", "account_closed"): (400, "Cancel failed"),
    ("refund", "balance_limit"): (400, "REFUND_NOT_ALLOWED"),
    ("scan", "invalid_templates"): (400, "scan_failed"),
}

FAILURES: dict[str, str] = {
    "earn": "EARN_FAILED",
    "redeem": "REDEEM_FAILED",
    "adjust": "ADJUST_FAILED",
    "refund": "REFUND_FAILED",
    "hold.reserve": "hold_failed",
    "hold.redeem": "approve_failed",
    "hold.release": "Cancel failed",
    "scan": "scan_failed",
    "quick": "EARN_FAILED",
}
"""What a verb calls everything else that went wrong; outside the verbs it is `request_failed`."""

FAILURE = "request_failed"


def published(verb: str, refusal: str) -> Published:
    """The status and the word for a refusal of a verb. A refusal of no known name is a 400."""
    known = BY_VERB.get((verb, refusal)) or ERRORS.get(refusal)
    return known or (400, failure_of(verb))


def failure_of(verb: str) -> str:
    """The word for a verb that failed for a reason without a name of its own, an outage for example."""
    return FAILURES.get(verb, FAILURE)
