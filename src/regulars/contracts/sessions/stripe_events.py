"""What Stripe tells: memberships that are bought, paid and ended, and orders whose money goes again.

A shop whose orders are paid through Stripe has their refunds and disputes take points back if its charges
carry the metadata `venue_id` and `order_id`, and `program` where the server has several. An event that
carries them itself leads to the order without a question to Stripe, so that such a shop needs no secret key.
"""

from typing import Any

from litestar import post
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from regulars.contracts.sessions.descriptions_events import WEBHOOK
from regulars.contracts.sessions.wire_events import WebhookAnswer
from regulars.features.access.actions import find_program
from regulars.features.access.model import Location, Program
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import Dispute
from regulars.features.memberships import actions as memberships
from regulars.features.payments import actions as payments
from regulars.features.payments.model import Event
from regulars.http.access import PUBLIC
from regulars.http.answers import Answer, json_answer
from regulars.http.bodies import read_body
from regulars.http.requests import HttpRequest, header, services
from regulars.http.services import Services


class _Order(Struct, frozen=True):
    """The order that a charge has paid, as its metadata name it."""

    order_id: str
    venue_id: str
    program: str | None


@post("/loyalty/stripe-webhook", opt={"access": PUBLIC, "operation": WEBHOOK})
async def receive(request: HttpRequest) -> Answer:
    """The event is in the books, or was before, or is none of ours. Its signature is the credential."""
    shared = services(request)
    payload = await read_body(request)
    event = payments.verify_event(payload, header(request, "stripe-signature"), shared.stripe, shared.clock())
    order = _order_of(event)
    if order is None and not await memberships.receive_event(
        shared.database, shared.stripe, event, shared.clock
    ):
        order = await _order_of_disputed_charge(shared, event)
    if order is not None:
        await _settle(shared, order, event)
    return json_answer(WebhookAnswer())


def _order_of(event: Event) -> _Order | None:
    """The order that a refund or a dispute names by itself."""
    is_about_money = payments.refunded_minor_in(event) is not None or payments.dispute_of(event) is not None
    return _order_in(event.object.get("metadata")) if is_about_money else None


async def _order_of_disputed_charge(shared: Services, event: Event) -> _Order | None:
    """The order of a dispute's charge, for Stripe does not copy a charge's metadata to its disputes."""
    dispute = payments.dispute_of(event)
    if dispute is None or dispute.charge_id is None:
        return None
    async with payments.connected(shared.stripe) as stripe:
        charge = await stripe.charge(dispute.charge_id)
    return None if charge is None else _order_in(charge.metadata)


def _order_in(metadata: Any) -> _Order | None:
    if not isinstance(metadata, dict):
        return None
    order_id, venue_id, program = (metadata.get(name) for name in ("order_id", "venue_id", "program"))
    if not isinstance(order_id, str) or not isinstance(venue_id, str) or not order_id.strip():
        return None
    return _Order(order_id, venue_id, program if isinstance(program, str) else None)


async def _settle(shared: Services, order: _Order, event: Event) -> None:
    """Takes back what the order had earned, or gives it back; repeating it changes nothing."""
    program = await _program(shared, order.program)
    venue = (
        None if program is None else await shared.locations.get_by_slug(program.program_id, order.venue_id)
    )
    if program is None or venue is None:
        return
    refunded_minor = payments.refunded_minor_in(event)
    if refunded_minor is None:
        await _dispute(shared, program, venue, order.order_id, event)
        return
    async with shared.database.connection() as connection:
        await kiosk.take_back_order(
            connection,
            program,
            venue,
            order_id=order.order_id,
            refunded_minor=refunded_minor,
            clock=shared.clock,
        )


async def _dispute(shared: Services, program: Program, venue: Location, order_id: str, event: Event) -> None:
    told = payments.dispute_of(event)
    assert told is not None, "an order is named by a refund or a dispute"
    dispute = Dispute(told.dispute_id, told.takes_money, told.is_closed, event.created_at)
    async with shared.database.connection() as connection:
        await kiosk.dispute_order(connection, program, venue, order_id, dispute, shared.clock)


async def _program(shared: Services, slug: str | None) -> Program | None:
    """The program that is named, or else the server's first one."""
    if slug is not None:
        async with shared.database.connection() as connection:
            return await find_program(connection, slug)
    program_id = await shared.programs.default_program_id()
    return None if program_id is None else await shared.programs.get(program_id)


HANDLERS: list[HTTPRouteHandler] = [receive]
