"""Paid orders: the points they earn, and the reserved rewards that they redeem."""

from litestar import post
from litestar.handlers import HTTPRouteHandler

from regulars.contracts.sessions.context import KIOSK_OR_INTERNAL, customer_of, open_context, venue_of
from regulars.contracts.sessions.descriptions_events import EARN, REDEEM
from regulars.contracts.sessions.fields import filled, read_fields
from regulars.contracts.sessions.wire_events import EarnAnswer, EarnBody, RedeemAnswer, RedeemBody
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import PaidOrder
from regulars.http.answers import Answer, json_answer
from regulars.http.requests import HttpRequest


@post("/loyalty/earn-points-from-paid-order", opt={"access": KIOSK_OR_INTERNAL, "operation": EARN})
async def earn(request: HttpRequest) -> Answer:
    """Points for a paid order, once for each order and each payment."""
    context = await open_context(request)
    body = await read_fields(request, EarnBody)
    venue = await venue_of(context, body.venue_id)
    order = _order(body)
    async with context.services.database.connection() as connection:
        earned = await kiosk.earn(connection, context.program, venue, order, context.services.clock)
    answer = EarnAnswer(
        customer_id=None if earned.member_id is None else str(earned.member_id),
        points_earned=earned.points_earned,
        rewards_converted=earned.rewards_converted,
        new_points_balance=earned.points,
        new_rewards_balance=earned.rewards,
    )
    return json_answer(answer)


@post("/loyalty/redeem-reward-after-payment", opt={"access": KIOSK_OR_INTERNAL, "operation": REDEEM})
async def redeem(request: HttpRequest) -> Answer:
    """What was reserved for the order's cart is used up, once."""
    context = await open_context(request)
    body = await read_fields(request, RedeemBody)
    venue = await venue_of(context, body.venue_id)
    async with context.services.database.connection() as connection:
        redeemed = await kiosk.redeem(
            connection,
            context.program,
            venue,
            body.order_id,
            body.payment_event_id,
            filled(body.cart_session_id),
            context.services.clock,
        )
    answer = RedeemAnswer(
        customer_id=None if redeemed.member_id is None else str(redeemed.member_id),
        rewards_redeemed=redeemed.rewards_redeemed,
        status=redeemed.status.value,
        new_rewards_balance=redeemed.rewards,
    )
    return json_answer(answer)


def _order(body: EarnBody) -> PaidOrder:
    """The order as it was told. Raises Refused("customer_not_found") for an id that can be nobody's."""
    customer_id = filled(body.customer_id)
    return PaidOrder(
        order_id=body.order_id,
        payment_event_id=body.payment_event_id,
        total_minor=body.total_minor,
        currency=filled(body.currency),
        paid_at=body.paid_at,
        member_id=None if customer_id is None else customer_of(customer_id),
        cart_session_id=filled(body.cart_session_id),
    )


HANDLERS: list[HTTPRouteHandler] = [earn, redeem]
