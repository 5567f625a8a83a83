"""The bytes of the connection to Apple, for the HTTP/2 library, on the event loop's own TLS.

The library writes each of a request's frames by itself, and what it comes with for that took more time than
HTTP/2 did: every frame was encrypted and sent alone. Here all that is written in one turn of the event loop
goes out together, that of all requests.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import httpcore2

RECEIVED_BYTES_MAX = 256 * 1024
"""So much is kept for a reader who takes a rest; then the other side has to wait."""


class AppleBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections in the event loop that runs."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> "AppleStream":
        """A connection without encryption. Raises ConnectError and ConnectTimeout of httpcore2."""
        loop = asyncio.get_running_loop()
        async with _in_time(timeout, httpcore2.ConnectTimeout):
            try:
                _, stream = await loop.create_connection(AppleStream, host, port)
            except OSError as error:
                raise httpcore2.ConnectError(str(error)) from error
        return stream


class AppleStream(httpcore2.AsyncNetworkStream, asyncio.Protocol):
    """One connection, read by one caller at a time and written to by many."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._outgoing: list[bytes] = []
        self._has_ended = False
        self._arrival: asyncio.Future[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "AppleStream":
        """The same connection, encrypted from now on. Raises ConnectError and ConnectTimeout of httpcore2."""
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        try:
            async with _in_time(timeout, httpcore2.ConnectTimeout):
                self._transport = await loop.start_tls(
                    self._transport, self, ssl_context, server_hostname=server_hostname
                )
        except OSError as error:
            await self.aclose()
            raise httpcore2.ConnectError(str(error)) from error
        except BaseException:
            await self.aclose()
            raise
        if self._transport is None:
            raise httpcore2.ConnectError("the connection ended during the handshake")
        return self

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has arrived, once something has; nothing when the other side has hung up.

        Raises ReadTimeout of httpcore2.
        """
        if not self._received and not self._has_ended:
            self._arrival = asyncio.get_running_loop().create_future()
            async with _in_time(timeout, httpcore2.ReadTimeout):
                await self._arrival
        data = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if self._transport is not None and len(self._received) < RECEIVED_BYTES_MAX:
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sent at the end of the event loop's turn, if the other side takes it.

        Raises WriteError and WriteTimeout of httpcore2.
        """
        if self._transport is None or self._transport.is_closing():
            raise httpcore2.WriteError("the connection has ended")
        if not buffer:
            return
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._send)
        self._outgoing.append(buffer)
        if not self._may_write.is_set():
            async with _in_time(timeout, httpcore2.WriteTimeout):
                await self._may_write.wait()

    async def aclose(self) -> None:
        """Hangs up."""
        if self._transport is not None:
            self._transport.abort()

    def get_extra_info(self, info: str) -> Any:
        """The TLS object as "ssl_object", by which the library finds out what protocol was agreed upon."""
        return None if self._transport is None else self._transport.get_extra_info(info)

    def _send(self) -> None:
        data, self._outgoing = b"".join(self._outgoing), []
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    # What follows is called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) >= RECEIVED_BYTES_MAX and self._transport is not None:
            self._transport.pause_reading()
        self._wake_reader()

    def eof_received(self) -> None:
        self._has_ended = True
        self._wake_reader()

    def connection_lost(self, error: Exception | None) -> None:
        self._has_ended = True
        self._transport = None
        self._may_write.set()
        self._wake_reader()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def _wake_reader(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)


@asynccontextmanager
async def _in_time(seconds: float | None, late: type[httpcore2.TimeoutException]) -> AsyncIterator[None]:
    """Raises `late` when the block takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise late from error
