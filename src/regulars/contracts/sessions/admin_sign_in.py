"""A person signs in to the admin page with the admin key, which the browser then keeps under seal.

What the published contract answers to programs stays as it is: whoever sends the key in its header, or does
not ask for a page, is answered in the contract's envelope.
"""

from urllib.parse import urlencode, urlsplit

from litestar import post
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler

from regulars.base.refusals import Refused
from regulars.contracts.sessions.addresses import base_url
from regulars.contracts.sessions.context import ADMIN_SCOPE
from regulars.contracts.sessions.descriptions_admin import SIGN_IN, SIGN_OUT
from regulars.contracts.sessions.errors import published, retry_after
from regulars.contracts.sessions.fields import FIELDS_REQUIRED, require
from regulars.contracts.sessions.guessing import TOO_MANY, count_wrong_admin_key
from regulars.contracts.sessions.pages import notice, render_page
from regulars.contracts.sessions.wire_events import AdminQuery, SignInForm
from regulars.http.access import PUBLIC, is_from_another_site
from regulars.http.answers import Answer, Header, redirect_answer, with_headers
from regulars.http.authentication import caller_of_key
from regulars.http.failures import Failure, FailureKind, Problem, QueryRefused, RequestRefused, failure_of
from regulars.http.queries import read_form, read_query
from regulars.http.requests import HttpRequest, first_headers, header, prefers_page, services
from regulars.http.sealed_keys import LIFETIME

PAGE = "/admin"
KEY_HEADER = "x-admin-key"
COOKIE = "sessions_admin"
_KEY_FIELD = "admin_key"

UNKNOWN_VENUE = "No venue of that name."
_WRONG_KEY = "That key does not open this page."
_NO_KEY = "Please enter the admin key."
_TOO_MANY_KEYS = "Too many wrong keys were tried from here. Please try again in a minute."
_SIGNED_OUT = "You have been signed out. Please sign in again."
_ELSEWHERE = "Please sign in on this page."
_UNREADABLE = "That could not be read. Please try again."
_LATER = "The server cannot do this right now. Please try again in a moment."

_UNAUTHORIZED = (FailureKind.CREDENTIAL_MISSING, FailureKind.CREDENTIAL_INVALID, FailureKind.ACCESS_DENIED)


def is_person(request: HttpRequest) -> bool:
    """Whether this is about somebody at a browser: programs send the key in its header."""
    return KEY_HEADER.encode() not in first_headers(request.scope)


def page_of_failure(request: HttpRequest, failure: Failure) -> Answer | None:
    """What people are shown instead of the admin page; programs are answered as the contract says."""
    if not (is_person(request) and prefers_page(request)):
        return None
    if failure.kind not in _UNAUTHORIZED:
        status, _ = published(failure)
        page = notice(status, "This page cannot be shown", _LATER if status >= 500 else _UNREADABLE)
        return with_headers(page, failure.headers)
    expired = failure.kind is FailureKind.CREDENTIAL_INVALID
    return _sign_in_page(401, _SIGNED_OUT if expired else "", _venue_asked_for(request))


def page_of_wrong_form(request: HttpRequest, failure: Failure) -> Answer | None:
    """The sign-in page with what was wrong, for people."""
    return _page_of_refusal(failure, "") if prefers_page(request) else None


@post(
    "/admin/sign-in",
    opt={"access": PUBLIC, "operation": SIGN_IN, "page_of_failure": page_of_wrong_form},
)
async def sign_in(request: HttpRequest) -> Answer:
    """On to the venue's figures, with the key in a cookie of this page."""
    _require_own_page(request)
    key, venue_id = await _key_and_venue(request)
    try:
        await _require_admin_key(request, key)
    except (Refused, RequestRefused) as refusal:
        if not prefers_page(request):
            raise
        return _page_of_refusal(failure_of(refusal), venue_id)
    sealed = services(request).sealed_keys.seal(key)
    target = f"{PAGE}?{urlencode({'venue_id': venue_id})}" if venue_id else PAGE
    cookie = _cookie(request, sealed, int(LIFETIME.total_seconds()))
    return with_headers(redirect_answer(target, 303), [cookie])


@post("/admin/sign-out", opt={"access": PUBLIC, "operation": SIGN_OUT, "page_of_failure": page_of_failure})
async def sign_out(request: HttpRequest) -> Answer:
    """Back to the sign-in page, without the cookie."""
    _require_own_page(request)
    return with_headers(redirect_answer(PAGE, 303), [_cookie(request, "", 0)])


def _require_own_page(request: HttpRequest) -> None:
    """Passes what a page of ours sent: nobody is signed in or out by a page of somebody else.

    A proxy may put another name into Host than browsers know, so the server's own public address counts too.
    """
    if not is_from_another_site(first_headers(request.scope)):
        return
    own = urlsplit(base_url(request))
    if header(request, "origin") != f"{own.scheme}://{own.netloc}":
        raise RequestRefused(FailureKind.ACCESS_DENIED)


async def _key_and_venue(request: HttpRequest) -> tuple[str, str]:
    """What the form says, without the space that comes along when a key is copied."""
    try:
        form = await read_form(request, SignInForm)
    except QueryRefused as refusal:
        require([_KEY_FIELD] if refusal.kind is Problem.MISSING else [])
        raise
    key = form.admin_key.strip()
    require([] if key else [_KEY_FIELD])
    return key, (form.venue_id or "").strip()


async def _require_admin_key(request: HttpRequest, key: str) -> None:
    """Passes for a key that may see the page. Others are counted by address; a right one never is refused.

    Raises RequestRefused, Refused("too_many_requests") and DatabaseUnavailable.
    """
    caller = await caller_of_key(key, services(request))
    if caller is None or ADMIN_SCOPE not in caller.scopes:
        await count_wrong_admin_key(request)
        raise RequestRefused(FailureKind.CREDENTIAL_INVALID)


def _page_of_refusal(failure: Failure, venue_id: str) -> Answer:
    status, _ = published(failure)
    page = _sign_in_page(status, _sentence(failure, status), venue_id)
    return with_headers(page, (*failure.headers, *retry_after(failure.details)))


def _sentence(failure: Failure, status: int) -> str:
    """What to tell whoever has sent a form that was refused."""
    if failure.code == TOO_MANY:
        return _TOO_MANY_KEYS
    if failure.kind is FailureKind.CREDENTIAL_INVALID:
        return _WRONG_KEY
    if failure.kind is FailureKind.ACCESS_DENIED:
        return _ELSEWHERE
    if failure.field == "venue_id":
        return UNKNOWN_VENUE
    if failure.code == FIELDS_REQUIRED:
        return _NO_KEY
    if failure.field == _KEY_FIELD:
        return _WRONG_KEY
    return _LATER if status >= 500 else _UNREADABLE


def _sign_in_page(status: int, error: str, venue_id: str) -> Answer:
    return render_page("admin_sign_in.html", status, has_form=True, error=error, venue_id=venue_id)


def _venue_asked_for(request: HttpRequest) -> str:
    try:
        return read_query(request, AdminQuery).venue_id or ""
    except QueryRefused:
        return ""


def _cookie(request: HttpRequest, content: str, lifetime_seconds: int) -> Header:
    """The header that sets the cookie, for our pages alone and out of reach of any script."""
    cookie = Cookie(
        key=COOKIE,
        value=content,
        path=PAGE,
        max_age=lifetime_seconds,
        secure=base_url(request).startswith("https:"),
        httponly=True,
        samesite="strict",
    )
    return b"set-cookie", cookie.to_header(header="").encode()


HANDLERS: list[HTTPRouteHandler] = [sign_in, sign_out]
