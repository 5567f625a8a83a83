"""The page of the receiver: what arrived and whether it verified. Plain HTML without any script."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

if TYPE_CHECKING:
    from regulars.stand_ins.webhooks.receiver import Arrival

_HERE = Path(__file__).parent / "templates"
_TEMPLATE = Environment(
    loader=FileSystemLoader(_HERE),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("receiver.html")
# It looks like the other stand-in's pages.
_STYLE = (_HERE.parents[1] / "stripe" / "templates" / "stand_in.css").read_text(encoding="utf-8")
_STYLE_DIGEST = b64encode(sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}

CHOICES = {
    200: "Take webhooks in",
    500: "Answer 500, so that they come again",
    410: "Answer 410, so that the endpoint is disabled",
}


def page_of(arrivals: Sequence["Arrival"], answer: int) -> bytes:
    """The page, with what came lately and the buttons for what is answered."""
    style = Markup(_STYLE)  # noqa: S704 (our own file)
    return _TEMPLATE.render(style=style, arrivals=arrivals, answer=answer, choices=CHOICES).encode()
