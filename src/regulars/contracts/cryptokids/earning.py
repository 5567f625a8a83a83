"""Points by template or token: `POST /api/earn/quick`, `POST /api/earn/scan`.

Guards in this order, the first that applies wins. Quick: key, body, idempotency, template, unknown member.
Scan: missing_token, BAD_TOKEN, BAD_SIGNATURE, EXPIRED, unsupported_token, somebody else's token on a child's
device, ADMIN_REQUIRED, TOKEN_USED, TEMPLATE_MISSING, unknown member.
"""

from contextlib import suppress
from typing import Any
from uuid import UUID

from litestar import post as post_route

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids import descriptions
from regulars.contracts.cryptokids.answering import Endpoint, answer, body_of, required_user
from regulars.contracts.cryptokids.context import (
    ADMIN_KEY,
    CHILD,
    Context,
    find_member,
    find_or_enrol_member,
    reaches,
)
from regulars.contracts.cryptokids.envelope import envelope
from regulars.contracts.cryptokids.holds import row_id
from regulars.contracts.cryptokids.posting import attribution, cut_note, post, request_claim, token_claim
from regulars.contracts.cryptokids.recalling import posted_before
from regulars.contracts.cryptokids.tokens import (
    EarnData,
    GiveData,
    SpendData,
    counted_pairs,
    data_of,
    enter_program_of,
    read_token,
    template_rows,
)
from regulars.contracts.cryptokids.wire import QuickAnswer, ScanAnswer
from regulars.contracts.cryptokids.wire_bodies import QuickBody, ScanBody
from regulars.features.ledger.model import AccountReference, Claim, Earn, Posted
from regulars.features.rewards.actions import find_template, price
from regulars.features.rewards.model import EarnTemplate, PricedTemplate, Token, TokenType
from regulars.http.answers import Answer, json_answer
from regulars.http.requests import HttpRequest

QUICK_SOURCE = "admin"
SCAN_SOURCE = "qr"


async def nobody(context: Context) -> None:
    """The body names nobody; whom a token is about is known only once it has been read."""


QUICK = Endpoint(
    name="quick",
    verb="earn",
    access=ADMIN_KEY,
    faults=dict.fromkeys(
        (
            None, "userId", "user_id", "templateId", "template_id", "note", "idempotency_key",
            "idempotencyKey",
        ),
        "invalid_payload",
    ),
)  # fmt: skip
SCAN = Endpoint(
    name="scan",
    verb="earn",
    access=CHILD,
    faults=dict.fromkeys((None, "token"), "missing_token"),
    whose=nobody,
)


@post_route("/api/earn/quick", opt={"access": QUICK.access, "operation": descriptions.QUICK})
async def quick_earn(request: HttpRequest) -> Answer:
    """Credits the points of one template."""
    return await answer(request, QUICK, _quick)


@post_route("/api/earn/scan", opt={"access": SCAN.access, "operation": descriptions.SCAN})
async def scan_token(request: HttpRequest) -> Answer:
    """Credits the points of an earn or give token."""
    return await answer(request, SCAN, _scan)


async def _quick(context: Context) -> Answer:
    body = body_of(context, QuickBody)
    user_id = required_user(body.user_id, body.user_id_snake)
    template_id = row_id(body.template_id if body.template_id is not None else body.template_id_snake)
    if template_id is None:
        raise Refused("invalid_payload")
    template = await _active_template(context, template_id)
    note = cut_note(body.note)
    key = body.idempotency_key or body.idempotency_key_camel
    if template is None:
        # Nobody is enrolled for it; whom nobody knows has no earlier request either.
        with suppress(Refused):
            await find_member(context, user_id)
        claim = _quick_claim(context, key, template_id, note)
        posted = await posted_before(context, claim, Refused("template_not_found"))
    else:
        await find_or_enrol_member(context, user_id)
        claim = _quick_claim(context, key, template_id, note)
        posted = await post(context, await _template_earn(context, template, note, claim))
    values = await envelope(context, posted)
    answered = QuickAnswer(*values, context.handle, posted.transfer.amount, _templates(posted) or [])
    return json_answer(answered)


