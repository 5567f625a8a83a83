"""Complete answers: a status, a body and its headers, ready to be sent."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import msgspec
from litestar.types import Receive, Scope, Send

Header = tuple[bytes, bytes]

_encoder = msgspec.json.Encoder()
# Nothing between us and the caller may keep what is about a person.
NO_STORE: Header = (b"cache-control", b"no-store")
_JSON: tuple[Header, ...] = ((b"content-type", b"application/json"), NO_STORE)
_PAGE_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"x-frame-options", b"DENY"),
    NO_STORE,
)
_BODILESS = (204, 304)
_ADDRESS_SIGNS = ":/?#[]@!$&'()*+,;=%"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The content security policy of a page, unless it asks for another one."""


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer whose body is complete.

    Litestar's own response costs five times as much to build, for headers that nobody reads again.
    Longer answers than memory should hold are sent with `litestar.response.Stream`.
    """

    status: int
    body: bytes
    headers: tuple[Header, ...] = _JSON

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer."""
        headers = [*self.headers]
        if self.status not in _BODILESS:
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def json_answer(value: Any, status: int = 200, headers: tuple[Header, ...] = ()) -> Answer:
    """`value` as JSON: structs, dictionaries, lists, dates, UUIDs, whatever msgspec encodes."""
    return Answer(status, _encoder.encode(value), _JSON + headers)


def page_answer(
    html: str,
    status: int = 200,
    *,
    policy: str = PAGE_POLICY,
    has_form: bool = False,
    headers: tuple[Header, ...] = (),
) -> Answer:
    """An HTML page that cannot be framed and loads nothing from elsewhere.

    `policy` replaces the content security policy; it must name frame-ancestors itself. A page that
    `has_form` tells the server, and nobody else, where the form was sent from: under `no-referrer`
    browsers keep that to themselves, and the form would look as if another site had sent it.
    """
    referrer = b"same-origin" if has_form else b"no-referrer"
    safety = ((b"content-security-policy", policy.encode()), (b"referrer-policy", referrer))
    return Answer(status, html.encode(), _PAGE_HEADERS + safety + headers)


def text_answer(
    text: str,
    status: int = 200,
    *,
    media_type: str = "text/plain; charset=utf-8",
    file_name: str | None = None,
) -> Answer:
    """Text of another media type, CSV for example; with `file_name` a browser saves instead of showing it."""
    headers: tuple[Header, ...] = ((b"content-type", media_type.encode()), NO_STORE)
    if file_name is not None:
        headers += ((b"content-disposition", f'attachment; filename="{_safe_name(file_name)}"'.encode()),)
    return Answer(status, text.encode(), headers)


def redirect_answer(location: str, status: int = 302) -> Answer:
    """Sends the browser to `location`, in which whatever does not belong into an address is escaped."""
    return Answer(status, b"", ((b"location", quote(location, safe=_ADDRESS_SIGNS).encode()), NO_STORE))


def no_content() -> Answer:
    """204, nothing to say."""
    return Answer(204, b"", ())


def with_headers(answer: Answer, headers: Iterable[Header]) -> Answer:
    """The same answer with `headers` added, those it has already left as they are."""
    present = {name for name, _ in answer.headers}
    added = tuple((name, value) for name, value in headers if name not in present)
    return Answer(answer.status, answer.body, answer.headers + added) if added else answer


def _safe_name(file_name: str) -> str:
    """`file_name` without what could end the header or the quotes around the name."""
    return "".join(
        character if character.isascii() and (character.isalnum() or character in "-_.") else "_"
        for character in file_name
    )
