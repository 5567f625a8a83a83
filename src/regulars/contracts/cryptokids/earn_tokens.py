"""Making the tokens of QR codes: `POST /api/tokens/earn`, `POST /api/tokens/give`.

An unknown user id may get a token where an earn would enrol it: the points are given when it is scanned.
"""

from uuid import UUID

from litestar import post as post_route

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.contracts.cryptokids import descriptions
from regulars.contracts.cryptokids.answering import Endpoint, answer, body_of, required_user
from regulars.contracts.cryptokids.context import ADMIN_KEY, CHILD, Context, find_member, may_enrol
from regulars.contracts.cryptokids.holds import row_id
from regulars.contracts.cryptokids.posting import cut_note
from regulars.contracts.cryptokids.tokens import (
    CountedId,
    EarnData,
    GiveData,
    counted_pairs,
    make_token,
    qr_text,
)
from regulars.contracts.cryptokids.wire import EarnTokenAnswer, GiveTokenAnswer
from regulars.contracts.cryptokids.wire_bodies import EarnTokenBody, GiveTokenBody, TemplateCount
from regulars.features.members.actions import clean_handle
from regulars.features.rewards.actions import price
from regulars.features.rewards.model import TokenType
from regulars.http.answers import Answer, json_answer
from regulars.http.requests import HttpRequest

_PAYLOAD_FAULTS = dict.fromkeys((None, "userId", "user_id", "note"), "invalid_payload")
EARN_TOKEN = Endpoint(
    name="tokens.earn", access=CHILD, faults={**_PAYLOAD_FAULTS, "templates": "invalid_templates"}
)
GIVE_TOKEN = Endpoint(
    name="tokens.give", access=ADMIN_KEY, faults={**_PAYLOAD_FAULTS, "amount": "invalid_amount"}
)


@post_route("/api/tokens/earn", opt={"access": EARN_TOKEN.access, "operation": descriptions.EARN_TOKEN})
async def make_earn_token(request: HttpRequest) -> Answer:
    """A token for chores done, which a parent confirms."""
    return await answer(request, EARN_TOKEN, _earn_token)


@post_route("/api/tokens/give", opt={"access": GIVE_TOKEN.access, "operation": descriptions.GIVE_TOKEN})
async def make_give_token(request: HttpRequest) -> Answer:
    """A token for a gift, which the child collects."""
    return await answer(request, GIVE_TOKEN, _give_token)


async def _earn_token(context: Context) -> Answer:
    body = body_of(context, EarnTokenBody)
    member_id = await _member_if_known(context, required_user(body.user_id, body.user_id_snake))
    counted = tuple(_counted(template) for template in body.templates)
    async with context.services.database.connection() as connection:
        pricing = await price(connection, context.program_id, counted_pairs(counted))
    data = EarnData(context.handle, counted, member_id, cut_note(body.note))
    text, token = make_token(context, TokenType.EARN, data, str(new_id()))
    return json_answer(EarnTokenAnswer(text, qr_text(context, text), token.exp, pricing.total))


async def _give_token(context: Context) -> Answer:
    body = body_of(context, GiveTokenBody)
    member_id = await _member_if_known(context, required_user(body.user_id, body.user_id_snake))
    data = GiveData(context.handle, body.amount, member_id, cut_note(body.note))
    text, token = make_token(context, TokenType.GIVE, data, str(new_id()))
    return json_answer(GiveTokenAnswer(text, qr_text(context, text), token.exp, body.amount))


async def _member_if_known(context: Context, user_id: str) -> UUID | None:
    """The member, or None for an id that an earn may make one of. Raises Refused("invalid_user")."""
    try:
        return await find_member(context, user_id)
    except Refused:
        if not may_enrol(context) or clean_handle(user_id) is None:
            raise
        return None


def _counted(template: TemplateCount) -> CountedId:
    template_id = row_id(template.id)
    assert template_id is not None
    return CountedId(template_id, template.count)
