"""Carts: whose they are, and the rewards that are reserved for them.

Guards of apply-reward-to-cart in this order, the first that applies wins: credential, body, venue, customer,
count, the idempotency key, a hold that is there already, the rewards that are available.
"""

from litestar import post
from litestar.handlers import HTTPRouteHandler

from regulars.contracts.sessions.context import KIOSK, Context, customer_of, moment, open_context, venue_of
from regulars.contracts.sessions.descriptions import APPLY, ATTACH
from regulars.contracts.sessions.fields import filled, read_fields
from regulars.contracts.sessions.wire import ApplyAnswer, ApplyBody, AttachAnswer, AttachBody, CartLinkRow
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import RequestKey
from regulars.http.answers import Answer, json_answer
from regulars.http.requests import HttpRequest, header

IDEMPOTENCY_HEADER = "x-idempotency-key"


@post("/loyalty/attach-customer-to-cart-session", opt={"access": KIOSK, "operation": ATTACH})
async def attach(request: HttpRequest) -> Answer:
    """The cart is this customer's from now on."""
    context = await open_context(request)
    body = await read_fields(request, AttachBody)
    venue = await venue_of(context, body.venue_id)
    async with context.services.database.connection() as connection:
        link = await kiosk.attach(
            connection, venue, body.cart_session_id, customer_of(body.customer_id), context.services.clock
        )
    row = CartLinkRow(
        cart_session_id=link.cart_session_id,
        customer_id=str(link.member_id),
        venue_id=venue.slug,
        status=str(link.status),
    )
    return json_answer(AttachAnswer(link=row))


@post("/loyalty/apply-reward-to-cart", opt={"access": KIOSK, "operation": APPLY})
async def apply(request: HttpRequest) -> Answer:
    """Rewards are reserved for the cart; asking again answers the same hold."""
    context = await open_context(request)
    body = await read_fields(request, ApplyBody)
    venue = await venue_of(context, body.venue_id)
    async with context.services.database.connection() as connection:
        hold = await kiosk.apply_reward(
            connection,
            context.program,
            venue,
            body.cart_session_id,
            customer_of(body.customer_id),
            1 if body.reward_count is None else body.reward_count,
            _request_key(request, context, body),
            context.services.clock,
        )
    answer = ApplyAnswer(
        hold_id=str(hold.hold_id),
        expires_at=moment(hold.expires_at),
        discount_minor=hold.discount_minor,
        rewards_balance=hold.rewards_balance,
    )
    return json_answer(answer)


def _request_key(request: HttpRequest, context: Context, body: ApplyBody) -> RequestKey | None:
    """The idempotency key, bare or in quotes, of the header or else of the body; None without any."""
    text = header(request, IDEMPOTENCY_HEADER) or body.idempotency_key or ""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    key = filled(text)
    if key is None:
        return None
    # Kiosks whose tokens somebody else issues cannot be told apart, so they share one scope.
    return RequestKey(f"kiosk:{context.caller.credential_id or 'token'}", key)


HANDLERS: list[HTTPRouteHandler] = [attach, apply]
