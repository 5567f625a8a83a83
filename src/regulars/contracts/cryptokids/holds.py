"""Holds: `POST /api/holds`, `POST /api/holds/{id}/approve`, `POST /api/holds/{id}/cancel`.

Guards in this order, the first that applies wins. Reserve: body, unknown member, idempotency, reward, points.
Approve: key, body, BAD_TOKEN, BAD_SIGNATURE, EXPIRED, unsupported_token, hold_mismatch, a final cost above
the quoted one, TOKEN_USED, hold_not_pending. Cancel: key, role, unknown hold, body, idempotency, not pending.
"""

from uuid import UUID

from litestar import post as post_route

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.contracts.cryptokids import descriptions
from regulars.contracts.cryptokids.answering import Endpoint, answer, body_of, required_user
from regulars.contracts.cryptokids.context import (
    ADMIN_KEY,
    ADMIN_ROLE,
    CHILD,
    Context,
    find_member,
    find_member_for_posting,
)
from regulars.contracts.cryptokids.envelope import envelope
from regulars.contracts.cryptokids.posting import (
    attribution,
    cut_note,
    post,
    read_uuid,
    request_claim,
    token_claim,
)
from regulars.contracts.cryptokids.recalling import posted_before
from regulars.contracts.cryptokids.tokens import SpendData, data_of, qr_text, read_token, spend_token
from regulars.contracts.cryptokids.wire import ApproveAnswer, CancelAnswer, ReserveAnswer
from regulars.contracts.cryptokids.wire_bodies import ApproveBody, CancelBody, ReserveBody, RowId
from regulars.features.ledger.actions import find_hold
from regulars.features.ledger.model import AccountReference, Capture, Claim, Hold, Posted, Release, Reserve
from regulars.features.ledger.model_lists import HoldRow
from regulars.features.members.actions import handles_of
from regulars.features.rewards.actions import find_reward
from regulars.features.rewards.model import Reward, TokenType
from regulars.http.answers import Answer, json_answer
from regulars.http.requests import HttpRequest

CHILD_SOURCE = "child"
SOURCE = "hold"


async def member_of_hold(context: Context) -> None:
    """Notes the member whose hold the address names."""
    await _find_hold(context)


RESERVE = Endpoint(
    name="hold.reserve",
    verb="hold.reserve",
    access=CHILD,
    faults=dict.fromkeys(
        (None, "userId", "user_id", "itemId", "item_id", "note", "idempotency_key", "idempotencyKey"),
        "invalid_payload",
    ),
)
APPROVE = Endpoint(
    name="hold.redeem",
    verb="hold.redeem",
    access=ADMIN_KEY,
    faults=dict.fromkeys((None, "token", "finalCost", "final_cost"), "invalid_payload"),
    whose=member_of_hold,
)
CANCEL = Endpoint(
    name="hold.release", verb="hold.release", access=ADMIN_ROLE, faults={}, whose=member_of_hold
)


@post_route("/api/holds", opt={"access": RESERVE.access, "operation": descriptions.RESERVE})
async def reserve_hold(request: HttpRequest) -> Answer:
    """Sets points aside for a reward."""
    return await answer(request, RESERVE, _reserve)


@post_route(
    "/api/holds/{hold_id:str}/approve", opt={"access": APPROVE.access, "operation": descriptions.APPROVE}
)
async def approve_hold(request: HttpRequest) -> Answer:
    """Debits a hold."""
    return await answer(request, APPROVE, _approve)


@post_route(
    "/api/holds/{hold_id:str}/cancel", opt={"access": CANCEL.access, "operation": descriptions.CANCEL}
)
async def cancel_hold(request: HttpRequest) -> Answer:
    """Lets a hold go."""
    return await answer(request, CANCEL, _cancel)


async def _reserve(context: Context) -> Answer:
    body = body_of(context, ReserveBody)
    user_id = required_user(body.user_id, body.user_id_snake)
    item_id = row_id(body.item_id if body.item_id is not None else body.item_id_snake)
    if item_id is None:
        raise Refused("invalid_payload")
    await find_member_for_posting(context, user_id)
    note = cut_note(body.note)
    key = body.idempotency_key or body.idempotency_key_camel
    claim = request_claim(context, key, ("hold.reserve", context.handle, item_id, note))
    reward = await _active_reward(context, item_id)
    if reward is None:
        # No posting finds out here whether the member is still there.
        await find_member(context, user_id)
        posted = await posted_before(context, claim, Refused("reward_not_found"))
    else:
        posted = await post(context, await _reservation(context, reward, note, claim))
    hold = await _hold_of(context, posted)
    token = spend_token(context, hold, posted.account.reference.member_id)
    values = await envelope(context, posted)
    answered = ReserveAnswer(*values, str(hold.hold_id), token, qr_text(context, token), hold.amount)
    return json_answer(answered, 200 if posted.replayed else 201)