def _quick_claim(context: Context, key: str | None, template_id: int, note: str | None) -> Claim | None:
    return request_claim(context, key, ("quick", context.handle, template_id, note))


async def _template_earn(
    context: Context, template: EarnTemplate, note: str | None, claim: Claim | None
) -> Earn:
    assert context.member_id is not None
    rows = template_rows((PricedTemplate(template.template_id, template.title, template.points, 1),))
    return Earn(
        account=AccountReference(context.member_id),
        action="earn_admin_quick",
        attribution=await attribution(context, QUICK_SOURCE, note=note, metadata={"templates": rows}),
        claim=claim,
        amount=template.points,
    )


async def _scan(context: Context) -> Answer:
    text = body_of(context, ScanBody).token.strip()
    if not text:
        raise Refused("missing_token")
    await enter_program_of(context, text)
    token = read_token(context, text)
    if token.typ is TokenType.EARN:
        return await _scan_earn(context, token)
    if token.typ is TokenType.GIVE:
        return await _scan_give(context, token)
    with suppress(Refused):
        data = data_of(token, SpendData)
        if reaches(context.caller, data.memberId):
            context.member_id = data.memberId
    raise Refused("unsupported_token")


async def _scan_earn(context: Context, token: Token) -> Answer:
    """A template's points are those of now, not those of when the token was made."""
    data = data_of(token, EarnData)
    _note_member(context, data.userId, data.memberId)
    if not context.has_admin_key:
        raise Refused("admin_required")
    try:
        async with context.services.database.connection() as connection:
            pricing = await price(connection, context.program_id, counted_pairs(data.templates))
    except Refused as missing:
        await posted_before(context, token_claim(token.jti), missing)
        raise Refused("token_used") from None
    metadata = {"templates": template_rows(pricing.templates)}
    return await _credit(context, token, "earn_qr", pricing.total, data.note, metadata)


async def _scan_give(context: Context, token: Token) -> Answer:
    data = data_of(token, GiveData)
    _note_member(context, data.userId, data.memberId)
    return await _credit(context, token, "earn_admin_give", data.amount, data.note, None)


async def _credit(
    context: Context,
    token: Token,
    action: str,
    amount: int,
    note: str | None,
    metadata: dict[str, Any] | None,
) -> Answer:
    # Without a member the token was made for a user id that nobody had, and is for whoever has it now.
    bound = context.member_id is not None
    member_id = context.member_id or await find_or_enrol_member(context, context.handle)
    command = Earn(
        account=AccountReference(member_id),
        action=action,
        attribution=await attribution(context, SCAN_SOURCE, note=note, metadata=metadata),
        claim=token_claim(token.jti),
        amount=amount,
    )
    posted = await post(context, command, bound=bound)
    if posted.replayed:
        raise Refused("token_used")
    values = await envelope(context, posted)
    answered = ScanAnswer(
        *values, context.handle, posted.transfer.amount, note, _templates(posted), token.typ.value
    )
    return json_answer(answered)


def _note_member(context: Context, handle: str, member_id: UUID | None) -> None:
    """Notes whom the token is for. On a child's device, others' tokens answer like unknown ones."""
    if member_id is not None and not reaches(context.caller, member_id):
        raise Refused("invalid_user")
    context.handle, context.member_id = handle, member_id


def _templates(posted: Posted) -> list[Any] | None:
    metadata = posted.transfer.metadata
    return metadata.get("templates") if metadata else None


async def _active_template(context: Context, template_id: int) -> EarnTemplate | None:
    async with context.services.database.connection() as connection:
        template = await find_template(connection, context.program_id, template_id)
    return template if template is not None and template.active else None
