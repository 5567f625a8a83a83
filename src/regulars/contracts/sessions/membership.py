"""Buying a membership: for the shop's server, and by a link that the shop has signed."""

from urllib.parse import urlsplit
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler

from regulars.base.refusals import Refused
from regulars.contracts.sessions.addresses import base_url, wallet_path
from regulars.contracts.sessions.context import INTERNAL, customer_of, open_context, venue_of
from regulars.contracts.sessions.descriptions_events import CHECKOUT, MEMBERSHIP
from regulars.contracts.sessions.fields import read_fields
from regulars.contracts.sessions.link_secrets import programs_of
from regulars.contracts.sessions.links import Link, LinkRefused, read_link
from regulars.contracts.sessions.wire_events import CheckoutAnswer, CheckoutBody
from regulars.db.database import DatabaseUnavailable
from regulars.features.access.model import Location, Program
from regulars.features.memberships import actions as memberships
from regulars.features.passes import actions as passes
from regulars.http.access import PUBLIC
from regulars.http.answers import Answer, json_answer, redirect_answer, text_answer
from regulars.http.requests import HttpRequest, services
from regulars.http.services import Services

_SENTENCES: dict[str, tuple[int, str]] = {
    "venue_not_found": (404, "There is no such venue."),
    "customer_not_found": (404, "There is no such customer."),
    "invalid_return_url": (400, "return_url is not allowed."),
    "already_a_member": (409, "You are a member already."),
    "stripe_not_configured": (503, "Memberships are not sold here yet."),
}
_LATER = (503, "Memberships cannot be bought right now. Please try again in a few minutes.")


@post("/loyalty/membership-checkout-create-session", opt={"access": INTERNAL, "operation": CHECKOUT})
async def create_checkout(request: HttpRequest) -> Answer:
    """Where the membership is paid for; the same address for as long as it can be used."""
    context = await open_context(request)
    body = await read_fields(request, CheckoutBody)
    venue = await venue_of(context, body.venue_id)
    member_id = customer_of(body.customer_id)
    return_url = allowed_return_url(request, body.return_url)
    url = await _checkout(context.services, context.program, venue, member_id, return_url)
    return json_answer(CheckoutAnswer(checkout_url=url))


@get("/membership", opt={"access": PUBLIC, "operation": MEMBERSHIP})
async def follow_link(request: HttpRequest) -> Answer:
    """On to Stripe, for whoever has a link that the shop has made."""
    try:
        link = read_link(request.scope["query_string"])
        return await _follow(request, link)
    except LinkRefused as refused:
        return text_answer(refused.sentence, refused.status)
    except Refused as refusal:
        status, sentence = _SENTENCES.get(refusal.code, _LATER)
        return text_answer(sentence, status)
    except DatabaseUnavailable:
        status, sentence = _LATER
        return text_answer(sentence, status)


def allowed_return_url(request: HttpRequest, url: str) -> str:
    """The address, if it is of an allowed origin. Raises Refused("invalid_return_url")."""
    allowed = {origin.rstrip("/").lower() for origin in services(request).settings.membership_return_origins}
    allowed.add((origin_of(base_url(request)) or "").lower())
    origin = origin_of(url)
    if origin is None or origin not in allowed:
        raise Refused("invalid_return_url")
    return url


def origin_of(url: str) -> str | None:
    """Scheme, host and port of a web address, or None where a browser might read another one."""
    if not url.isascii() or not url.isprintable() or set(url) & set(" \\\"'<>"):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if port in (None, usual) else f":{port}")


async def _follow(request: HttpRequest, link: Link) -> Answer:
    shared = services(request)
    programs = await programs_of(shared, link, shared.clock())
    return_url = None if link.return_url is None else allowed_return_url(request, link.return_url)
    refusal = Refused("venue_not_found")
    for program in programs:
        venue = await shared.locations.get_by_slug(program.program_id, link.venue_id)
        if venue is None or not venue.active:
            continue
        member_id = customer_of(link.customer_id)
        try:
            back = return_url or await _page_of(request, venue, member_id)
            return redirect_answer(await _checkout(shared, program, venue, member_id, back))
        except Refused as refused:
            if refused.code not in ("customer_not_found", "member_not_found"):
                raise
            refusal = Refused("customer_not_found")
    raise refusal


async def _page_of(request: HttpRequest, venue: Location, member_id: UUID) -> str:
    """The customer's own page, which is where a purchase leads unless the link says otherwise."""
    shared = services(request)
    card = await shared.database.run(
        lambda connection: passes.issue(
            connection, venue.program_id, venue.location_id, member_id, shared.clock()
        )
    )
    return base_url(request) + wallet_path(card.token)


async def _checkout(
    shared: Services, program: Program, venue: Location, member_id: UUID, return_url: str | None
) -> str:
    return await memberships.checkout(
        shared.database, shared.stripe, program, venue, member_id, return_url, shared.clock
    )


HANDLERS: list[HTTPRouteHandler] = [create_checkout, follow_link]
