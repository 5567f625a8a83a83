"""The one HTTP/2 connection to Apple. It takes a while to load, so it is loaded where passes are pushed."""

import ssl
from urllib.parse import urlsplit

import httpcore2
import httpx2
from msgspec import Struct

from regulars.features.passes.model_carriers import AppleSettings

# What a push says is only that there is news; the phone then asks the web service.
NEWS = b"{}"

_FAILURES = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
)


class AppleAnswer(Struct, frozen=True):
    """What Apple says to a push."""

    status: int
    retry_after: str | None


class AppleConnection:
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

    async def request(self, method: str, path: str) -> AppleAnswer:
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
        return AppleAnswer(answer.status, None if retry_after is None else retry_after.decode("latin-1"))

    async def aclose(self) -> None:
        """Hangs up."""
        await self._pool.aclose()
