"""Earn, redeem, adjust: `POST /ck/earn`, `/ck/redeem`, `/ck/adjust`.

Guards in this order, the first that applies wins: key, role, body (amount or delta, then user id, then the
rest), unknown member, idempotency, funds.
"""

from litestar import post as post_route

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids import descriptions
from regulars.contracts.cryptokids.answering import Endpoint, answer, body_of
from regulars.contracts.cryptokids.context import (
    ADMIN_ROLE,
    Context,
    find_member_for_posting,
    find_or_enrol_member,
)
from regulars.contracts.cryptokids.envelope import envelope
from regulars.contracts.cryptokids.posting import attribution, cut_action, cut_note, post, request_claim
from regulars.contracts.cryptokids.wire import VerbAnswer
from regulars.contracts.cryptokids.wire_bodies import AdjustBody, EarnBody, RedeemBody
from regulars.features.ledger.model import AccountReference, Adjust, Earn, Redeem
from regulars.http.answers import Answer, json_answer
from regulars.http.requests import HttpRequest

SOURCE = "admin"

_USER_FAULTS: dict[str | None, str] = {"user_id": "invalid_user", "userId": "invalid_user"}
_AMOUNT_FAULTS: dict[str | None, str] = {None: "invalid_amount", "amount": "invalid_amount", **_USER_FAULTS}
_DELTA_FAULTS: dict[str | None, str] = {None: "invalid_delta", "delta": "invalid_delta", **_USER_FAULTS}

EARN = Endpoint(name="earn", verb="earn", access=ADMIN_ROLE, faults=_AMOUNT_FAULTS)
REDEEM = Endpoint(name="redeem", verb="redeem", access=ADMIN_ROLE, faults=_AMOUNT_FAULTS)
ADJUST = Endpoint(name="adjust", verb="adjust", access=ADMIN_ROLE, faults=_DELTA_FAULTS)


@post_route("/ck/earn", opt={"access": EARN.access, "operation": descriptions.EARN})
async def earn(request: HttpRequest) -> Answer:
    """Credits points."""
    return await answer(request, EARN, _earn)


@post_route("/ck/redeem", opt={"access": REDEEM.access, "operation": descriptions.REDEEM})
async def redeem(request: HttpRequest) -> Answer:
    """Debits points."""
    return await answer(request, REDEEM, _redeem)


@post_route("/ck/adjust", opt={"access": ADJUST.access, "operation": descriptions.ADJUST})
async def adjust(request: HttpRequest) -> Answer:
    """Corrects a balance."""
    return await answer(request, ADJUST, _adjust)


async def _earn(context: Context) -> Answer:
    body = body_of(context, EarnBody)
    member_id = await find_or_enrol_member(context, body.user_id or body.user_id_camel)
    note, action = cut_note(body.note), cut_action(body.action, "earn_manual")
    key = body.idempotency_key or body.idempotency_key_camel
    command = Earn(
        account=AccountReference(member_id),
        action=action,
        attribution=await attribution(context, SOURCE, note=note),
        claim=request_claim(context, key, ("earn", context.handle, body.amount, note, action)),
        amount=body.amount,
    )
    return json_answer(VerbAnswer(*await envelope(context, await post(context, command))))


async def _redeem(context: Context) -> Answer:
    body = body_of(context, RedeemBody)
    member_id = await find_member_for_posting(context, body.user_id or body.user_id_camel)
    note, action = cut_note(body.note), cut_action(body.action, "spend_manual")
    key = body.idempotency_key or body.idempotency_key_camel
    command = Redeem(
        account=AccountReference(member_id),
        action=action,
        attribution=await attribution(context, SOURCE, note=note),
        claim=request_claim(context, key, ("redeem", context.handle, body.amount, note, action)),
        amount=body.amount,
    )
    return json_answer(VerbAnswer(*await envelope(context, await post(context, command))))


async def _adjust(context: Context) -> Answer:
    body = body_of(context, AdjustBody)
    if body.delta == 0:
        raise Refused("invalid_delta", field="delta")
    member_id = await find_member_for_posting(context, body.user_id or body.user_id_camel)
    note = cut_note(body.note)
    action = cut_action(body.action, "adjust_credit" if body.delta > 0 else "adjust_debit")
    key = body.idempotency_key or body.idempotency_key_camel
    command = Adjust(
        account=AccountReference(member_id),
        action=action,
        attribution=await attribution(context, SOURCE, note=note),
        claim=request_claim(context, key, ("adjust", context.handle, body.delta, note, action)),
        delta=body.delta,
    )
    return json_answer(VerbAnswer(*await envelope(context, await post(context, command))))
