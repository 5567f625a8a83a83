"""The one HTTP/2 connection to Apple. It takes a while to load, so it is loaded where passes are pushed."""

import ssl
from urllib.parse import urlsplit

import httpcore2
import httpx2
from msgspec import Struct

from regulars.features.passes.apple_stream import AppleBackend
from regulars.features.passes.model_carriers import AppleSettings

# What a push says is only that there is news; the phone then asks the web service.
NEWS = b"{}"

_FAILURES = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ConnectionNotAvailable,
)


class AppleAnswer(Struct, frozen=True):
    """What Apple says to a push."""

    status: int
    retry_after: str | None


class AppleConnection:
    """A client for one connection, without what httpx2 adds for browsers and pools for many hosts.

    What httpx2 is made of is used as it is, and its errors come out as httpx2's. A connection that failed or
    takes no more requests is not replaced here.
    """

    def __init__(self, settings: AppleSettings, context: ssl.SSLContext) -> None:
        address = urlsplit(settings.push_url.rstrip("/"))
        self._scheme, self._host, self._port = address.scheme, address.hostname or "", address.port
        self._path = address.path
        self._headers = [
            (b"host", address.netloc.encode()),
            (b"apns-topic", settings.pass_type_identifier.encode()),
            (b"content-length", b"%d" % len(NEWS)),
        ]
        seconds = settings.timeout_seconds
        self._extensions = {"timeout": {"connect": seconds, "read": seconds, "write": seconds}}
        self._connection = httpcore2.AsyncHTTPConnection(
            self._url("").origin, context, http1=False, http2=True, network_backend=AppleBackend()
        )

    async def request(self, method: str, path: str) -> AppleAnswer:
        """What Apple answers. Raises httpx2.TransportError."""
        request = httpcore2.Request(
            method, self._url(path), headers=self._headers, content=NEWS, extensions=self._extensions
        )
        try:
            answer = await self._connection.handle_async_request(request)
            try:
                await answer.aread()
            finally:
                await answer.aclose()
        except _FAILURES as error:
            raise getattr(httpx2, type(error).__name__, httpx2.TransportError)(str(error)) from error
        said = {name.lower(): value for name, value in answer.headers}
        retry_after = said.get(b"retry-after")
        return AppleAnswer(answer.status, None if retry_after is None else retry_after.decode("latin-1"))

    async def aclose(self) -> None:
        """Hangs up."""
        await self._connection.aclose()

    def _url(self, path: str) -> httpcore2.URL:
        return httpcore2.URL(
            scheme=self._scheme, host=self._host, port=self._port, target=f"{self._path}{path}"
        )
