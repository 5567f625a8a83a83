"""From the customer's page on: the card for the phone's own wallet, and the purchase of a membership."""

from litestar import get
from litestar.handlers import HTTPRouteHandler

from regulars.base.refusals import Refused
from regulars.contracts.sessions.addresses import base_url, wallet_path
from regulars.contracts.sessions.descriptions_pages import APPLE_CARD, GOOGLE_CARD, JOIN
from regulars.contracts.sessions.faces import face_reader
from regulars.contracts.sessions.guessing import TOO_MANY
from regulars.contracts.sessions.pages import notice
from regulars.contracts.sessions.wallet_page import no_such_card, owner_of, unknown_card
from regulars.db.database import DatabaseUnavailable
from regulars.features.memberships import actions as memberships
from regulars.features.passes import actions as passes
from regulars.http.access import PUBLIC
from regulars.http.answers import NO_STORE, Answer, redirect_answer
from regulars.http.requests import HttpRequest, services

_NOT_YET = {
    "apple_wallet_not_configured": "Cards for Apple Wallet are not set up here yet.",
    "google_wallet_not_configured": "Cards for Google Wallet are not set up here yet.",
}
_NOBODYS = ("pass_not_found", "customer_not_found", TOO_MANY)
_LATER = "Please try again in a few minutes."


@get("/wallet/apple/{token:str}", opt={"access": PUBLIC, "operation": APPLE_CARD})
async def download_apple(request: HttpRequest) -> Answer:
    """The signed card as Apple Wallet takes it."""
    return await _apple(request, request.path_params["token"])


@get("/wallet/google/{token:str}", opt={"access": PUBLIC, "operation": GOOGLE_CARD})
async def save_to_google(request: HttpRequest) -> Answer:
    """On to Google, which saves the card."""
    shared, token = services(request), request.path_params["token"]
    try:
        owner = await owner_of(request, token)
        shared.carriers.google  # noqa: B018 (refuses when there is none)
        face = await face_reader(shared, base_url(request))(owner.card)
        if face is None:
            return unknown_card()
        return redirect_answer(
            await passes.google_save_link(shared.database, shared.carriers, owner.card, face)
        )
    except (Refused, DatabaseUnavailable) as error:
        return _no_card(error, token)


@get("/wallet/{token:str}/join", opt={"access": PUBLIC, "operation": JOIN})
async def join(request: HttpRequest) -> Answer:
    """On to Stripe, and back to the customer's page; however often it is opened, it is one purchase."""
    shared, token = services(request), request.path_params["token"]
    try:
        owner = await owner_of(request, token)
        back = base_url(request) + wallet_path(token)
        url = await memberships.checkout(
            shared.database,
            shared.stripe,
            owner.program,
            owner.venue,
            owner.card.member_id,
            back,
            shared.clock,
        )
    except (Refused, DatabaseUnavailable) as error:
        return _no_purchase(error, token)
    return redirect_answer(url)


async def _apple(request: HttpRequest, token: str) -> Answer:
    shared = services(request)
    try:
        owner = await owner_of(request, token)
        signed = await passes.pass_answer(
            shared.carriers.apple, owner.card, face_reader(shared, base_url(request))
        )
    except (Refused, DatabaseUnavailable) as error:
        return _no_card(error, token)
    if signed.media_type is None:
        return unknown_card()
    headers = (
        (b"content-type", signed.media_type.encode()),
        (b"content-disposition", b'attachment; filename="card.pkpass"'),
        NO_STORE,
    )
    return Answer(200, signed.body, headers)


def _no_card(error: Refused | DatabaseUnavailable, token: str) -> Answer:
    if isinstance(error, Refused) and error.code in _NOBODYS:
        return no_such_card(error)
    code = error.code if isinstance(error, Refused) else "unavailable"
    if code in _NOT_YET:
        hint = "Your card works all the same: show the code on its page at the till."
        return notice(501, "Not available yet", _NOT_YET[code], hint=hint, back=wallet_path(token))
    return notice(503, "One moment, please", "Your card cannot be handed out right now.", hint=_LATER)


def _no_purchase(error: Refused | DatabaseUnavailable, token: str) -> Answer:
    if isinstance(error, Refused) and error.code in _NOBODYS:
        return no_such_card(error)
    code = error.code if isinstance(error, Refused) else "unavailable"
    match code:
        case "already_a_member":
            return redirect_answer(wallet_path(token))
        case "stripe_not_configured":
            return notice(
                503, "Not available yet", "Memberships are not sold here yet.", back=wallet_path(token)
            )
        case _:
            return notice(503, "One moment, please", "Memberships cannot be bought right now.", hint=_LATER)


HANDLERS: list[HTTPRouteHandler] = [download_apple, save_to_google, join]