async def _reservation(context: Context, reward: Reward, note: str | None, claim: Claim | None) -> Reserve:
    assert context.member_id is not None
    lifetime = context.settings.hold_lifetime
    return Reserve(
        account=AccountReference(context.member_id),
        action="spend_hold",
        attribution=await attribution(context, CHILD_SOURCE, note=note),
        claim=claim,
        hold_id=new_id(),
        amount=reward.cost,
        expires_at=None if lifetime is None else context.now + lifetime,
        subject={
            "itemId": reward.reward_id,
            "itemName": reward.name,
            "itemImage": reward.image_url,
            "quotedCost": reward.cost,
        },
    )


async def _approve(context: Context) -> Answer:
    body = body_of(context, ApproveBody)
    token = read_token(context, body.token)
    if token.typ is not TokenType.SPEND:
        raise Refused("unsupported_token")
    data = data_of(token, SpendData)
    if read_uuid(_hold_id_text(context)) != data.holdId:
        raise Refused("hold_mismatch")
    final_cost = body.final_cost if body.final_cost is not None else body.final_cost_snake
    if final_cost is not None and final_cost > data.cost:
        raise Refused("invalid_payload", field="finalCost")
    context.member_id, context.handle = data.memberId, data.userId
    command = Capture(
        account=AccountReference(data.memberId),
        action="spend_redeemed",
        attribution=await attribution(context, SOURCE),
        claim=token_claim(token.jti),
        hold_id=data.holdId,
        amount=final_cost,
    )
    posted = await post(context, command, bound=True)
    if posted.replayed:
        raise Refused("token_used")
    values = await envelope(context, posted)
    return json_answer(ApproveAnswer(*values, str(data.holdId), -posted.transfer.amount))


async def _cancel(context: Context) -> Answer:
    row = await _find_hold(context)
    if row is None:
        raise Refused("hold_not_pending")
    if not context.raw.strip():
        context.raw = b"{}"
    body = body_of(context, CancelBody)
    note = cut_note(body.note)
    hold_id = row.hold.hold_id
    key = body.idempotency_key or body.idempotency_key_camel
    command = Release(
        account=AccountReference(row.member_id),
        action="spend_canceled",
        attribution=await attribution(context, SOURCE, note=note),
        claim=request_claim(context, key, ("hold.release", str(hold_id), note)),
        hold_id=hold_id,
    )
    posted = await post(context, command, bound=True)
    return json_answer(CancelAnswer(*await envelope(context, posted), str(hold_id)))


def row_id(value: RowId | None) -> int | None:
    """The id of a reward or template, which may arrive as a text of digits."""
    return int(value) if value is not None else None


async def _active_reward(context: Context, item_id: int) -> Reward | None:
    async with context.services.database.connection() as connection:
        reward = await find_reward(connection, context.program_id, item_id)
    return reward if reward is not None and reward.active else None


async def _hold_of(context: Context, posted: Posted) -> Hold:
    """The hold that a reservation made, now or earlier under the same key."""
    if posted.hold is not None:
        return posted.hold
    hold_id = posted.transfer.hold_id
    assert hold_id is not None, "a reservation names its hold"
    async with context.services.database.connection() as connection:
        row = await find_hold(connection, context.program_id, hold_id, context.now)
    assert row is not None, "holds are not deleted"
    return row.hold


async def _find_hold(context: Context) -> HoldRow | None:
    """The hold that the address names, with its member noted in the context."""
    hold_id: UUID | None = read_uuid(_hold_id_text(context))
    if hold_id is None:
        return None
    async with context.services.database.connection() as connection:
        row = await find_hold(connection, context.program_id, hold_id, context.now)
        if row is not None:
            handles = await handles_of(connection, context.program_id, [row.member_id])
            context.member_id, context.handle = row.member_id, handles.get(row.member_id, "")
    return row


def _hold_id_text(context: Context) -> str:
    return str(context.request.path_params["hold_id"])
