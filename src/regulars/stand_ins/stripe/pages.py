"""The pages of the stand-in: where a customer pays or leaves, and where one plays the customer's bank.

Plain forms, without any script. What callers have sent is shown as text and nothing else.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from regulars.stand_ins.stripe import deeds
from regulars.stand_ins.stripe.account import Json
from regulars.stand_ins.stripe.views import account_view, checkout_view, returning

if TYPE_CHECKING:
    from regulars.stand_ins.stripe.stand_in import StripeStandIn

DECLINED = "declined"
"""What the form of a checkout says of the card that the bank refuses; every other one pays."""

_HERE = Path(__file__).parent / "templates"
_TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE = (_HERE / "stand_in.css").read_text(encoding="utf-8")
_STYLE_DIGEST = b64encode(sha256(_STYLE.encode()).digest()).decode()
# No form-action: who pays is sent on to the shop's site, which browsers would count as the form's.
_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; img-src data:; "
    "base-uri 'none'; frame-ancestors 'none'",
}


class Page(msgspec.Struct, frozen=True):
    """What a browser is answered."""

    status: int
    body: bytes
    headers: dict[str, str] = {}


def page_for(stand_in: "StripeStandIn", method: str, path: str, form: Json) -> Page:
    """The page at an address, or what comes of a button that was pressed there."""
    for pattern, show in _ROUTES:
        found = re.fullmatch(pattern, f"{method} {path}")
        if found:
            return show(stand_in, form, *found.groups())
    return _rendered("over.html", 404, title="There is nothing here", sentence="This address leads nowhere.")


def _show_account(stand_in: "StripeStandIn", form: Json) -> Page:
    stand_in.deliver()
    with stand_in.lock:
        view = account_view(stand_in.account, stand_in.deliveries.answers, is_told=bool(stand_in.webhook_url))
    return _rendered("account.html", view=view, deeds=deeds.DEEDS)


def _act(stand_in: "StripeStandIn", form: Json, subscription_id: str) -> Page:
    with stand_in.changing() as account:
        deeds.do(account, subscription_id, str(form.get("deed")))
    stand_in.deliver()
    return _see_other(f"/#{subscription_id}")


def _show_checkout(stand_in: "StripeStandIn", form: Json, session_id: str) -> Page:
    with stand_in.lock:
        session = stand_in.account.open_now(session_id)
    return _over() if session is None else _checkout(stand_in, session, is_declined=False)


def _pay(stand_in: "StripeStandIn", form: Json, session_id: str) -> Page:
    is_declined = form.get("card") == DECLINED
    with stand_in.changing() as account:
        session = account.open_now(session_id)
        if session is not None and is_declined:
            account.decline(session_id)
        elif session is not None:
            account.complete(session_id)
    if session is None:
        return _over()
    # Told before the customer is back, so that the shop's page shows the membership at once.
    stand_in.deliver()
    if is_declined:
        return _checkout(stand_in, session, is_declined=True)
    return _see_other(returning(session, "success_url"))


def _show_left(stand_in: "StripeStandIn", form: Json, session_id: str) -> Page:
    with stand_in.lock:
        session = stand_in.account.open_now(session_id)
    if session is None:
        return _over()
    return _rendered("left.html", session_id=session_id, customer_url=returning(session, "success_url"))


def _checkout(stand_in: "StripeStandIn", session: Json, *, is_declined: bool) -> Page:
    view = checkout_view(stand_in.account, session)
    return _rendered("checkout.html", 402 if is_declined else 200, view=view, is_declined=is_declined)


def _over() -> Page:
    return _rendered(
        "over.html",
        404,
        title="This checkout is over",
        sentence="It was paid, has lapsed, or was followed by another one. Begin again on the shop's page.",
    )


def _see_other(address: str) -> Page:
    return Page(303, b"", {"location": address} | _HEADERS)


def _rendered(template: str, status: int = 200, **values: Any) -> Page:
    style = Markup(_STYLE)  # noqa: S704 (our own file)
    html = _TEMPLATES.get_template(template).render(style=style, **values)
    return Page(status, html.encode(), _HEADERS)


_ROUTES: list[tuple[str, Callable[..., Page]]] = [
    ("GET /", _show_account),
    (r"POST /subscriptions/(\w+)", _act),
    (r"GET /pay/(\w+)", _show_checkout),
    (r"POST /pay/(\w+)", _pay),
    (r"GET /left/(\w+)", _show_left),
]
