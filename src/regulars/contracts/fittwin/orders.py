"""Orders as the shop tells of them: about to be paid, paid, given back."""

from datetime import UTC, datetime, timedelta

from litestar import post
from litestar.handlers import HTTPRouteHandler

from regulars.base.refusals import Refused
from regulars.contracts.fittwin.context import INTERNAL, moment, open_context
from regulars.contracts.fittwin.descriptions import CANCEL, PURCHASE, REFUND, VALIDATE
from regulars.contracts.fittwin.errors import REASONS
from regulars.contracts.fittwin.fields import read_fields, wrong
from regulars.contracts.fittwin.paths import both
from regulars.contracts.fittwin.wire import (
    PurchaseAnswer,
    PurchaseBody,
    ReturnAnswer,
    ValidateAnswer,
    ValidateBody,
)
from regulars.features.referrals import actions as referrals
from regulars.features.referrals.model import (
    ORDER_ID_LENGTH_MAX,
    Checkout,
    Ending,
    Purchase,
    Source,
)
from regulars.http.answers import Answer, json_answer
from regulars.http.requests import HttpRequest

DELIVERED_FROM = datetime(2000, 1, 1, tzinfo=UTC)
DELIVERED_AHEAD_MAX = timedelta(days=366)


@post(both("/referrals/validate"), status_code=200, opt={"access": INTERNAL, "operation": VALIDATE})
async def validate(request: HttpRequest) -> Answer:
    """Whether an order came by a RID; with a 409 if it did not."""
    context = await open_context(request)
    body = await read_fields(request, ValidateBody)
    hashes = context.hashes
    source = Source(
        person=hashes.person(body.user_id),
        device=hashes.device(body.device_fingerprint),
        address=hashes.address(body.ip),
    )
    checkout = Checkout(body.rid.strip(), _order_id(body.order_id), source)
    async with context.services.database.connection() as connection:
        verdict = await referrals.validate(connection, context.program, checkout, context.now)
    answer = ValidateAnswer(
        valid=verdict.valid,
        attribution="first_click" if verdict.valid else None,
        reason=None if verdict.reason is None else REASONS[verdict.reason],
    )
    return json_answer(answer, 200 if verdict.valid else 409)


@post(both("/referrals/attribute-purchase"), status_code=200, opt={"access": INTERNAL, "operation": PURCHASE})
async def attribute(request: HttpRequest) -> Answer:
    """The order was paid, and its reward is held."""
    context = await open_context(request)
    body = await read_fields(request, PurchaseBody)
    purchase = Purchase(
        rid=body.rid.strip(),
        order_id=_order_id(body.order_id),
        order_total=body.order_total,
        currency=body.currency.strip().upper(),
        delivered_at=_delivered(body.delivered_at, context.now),
    )
    async with context.services.database.connection() as connection:
        paid = await referrals.attribute(connection, context.program, purchase, context.now)
    answer = PurchaseAnswer(
        rid=paid.rid,
        orderId=paid.order_id,
        orderTotal=paid.order_total,
        rewardAmount=paid.reward_amount,
        currency=paid.currency,
        status=None if paid.reward_status is None else paid.reward_status.value,
        holdUntil=None if paid.hold_until is None else moment(paid.hold_until),
    )
    return json_answer(answer)


@post(
    both("/referrals/orders/{orderId:str}/refund"),
    status_code=200,
    opt={"access": INTERNAL, "operation": REFUND},
)
async def refund(request: HttpRequest) -> Answer:
    """The order was refunded."""
    return await _give_back(request, Ending.REFUNDED)


@post(
    both("/referrals/orders/{orderId:str}/cancel"),
    status_code=200,
    opt={"access": INTERNAL, "operation": CANCEL},
)
async def cancel(request: HttpRequest) -> Answer:
    """The order was cancelled."""
    return await _give_back(request, Ending.CANCELLED)


async def _give_back(request: HttpRequest, ending: Ending) -> Answer:
    context = await open_context(request)
    order_id = referrals.plain_id(request.path_params["orderId"])
    if not 1 <= len(order_id) <= ORDER_ID_LENGTH_MAX or "\0" in order_id:
        raise Refused("order_not_found")
    async with context.services.database.connection() as connection:
        back = await referrals.return_order(
            connection, context.program_id, order_id, ending, context.services.clock
        )
    answer = ReturnAnswer(
        rid=back.rid,
        orderId=back.order_id,
        rewardStatus=None if back.reward_status is None else back.reward_status.value,
        clawedBack=back.taken_back,
    )
    return json_answer(answer)


def _order_id(text: str) -> str:
    """The order's id in one spelling. Raises BodyRefused for one that no address of a refund can hold."""
    order_id = referrals.plain_id(text)
    if "/" in order_id or order_id in (".", ".."):
        raise wrong("orderId", "orderId: cannot be part of an address")
    return order_id


def _delivered(at: datetime | None, now: datetime) -> datetime | None:
    """When the order was delivered. Raises BodyRefused for a day at which nothing can have been."""
    if at is None or DELIVERED_FROM <= at <= now + DELIVERED_AHEAD_MAX:
        return at
    raise wrong("deliveredAt", "deliveredAt: neither before 2000 nor more than a year ahead")


HANDLERS: list[HTTPRouteHandler] = [validate, attribute, refund, cancel]
