"""One attempt: a request with a deadline, and of the answer only what is worth keeping."""

import asyncio
import logging

import httpcore2

from regulars.features.webhooks.model_delivery import Answer
from regulars.features.webhooks.network import AddressRefused, Network
from regulars.features.webhooks.rules_addresses import Place, place_of

SECONDS_MAX = 15.0
"""For everything, from the name to the last byte of the answer, however it drips (Standard Webhooks 1.0)."""

READ_BYTES_MAX = 16_384
"""Answers are read so far, for their connection to be used again; longer ones are cut off."""

ANSWER_LENGTH_MAX = 500
IDLE_SECONDS_MAX = 30.0

_logger = logging.getLogger(__name__)


class Sender:
    """Posts to one place, over connections that stay open. Use it in one event loop, and close it.

    There are as many as there were requests at once. The library's own pool looks at all of them for each
    request, which took a third of its time.
    """

    def __init__(self, network: Network, place: Place, seconds_max: float = SECONDS_MAX) -> None:
        self._network, self._place = network, place
        self._seconds_max = seconds_max
        self._url = httpcore2.URL(scheme=place.scheme, host=place.host, port=place.port, target=place.target)
        self._idle: list[httpcore2.AsyncHTTPConnection] = []

    async def post(self, headers: dict[str, str], body: bytes) -> Answer:
        """What came of it; whatever happens outside is an answer, too. Redirects are not followed."""
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        answer = await self._attempt(headers, body)
        milliseconds = round((loop.time() - began_at) * 1000)
        return Answer(
            status=answer.status,
            milliseconds=milliseconds,
            body=answer.body,
            trouble=answer.trouble,
            retry_after=answer.retry_after,
            is_late=answer.is_late,
        )

    async def close(self) -> None:
        """Hangs up."""
        while self._idle:
            await self._idle.pop().aclose()

    async def _connection(self) -> httpcore2.AsyncHTTPConnection:
        """One that is open, unless the other side has hung up meanwhile, or a new one."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return httpcore2.AsyncHTTPConnection(
            self._url.origin,
            self._network.tls if self._place.scheme == "https" else None,
            keepalive_expiry=IDLE_SECONDS_MAX,
            network_backend=self._network,
        )

    async def _attempt(self, headers: dict[str, str], body: bytes) -> Answer:
        try:
            async with asyncio.timeout(self._seconds_max):
                return await self._exchange(headers, body)
        except (TimeoutError, httpcore2.TimeoutException):
            return Answer(None, 0, trouble=f"did not answer within {self._seconds_max:g} s", is_late=True)
        except AddressRefused:
            return Answer(None, 0, trouble="leads to an address that webhooks do not go to")
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            return Answer(None, 0, trouble=_told(f"{type(error).__name__}: {error}"))
        except Exception as error:
            # Whatever one receiver can do to the library must not keep the others from being told.
            _logger.exception("a webhook met something unexpected")
            return Answer(None, 0, trouble=type(error).__name__)

    async def _exchange(self, headers: dict[str, str], body: bytes) -> Answer:
        request = httpcore2.Request(
            "POST",
            self._url,
            headers=[
                ("host", self._place.host_header),
                ("content-length", str(len(body))),
                *headers.items(),
            ],
            content=body,
        )
        connection = await self._connection()
        try:
            answer = await connection.handle_async_request(request)
            received = await _beginning_of(answer)
        except BaseException:
            await connection.aclose()
            raise
        if connection.is_available():
            self._idle.append(connection)
        else:
            await connection.aclose()
        retry_after = next((value for name, value in answer.headers if name.lower() == b"retry-after"), None)
        return Answer(
            status=answer.status,
            milliseconds=0,
            body=_told(received[: 4 * ANSWER_LENGTH_MAX].decode(errors="replace")),
            retry_after=None if retry_after is None else retry_after.decode("latin-1"),
        )


def sender_to(network: Network, url: str, seconds_max: float = SECONDS_MAX) -> Sender | None:
    """Who posts to this address; None for one that webhooks do not go to."""
    place = place_of(url, is_private_allowed=network.is_private_allowed)
    return None if place is None else Sender(network, place, seconds_max)


async def _beginning_of(answer: httpcore2.Response) -> bytes:
    """The body, cut off where it is long; then the connection is closed."""
    received = bytearray()
    try:
        async for part in answer.aiter_stream():
            received += part
            if len(received) >= READ_BYTES_MAX:
                break
    finally:
        await answer.aclose()
    return bytes(received)


def _told(text: str) -> str:
    """The beginning of what somebody else said, without what terminals and databases choke on."""
    return "".join(c if c.isprintable() else " " for c in text[:ANSWER_LENGTH_MAX]).strip()
