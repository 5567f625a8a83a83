"""The customer's own page: balance, rewards, the card's code, membership and history.

Whoever has the address has the card, as with a card of plastic; the token in it cannot be guessed.
"""

import io
from datetime import datetime

import segno
from litestar import get
from litestar.handlers import HTTPRouteHandler
from markupsafe import Markup
from msgspec import Struct

from regulars.base.refusals import Refused
from regulars.contracts.sessions.addresses import wallet_path
from regulars.contracts.sessions.colors import theme_of
from regulars.contracts.sessions.context import program_of
from regulars.contracts.sessions.descriptions_pages import WALLET
from regulars.contracts.sessions.errors import retry_after
from regulars.contracts.sessions.guessing import TOO_MANY, count_unknown_page
from regulars.contracts.sessions.pages import notice, render_page
from regulars.contracts.sessions.wallet_view import ENTRIES_MAX, WalletView, entries_of, wallet_view
from regulars.db.database import Connection, DatabaseUnavailable
from regulars.features.access.model import Location, Program
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import Balances
from regulars.features.ledger import actions as ledger
from regulars.features.ledger.model import AccountReference, Transfer, Verb
from regulars.features.ledger.model_lists import HistoryFilter
from regulars.features.passes import actions as passes
from regulars.features.passes.model import Pass
from regulars.http.access import PUBLIC
from regulars.http.answers import NO_STORE, Answer, with_headers
from regulars.http.requests import HttpRequest, services
from regulars.http.services import Services

PICTURE = ".png"
QR_SCALE = 10

_POINTS, _REWARDS, _EVERYWHERE = "points", "rewards", 0
_TOLD = (Verb.EARN, Verb.REDEEM, Verb.ADJUST, Verb.REFUND, Verb.CAPTURE, Verb.CLAWBACK)
"""What the history tells; what is only set aside for a cart is not gone."""


class Owner(Struct, frozen=True):
    """Whose card it is, and where."""

    card: Pass
    program: Program
    venue: Location


@get("/wallet/{token:str}", opt={"access": PUBLIC, "operation": WALLET})
async def show_wallet(request: HttpRequest) -> Answer:
    """The page of a card; with `.png` behind the token, its code as a picture."""
    token: str = request.path_params["token"]
    if token.endswith(PICTURE):
        return await _picture(request, token.removesuffix(PICTURE))
    try:
        return await _page(request, token)
    except Refused as refusal:
        return no_such_card(refusal)
    except DatabaseUnavailable:
        return notice(
            503, "One moment, please", "We cannot show your card right now.", hint="Please try again shortly."
        )


def unknown_card() -> Answer:
    """The page for an address that no card has."""
    return notice(
        404,
        "We do not know this card",
        "The link may be incomplete, or the card may have been replaced.",
        hint="Ask at the till for a new one.",
    )


def no_such_card(refusal: Refused) -> Answer:
    """The page for an address that no card has, or for whoever has tried too many of them."""
    if refusal.code != TOO_MANY:
        return unknown_card()
    page = notice(
        429,
        "One moment, please",
        "Too many cards that do not exist were looked for from here.",
        hint="Please check the link, and try again in a minute.",
    )
    return with_headers(page, retry_after(refusal.details))


async def owner_of(request: HttpRequest, token: str) -> Owner:
    """Whose card it is.

    Raises Refused: pass_not_found, also where its venue is closed; too_many_requests where too many cards
    that are none were asked for from the same address. Raises DatabaseUnavailable.
    """
    shared = services(request)
    async with shared.database.connection() as connection:
        card = await passes.find_public(connection, token)
    if card is None:
        await count_unknown_page(request)
        raise Refused("pass_not_found")
    program = await program_of(shared, card.program_id)
    venue = await shared.locations.get(card.program_id, card.location_id)
    if program is None or venue is None or not venue.active:
        raise Refused("pass_not_found")
    return Owner(card, program, venue)


async def _page(request: HttpRequest, token: str) -> Answer:
    shared, owner = services(request), await owner_of(request, token)
    async with shared.database.connection() as connection:
        view = await _view(connection, shared, owner)
    branding = kiosk.branding_of(owner.venue)
    return render_page(
        "wallet.html",
        theme=theme_of(branding.primary_color, branding.accent_color),
        logo_url=branding.logo_url,
        view=view,
        qr=qr_svg(token),
        apple_path=f"/wallet/apple/{token}" if shared.carriers.has_apple else None,
        google_path=f"/wallet/google/{token}" if shared.carriers.has_google else None,
    )


async def _view(connection: Connection, shared: Services, owner: Owner) -> WalletView:
    venue, card, now = owner.venue, owner.card, shared.clock()
    balances = await kiosk.balances_of(connection, card.program_id, venue, card.member_id, now)
    points = await _history(connection, card, _POINTS, venue.location_id)
    rewards = await _history(connection, card, _REWARDS, venue.location_id)
    rewards += await _history(connection, card, _REWARDS, _EVERYWHERE)
    return wallet_view(
        branding=kiosk.branding_of(venue),
        venue_name=venue.name,
        balances=balances,
        held=await _held(connection, card, venue, now),
        terms=kiosk.terms_of(owner.program),
        currency=venue.currency,
        entries=entries_of(points, rewards, venue.time_zone),
        join_path=_join_path(shared, card, balances),
        now=now,
        time_zone=venue.time_zone,
    )


async def _history(connection: Connection, card: Pass, asset: str, location_id: int) -> list[Transfer]:
    wanted = HistoryFilter(
        member_id=card.member_id, asset=asset, location_id=location_id, verbs=_TOLD, limit=2 * ENTRIES_MAX
    )
    rows = await ledger.list_history(connection, card.program_id, wanted)
    return [row.transfer for row in rows]


async def _held(connection: Connection, card: Pass, venue: Location, now: datetime) -> int:
    references = [
        AccountReference(card.member_id, _REWARDS, location_id)
        for location_id in (venue.location_id, _EVERYWHERE)
    ]
    states = await ledger.account_states(connection, card.program_id, references, now)
    return sum(state.held for state in states.values())


def _join_path(shared: Services, card: Pass, balances: Balances) -> str | None:
    """Where a membership is bought, if one can be and the customer has none."""
    stripe = shared.stripe
    is_sold = None not in (stripe.secret_key, stripe.price_id, stripe.cancel_url)
    return f"{wallet_path(card.token)}/join" if is_sold and not balances.membership_status.is_live else None


async def _picture(request: HttpRequest, token: str) -> Answer:
    await owner_of(request, token)
    picture = io.BytesIO()
    segno.make(token, error="m", micro=False).save(picture, kind="png", scale=QR_SCALE, border=4)
    return Answer(200, picture.getvalue(), ((b"content-type", b"image/png"), NO_STORE))


def qr_svg(token: str) -> Markup:
    """The card's code, black on white in any mode of the browser: kiosks read it off the screen."""
    code = segno.make(token, error="m", micro=False)
    return Markup(code.svg_inline(border=0, omitsize=True, light=None))  # noqa: S704 (segno's own drawing)


HANDLERS: list[HTTPRouteHandler] = [show_wallet]
