"""What the ledger's endpoints say about themselves in the OpenAPI document."""

from regulars.contracts.cryptokids.wire import (
    ApproveAnswer,
    CancelAnswer,
    EarnTokenAnswer,
    ErrorAnswer,
    GiveTokenAnswer,
    HoldAnswer,
    QuickAnswer,
    RefundAnswer,
    ReserveAnswer,
    ScanAnswer,
    VerbAnswer,
)
from regulars.contracts.cryptokids.wire_bodies import (
    AdjustBody,
    ApproveBody,
    CancelBody,
    EarnBody,
    EarnTokenBody,
    GiveTokenBody,
    HoldsQuery,
    QuickBody,
    RedeemBody,
    RefundBody,
    ReserveBody,
    ScanBody,
)
from regulars.http.openapi import Content, HeaderParameter, Operation


def _error(*words: str) -> Content:
    return Content(" · ".join(f"`{word}`" for word in words), ErrorAnswer)


_ROLE = HeaderParameter("X-Actor-Role", "`admin`. It can only narrow what the key allows.", required=True)
_ACTOR = HeaderParameter("X-Admin-Actor", "Who history says did it; by default the name of the key.")
_KEY = HeaderParameter(
    "Idempotency-Key",
    "The same key with the same request has one effect; with another request it is `IDEMPOTENCY_CONFLICT`.",
)
_REPLAY = (
    "`balance` and `hints` are of now, also when `tx` is the row of an earlier request with the same key."
)
_TOKENS_ERRORS = ("BAD_TOKEN", "BAD_SIGNATURE", "EXPIRED", "unsupported_token")
_FORBIDDEN = _error("ROLE_REQUIRED")
_CONFLICT = _error("IDEMPOTENCY_CONFLICT")
_POOR = _error("INSUFFICIENT_FUNDS", "IDEMPOTENCY_CONFLICT")

