"""What Stripe tells: memberships that are bought, paid and ended, and orders that are paid back.

A shop whose orders are paid through Stripe has their refunds take points back if its charges carry the
metadata `venue_id` and `order_id`, and `program` where the server has several.
"""

from typing import Any

from litestar import post
from litestar.handlers import HTTPRouteHandler

from regulars.contracts.sessions.descriptions_events import WEBHOOK
from regulars.contracts.sessions.wire_events import WebhookAnswer
from regulars.features.access.actions import find_program
from regulars.features.access.model import Program
from regulars.features.kiosk import actions as kiosk
from regulars.features.memberships import actions as memberships
from regulars.features.payments import actions as payments
from regulars.features.payments.model import Event
from regulars.http.access import PUBLIC
from regulars.http.answers import Answer, json_answer
from regulars.http.bodies import read_body
from regulars.http.requests import HttpRequest, header, services
from regulars.http.services import Services

_REFUNDED = "charge.refunded"


@post("/loyalty/stripe-webhook", opt={"access": PUBLIC, "operation": WEBHOOK})
async def receive(request: HttpRequest) -> Answer:
    """The event is in the books, or was before, or is none of ours. Its signature is the credential."""
    shared = services(request)
    payload = await read_body(request)
    event = payments.verify_event(payload, header(request, "stripe-signature"), shared.stripe, shared.clock())
    is_theirs = await memberships.receive_event(shared.database, shared.stripe, event, shared.clock)
    if not is_theirs and event.type == _REFUNDED:
        await _take_back(shared, event)
    return json_answer(WebhookAnswer())


async def _take_back(shared: Services, event: Event) -> None:
    """Takes back what the charge's order had earned, in proportion; repeating it changes nothing."""
    metadata: Any = event.object.get("metadata")
    refunded: Any = event.object.get("amount_refunded")
    if not isinstance(metadata, dict) or type(refunded) is not int:
        return
    order_id, venue_id = metadata.get("order_id"), metadata.get("venue_id")
    if not isinstance(order_id, str) or not isinstance(venue_id, str) or not order_id.strip():
        return
    program = await _program(shared, metadata.get("program"))
    venue = None if program is None else await shared.locations.get_by_slug(program.program_id, venue_id)
    if program is None or venue is None:
        return
    async with shared.database.connection() as connection:
        await kiosk.take_back_order(
            connection, program, venue, order_id=order_id, refunded_minor=refunded, clock=shared.clock
        )


async def _program(shared: Services, slug: Any) -> Program | None:
    """The program that is named, or else the server's first one."""
    if isinstance(slug, str):
        async with shared.database.connection() as connection:
            return await find_program(connection, slug)
    program_id = await shared.programs.default_program_id()
    return None if program_id is None else await shared.programs.get(program_id)


HANDLERS: list[HTTPRouteHandler] = [receive]
