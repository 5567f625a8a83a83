"""Refund: `POST /ck/refund`.

Guards in the order of the contract's notes, the first that applies wins: key, role, FEATURE_DISABLED,
REFUND_RATE_LIMIT, INVALID_USER, INVALID_AMOUNT, INVALID_REASON; then the ledger's own: REDEEM_NOT_FOUND,
USER_MISMATCH, NOT_REDEEM_TX, REFUND_WINDOW_EXPIRED, IDEMPOTENCY_CONFLICT, REFUND_EXISTS, REFUND_NOT_ALLOWED,
OVER_REFUND.
"""

from datetime import timedelta
from uuid import UUID

from litestar import post as post_route

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids import descriptions
from regulars.contracts.cryptokids.answering import Endpoint, answer, body_of, user_id_in
from regulars.contracts.cryptokids.context import ADMIN_ROLE, Context, find_member
from regulars.contracts.cryptokids.envelope import envelope
from regulars.contracts.cryptokids.posting import attribution, cut_note, post, read_uuid, request_claim
from regulars.contracts.cryptokids.wire import LedgerRow, RefundAnswer
from regulars.contracts.cryptokids.wire_bodies import RefundBody
from regulars.features.access.actions import count_attempt
from regulars.features.ledger.actions import list_redemptions
from regulars.features.ledger.model import AccountReference, Posted, Refund
from regulars.http.answers import Answer, json_answer
from regulars.http.failures import BodyRefused
from regulars.http.requests import HttpRequest

SOURCE = "admin"
LIMITER = "cryptokids.refund"
PERIOD = timedelta(hours=1)
_LARGEST_ID = 2**128 - 1

REFUND = Endpoint(
    name="refund",
    verb="refund",
    access=ADMIN_ROLE,
    faults={
        None: "invalid_user",
        "user_id": "invalid_user",
        "userId": "invalid_user",
        "amount": "invalid_amount",
        "reason": "invalid_reason",
        "redeem_tx_id": "redeem_not_found",
        "redeemTxId": "redeem_not_found",
    },
)


@post_route("/ck/refund", opt={"access": REFUND.access, "operation": descriptions.REFUND})
async def refund(request: HttpRequest) -> Answer:
    """Gives points of an earlier redeem back."""
    return await answer(request, REFUND, _refund)


async def _refund(context: Context) -> Answer:
    if not context.settings.refunds:
        raise Refused("feature_disabled")
    await _count_attempt(context)
    member_id, body = await _member_and_body(context)
    redeem_id = read_uuid(body.redeem_tx_id or body.redeem_tx_id_camel)
    if redeem_id is None:
        raise Refused("redeem_not_found")
    notes = cut_note(body.notes)
    request = ("refund", context.handle, str(redeem_id), body.amount, body.reason, notes)
    command = Refund(
        account=AccountReference(member_id),
        action="refund",
        attribution=await attribution(context, SOURCE, note=notes, reason=body.reason),
        claim=request_claim(context, body.idempotency_key or body.idempotency_key_camel, request),
        redeem_id=redeem_id,
        amount=body.amount,
        window=context.settings.refund_window,
    )
    posted = await post(context, command)
    values = await envelope(context, posted)
    if posted.replayed:
        await _refuse_repetition(context, command, values[2])
    return json_answer(RefundAnswer(*values, values[2], _remaining(posted)))


async def _count_attempt(context: Context) -> None:
    """Counts the attempt by the key that was shown: a name in a header could be another one each time."""
    limit = context.settings.refunds_per_hour
    if limit == 0:
        return
    async with context.services.database.connection() as connection:
        wait = await count_attempt(
            connection,
            context.program_id,
            LIMITER,
            str(context.caller.credential_id),
            limit,
            PERIOD,
            context.now,
        )
    if wait is not None:
        raise Refused("refund_rate_limit", retry_after_ms=max(1, wait // timedelta(milliseconds=1)))


async def _member_and_body(context: Context) -> tuple[UUID, RefundBody]:
    """The member and the body; an unknown member is refused before a wrong amount is."""
    try:
        body = body_of(context, RefundBody)
    except BodyRefused:
        await find_member(context, user_id_in(context.raw))
        raise
    return await find_member(context, body.user_id or body.user_id_camel), body


def _remaining(posted: Posted) -> int:
    assert posted.redemption is not None, "a new refund says what is left of its redeem"
    return posted.redemption.remaining


async def _refuse_repetition(context: Context, command: Refund, existing: LedgerRow) -> None:
    """Raises Refused("refund_exists"): the same key again is told which refund it made."""
    async with context.services.database.connection() as connection:
        rows = await list_redemptions(
            connection,
            context.program_id,
            command.account,
            limit=1,
            before=UUID(int=min(command.redeem_id.int + 1, _LARGEST_ID)),
        )
    remaining = rows[0].redemption.remaining if rows else 0
    raise Refused("refund_exists", existing=existing, remaining=remaining)