EARN = Operation(
    summary="Credit points",
    description=f"An unknown user id becomes a member, unless the program has switched that off. {_REPLAY}",
    body=EarnBody,
    example={"user_id": "leo", "amount": 5, "note": "Fed the cat"},
    headers=(_ROLE, _ACTOR, _KEY),
    answers={
        200: VerbAnswer,
        400: _error("INVALID_AMOUNT", "INVALID_USER", "EARN_FAILED"),
        403: _FORBIDDEN,
        409: _CONFLICT,
    },
)
REDEEM = Operation(
    summary="Debit points",
    description=f"What pending holds reserve cannot be spent. {_REPLAY}",
    body=RedeemBody,
    example={"user_id": "leo", "amount": 5, "note": "Comic at the kiosk"},
    headers=(_ROLE, _ACTOR, _KEY),
    answers={
        200: VerbAnswer,
        400: _error("INVALID_AMOUNT", "INVALID_USER", "REDEEM_FAILED"),
        403: _FORBIDDEN,
        409: _POOR,
    },
)
ADJUST = Operation(
    summary="Correct a balance",
    description=f"A positive delta credits, a negative one debits. {_REPLAY}",
    body=AdjustBody,
    example={"user_id": "leo", "delta": -3, "note": "Counted twice"},
    headers=(_ROLE, _ACTOR, _KEY),
    answers={
        200: VerbAnswer,
        400: _error("INVALID_DELTA", "INVALID_USER", "ADJUST_FAILED"),
        403: _FORBIDDEN,
        409: _POOR,
    },
)
REFUND = Operation(
    summary="Give points of a redeem back",
    description="Several refunds may be made of one redeem, up to what was redeemed. "
    "The same idempotency key again is `REFUND_EXISTS`, with the refund it made.",
    body=RefundBody,
    example={
        "user_id": "leo",
        "redeem_tx_id": "0199d6a2-5c00-7000-8000-000000000000",
        "amount": 5,
        "reason": "mis_tap",
    },
    headers=(_ROLE, _ACTOR, _KEY),
    answers={
        200: RefundAnswer,
        400: _error(
            "INVALID_USER", "INVALID_AMOUNT", "INVALID_REASON", "USER_MISMATCH", "NOT_REDEEM_TX",
            "REFUND_WINDOW_EXPIRED", "REFUND_NOT_ALLOWED", "OVER_REFUND", "REFUND_FAILED",
        ),
        403: _error("ROLE_REQUIRED", "FEATURE_DISABLED"),
        404: _error("REDEEM_NOT_FOUND"),
        409: _error("IDEMPOTENCY_CONFLICT", "REFUND_EXISTS"),
        429: _error("REFUND_RATE_LIMIT"),
    },
)  # fmt: skip
RESERVE = Operation(
    summary="Ask for a reward",
    description="Sets the reward's cost aside and answers the spend token that a parent approves. "
    "With an idempotency key, the same request again is answered 200 with the same hold and token.",
    body=ReserveBody,
    example={"userId": "leo", "itemId": 1},
    headers=(_KEY,),
    answers={
        201: ReserveAnswer,
        200: ReserveAnswer,
        400: _error("invalid_payload", "INVALID_USER"),
        404: _error("reward_not_found"),
        409: _error("hold_failed", "IDEMPOTENCY_CONFLICT"),
    },
)
APPROVE = Operation(
    summary="Approve a hold",
    description="Debits the final cost, by default the quoted one, and releases what is over.",
    body=ApproveBody,
    example={"token": "eyJ0eXAiOiJzcGVuZCJ9.c2lnbmF0dXJl", "finalCost": 8},
    headers=(_ACTOR,),
    answers={
        200: ApproveAnswer,
        400: _error("invalid_payload", *_TOKENS_ERRORS, "hold_mismatch", "approve_failed"),
        404: _error("hold_not_pending"),
        409: _error("TOKEN_USED"),
    },
)
CANCEL = Operation(
    summary="Cancel a hold",
    description="Gives back all that the hold reserves, and records a row of 0 points.",
    body=CancelBody,
    body_required=False,
    headers=(_ROLE, _ACTOR, _KEY),
    answers={
        200: CancelAnswer,
        400: _error("Cancel failed"),
        403: _FORBIDDEN,
        404: _error("hold_not_pending"),
        409: _CONFLICT,
    },
)
HOLDS = Operation(
    summary="List holds",
    description="Newest first, as a plain array without hints.",
    query=HoldsQuery,
    answers={200: list[HoldAnswer], 400: _error("invalid_status")},
)
SCAN = Operation(
    summary="Redeem an earn or give token",
    description="A give token needs no key. An earn token needs the admin's, and its templates count with "
    "the points they have now.",
    body=ScanBody,
    example={"token": "eyJ0eXAiOiJnaXZlIn0.c2lnbmF0dXJl"},
    headers=(_ACTOR,),
    answers={
        200: ScanAnswer,
        400: _error("missing_token", *_TOKENS_ERRORS, "TEMPLATE_MISSING", "INVALID_USER", "scan_failed"),
        403: _error("ADMIN_REQUIRED"),
        409: _error("TOKEN_USED"),
    },
)
QUICK = Operation(
    summary="Credit the points of a template",
    body=QuickBody,
    example={"userId": "leo", "templateId": 1},
    headers=(_ACTOR, _KEY),
    answers={
        200: QuickAnswer,
        400: _error("invalid_payload", "INVALID_USER", "EARN_FAILED"),
        404: _error("template_not_found"),
        409: _CONFLICT,
    },
)
EARN_TOKEN = Operation(
    summary="Make a token for chores done",
    description="A parent scans its QR code and confirms; `total` may change until then.",
    body=EarnTokenBody,
    example={"userId": "leo", "templates": [{"id": 1, "count": 2}]},
    answers={
        200: EarnTokenAnswer,
        400: _error("invalid_payload", "INVALID_USER", "invalid_templates", "TEMPLATE_MISSING"),
    },
)
GIVE_TOKEN = Operation(
    summary="Make a token for a gift",
    description="The child scans its QR code and has the points.",
    body=GiveTokenBody,
    example={"userId": "leo", "amount": 5, "note": "Happy birthday"},
    answers={200: GiveTokenAnswer, 400: _error("invalid_payload", "INVALID_AMOUNT", "INVALID_USER")},
)
