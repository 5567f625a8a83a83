"""Links that people follow, and clicks that the shop tells of."""

from litestar import get, post
from litestar.handlers import HTTPRouteHandler

from regulars.base.refusals import Refused
from regulars.contracts.fittwin.context import INTERNAL, Context, link_to, open_context, program_of
from regulars.contracts.fittwin.descriptions import CLICK, FOLLOW
from regulars.contracts.fittwin.fields import read_fields
from regulars.contracts.fittwin.guessing import counting_links
from regulars.contracts.fittwin.paths import both
from regulars.contracts.fittwin.sharing import rid_of
from regulars.contracts.fittwin.wire import ClickBody
from regulars.features.referrals import actions as referrals
from regulars.features.referrals.model import Referral, Source
from regulars.features.referrals.model_settings import policy_of
from regulars.http.access import PUBLIC
from regulars.http.answers import Answer, no_content, redirect_answer
from regulars.http.requests import (
    HttpRequest,
    asks_for_headers_only,
    client_address,
    header,
    services,
)
from regulars.http.services import Services

_USER_AGENT_LENGTH_MAX = 500


@get(both("/r/{rid:str}"), opt={"access": PUBLIC, "operation": FOLLOW})
async def follow(request: HttpRequest) -> Answer:
    """Leads to the product in the shop. It counts as a click of the browser at its address."""
    shared, rid = services(request), rid_of(request)
    async with counting_links(request):
        context, referral = await _linked(shared, rid)
    program = context.program
    if not asks_for_headers_only(request):
        address, agent = client_address(request), header(request, "user-agent") or ""
        browser = f"{address or ''} {agent[:_USER_AGENT_LENGTH_MAX]}"
        source = Source(device=context.hashes.device(browser), address=context.hashes.address(address))
        # A browser may call itself anything, so that its address alone says where clicks come from.
        await _count(context, referral, source, Source(address=source.address))
    return redirect_answer(link_to(request, program, referral.product_slug, rid))


@post(both("/referrals/{rid:str}/track-click"), opt={"access": INTERNAL, "operation": CLICK})
async def track_click(request: HttpRequest) -> Answer:
    """A click that the shop tells of. Without a word about its device it is one of the caller's own."""
    context, rid = await open_context(request), rid_of(request)
    body = await read_fields(request, ClickBody, empty_is_object=True)
    async with context.services.database.connection() as connection:
        referral = await referrals.find(connection, context.program_id, rid)
    if referral is None:
        raise Refused("referral_not_found")
    hashes = context.hashes
    told = Source(device=hashes.device(body.device_fingerprint), address=hashes.address(body.ip))
    fallback = hashes.device(f"{body.ip or client_address(request) or ''} {header(request, 'user-agent')}")
    await _count(context, referral, Source(device=told.device or fallback), told)
    return no_content()


async def _linked(shared: Services, rid: str) -> tuple[Context, Referral]:
    """The RID of a link, and its program. Raises Refused("referral_not_found")."""
    async with shared.database.connection() as connection:
        found = await referrals.find_link(connection, rid)
    program = None if found is None else await program_of(shared, found[0])
    if found is None or program is None:
        raise Refused("referral_not_found")
    return Context(shared, program), found[1]


async def _count(context: Context, referral: Referral, clicked: Source, counted: Source) -> None:
    """Counts a click on a RID that is active. One of a flood is not believed, and flags the RID."""
    now = context.now
    if not referrals.counts_clicks(referral, now):
        return
    flooded = await referrals.is_flood(context.services.attempts, context.program, counted)
    async with context.services.database.connection() as connection:
        if flooded:
            policy = policy_of(context.program)
            await referrals.flag_flood(connection, context.program_id, referral.rid, policy, now)
        else:
            assert clicked.device is not None, "each click has a device, if only that of the caller"
            await referrals.click(connection, context.program_id, referral.rid, clicked.device, now)


HANDLERS: list[HTTPRouteHandler] = [follow, track_click]
