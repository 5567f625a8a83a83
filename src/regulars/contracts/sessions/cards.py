"""Cards over the counter: issuing one, and how a venue's cards look."""

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, structs

from regulars.contracts.sessions.addresses import base_url, wallet_path
from regulars.contracts.sessions.context import (
    ADMIN,
    ADMIN_SCOPE,
    INTERNAL_SCOPE,
    KIOSK_OR_INTERNAL,
    KIOSK_SCOPE,
    Context,
    open_context,
    venue_of,
)
from regulars.contracts.sessions.customers import enrol, upsert_answer
from regulars.contracts.sessions.descriptions import CHANGE_BRANDING, ISSUE_CARD, READ_BRANDING
from regulars.contracts.sessions.fields import read_fields, require
from regulars.contracts.sessions.settings import PUBLIC_BRANDING
from regulars.contracts.sessions.wire import (
    BrandingAnswer,
    BrandingBody,
    BrandingQuery,
    BrandingRow,
    IssueCardAnswer,
    UpsertBody,
)
from regulars.features.access.model import Location
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import Branding
from regulars.http.access import Access, keyless
from regulars.http.answers import Answer, json_answer
from regulars.http.queries import read_query
from regulars.http.requests import HttpRequest

BRANDING: Access = keyless(PUBLIC_BRANDING.name, KIOSK_SCOPE, INTERNAL_SCOPE, ADMIN_SCOPE)
"""How cards look is no secret, but whose they are has to be known: without a key, the first program's."""


@post("/api/issue-card", opt={"access": KIOSK_OR_INTERNAL, "operation": ISSUE_CARD})
async def issue_card(request: HttpRequest) -> Answer:
    """The customer with this phone number, and where the card is."""
    context = await open_context(request)
    body = await read_fields(request, UpsertBody)
    venue = await venue_of(context, body.venue_id)
    upserted = upsert_answer(await enrol(context, venue, body.phone_raw))
    base, token = base_url(request), upserted.wallet_token
    answer = IssueCardAnswer(
        **structs.asdict(upserted),
        venue_id=venue.slug,
        wallet_url=f"{base}{wallet_path(token)}",
        apple_wallet_url=f"{base}/wallet/apple/{token}",
        google_wallet_url=f"{base}/wallet/google/{token}",
        qr_image_url=f"{base}{wallet_path(token)}.png",
    )
    return json_answer(answer)


@get("/api/card-branding", opt={"access": BRANDING, "operation": READ_BRANDING})
async def read_branding(request: HttpRequest) -> Answer:
    """How a venue's cards look."""
    context = await open_context(request)
    venue_id = read_query(request, BrandingQuery).venue_id
    require([] if venue_id and venue_id.strip() else ["venue_id"])
    venue = await venue_of(context, venue_id or "")
    return _branding_answer(venue, kiosk.branding_of(venue))


@post("/api/card-branding", opt={"access": ADMIN, "operation": CHANGE_BRANDING})
async def change_branding(request: HttpRequest) -> Answer:
    """How a venue's cards look from now on."""
    context = await open_context(request)
    body = await read_fields(request, BrandingBody)
    venue = await venue_of(context, body.venue_id)
    changes = {
        name: value or ""
        for name, value in structs.asdict(body).items()
        if name != "venue_id" and value is not UNSET
    }
    return _branding_answer(venue, await _changed(context, venue, changes))


async def _changed(context: Context, venue: Location, changes: dict[str, str]) -> Branding:
    wanted = structs.replace(kiosk.branding_of(venue), **changes)
    branding = await context.services.database.run(
        lambda connection: kiosk.set_branding(connection, venue, wanted, context.now)
    )
    # Whoever reads it back through this process sees it at once, through others within two seconds.
    context.services.locations.forget(venue.program_id, venue.location_id)
    return branding


def _branding_answer(venue: Location, branding: Branding) -> Answer:
    row = BrandingRow(venue_id=venue.slug, **structs.asdict(branding))
    return json_answer(BrandingAnswer(branding=row))


HANDLERS: list[HTTPRouteHandler] = [issue_card, read_branding, change_branding]
