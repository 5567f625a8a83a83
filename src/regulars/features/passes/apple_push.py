"""Tells phones, through Apple, that a pass has changed: one HTTP/2 connection for all of them."""

import ssl
import tempfile
from http import HTTPStatus
from urllib.parse import urlsplit

import httpcore2
import httpx2
from msgspec import Struct

from regulars.features.passes.line import Line, LineFailed
from regulars.features.passes.model_carriers import AppleSettings
from regulars.features.passes.model_delivery import Trouble
from regulars.features.passes.rules import retry_after_seconds

# What a push says is only that there is news; the phone then asks the web service.
NEWS = b"{}"

_FAILURES = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
)


class Gone(Exception):
    """The phone has no pass of this type any more, and is not to be told again."""


class ApplePush:
    """Pushes with the pass certificate. Use it in one event loop; it connects when it is first needed."""

    def __init__(self, settings: AppleSettings) -> None:
        """Raises ValueError for certificates that cannot be used."""
        context = _client_context(settings)
        self._line = Line(lambda: _Connection(settings, context), settings.timeout_seconds)

    async def push(self, push_token: str) -> Trouble | None:
        """None when Apple has taken it, else why not. Raises Gone for a phone that left."""
        try:
            answer = await self._line.request("POST", f"/3/device/{push_token}")
        except LineFailed as failure:
            return Trouble(f"apple {failure}")
        if answer.status == HTTPStatus.OK:
            return None
        if answer.status == HTTPStatus.GONE:
            raise Gone
        return Trouble(f"apple answered {answer.status}", retry_after_seconds(answer.retry_after))

    async def close(self) -> None:
        """Hangs up."""
        await self._line.close()


class _Answer(Struct, frozen=True):
    """What Apple says to a push."""

    status: int
    retry_after: str | None


class _Connection:
    """A client for one connection, without what httpx2 adds for browsers: it took a third of the time.

    What httpx2 is made of is used as it is, and its errors come out as httpx2's.
    """

    def __init__(self, settings: AppleSettings, context: ssl.SSLContext) -> None:
        self._address = urlsplit(settings.push_url.rstrip("/"))
        self._headers = [
            ("host", self._address.netloc),
            ("apns-topic", settings.pass_type_identifier),
            ("content-length", str(len(NEWS))),
        ]
        seconds = settings.timeout_seconds
        self._extensions = {
            "timeout": {"connect": seconds, "read": seconds, "write": seconds, "pool": seconds}
        }
        self._pool = httpcore2.AsyncConnectionPool(context, max_connections=1, http1=False, http2=True)

    async def request(self, method: str, path: str) -> _Answer:
        """What Apple answers. Raises httpx2.TransportError."""
        address = self._address
        url = httpcore2.URL(
            scheme=address.scheme,
            host=address.hostname or "",
            port=address.port,
            target=f"{address.path}{path}",
        )
        try:
            answer = await self._pool.request(
                method, url, headers=self._headers, content=NEWS, extensions=self._extensions
            )
        except _FAILURES as error:
            raise getattr(httpx2, type(error).__name__, httpx2.TransportError)(str(error)) from error
        said = {name.lower(): value for name, value in answer.headers}
        retry_after = said.get(b"retry-after")
        return _Answer(answer.status, None if retry_after is None else retry_after.decode("latin-1"))

    async def aclose(self) -> None:
        """Hangs up."""
        await self._pool.aclose()


def _client_context(settings: AppleSettings) -> ssl.SSLContext:
    """Shows Apple the pass certificate with the one that issued it."""
    context = ssl.create_default_context(cadata=settings.push_authority)
    # The library reads certificates from files only; this one is gone before anybody else could want it.
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write("\n".join((settings.certificate, settings.intermediate_certificate, settings.key)))
        file.flush()
        try:
            context.load_cert_chain(file.name)
        except ssl.SSLError as error:
            raise ValueError("the Apple certificate and key are no pair that TLS can use") from error
    return context
