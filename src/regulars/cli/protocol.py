"""HTTP/1.1 for clients that are slow, endless or silent on purpose.

uvicorn limits the time between two requests, but neither the size of a request's head nor the time
that a request may take to arrive, so a few thousand connections that drip could hold a server for ever.

It also hangs up as soon as it has answered a request that it will not read to its end. TCP then resets the
connection, because what the client goes on sending meets nobody, and a reset overtakes the answer: the client
learns that something broke, not what. So the connection lingers: it is closed in our direction, what still
arrives is thrown away, and it ends when the client hangs up, or is too long about it.
"""

import asyncio
from enum import Enum
from typing import Any, ClassVar

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_BYTES_MAX = 32 * 1024
"""How long the request line and all headers may be together."""

HEAD_SECONDS_MAX = 20.0
"""How long a client may take to send them, counted from its first byte, or from connecting."""

LINGER_SECONDS_MAX = 15.0
"""How long what a client still sends is thrown away, after an answer that did not wait for its request."""

LINGER_BYTES_MAX = 64 * 2**20
"""How much of it; whoever sends more learns of the answer only if it reads while it sends."""

_HEAD_TOO_LARGE = b"431 Request Header Fields Too Large"
_TOO_SLOW = b"408 Request Timeout"
_INTERIM = b"HTTP/1.1 1"
"""How what is not the answer yet begins, such as 100 Continue."""


class _Phase(Enum):
    BETWEEN = "between requests"
    HEAD = "the head is arriving"
    BODY = "the body is arriving"
    LINGERING = "the answer is on its way, and the rest of the request is thrown away"


class _HeadTooLarge(Exception):
    pass


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits on the head's size and the time a request takes to arrive, and patience.

    A request that arrives in one piece, as nearly all do, costs no timer. `guarded_protocol` sets how long
    a body may take.
    """

    body_seconds_max: ClassVar[float]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._phase = _Phase.BETWEEN
        self._received_bytes = 0
        self._discarded_bytes = 0
        self._head_is_too_large = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._set_deadline(HEAD_SECONDS_MAX)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self._phase
        if before is _Phase.LINGERING:
            self._discard(data)
            return
        self._received_bytes = len(data) + (self._received_bytes if before is _Phase.HEAD else 0)
        super().data_received(data)
        if self._phase is _Phase.BETWEEN:
            self._clear_deadline()
        elif self._phase is _Phase.LINGERING:
            return
        elif self._phase is _Phase.BODY:
            if before is not _Phase.BODY:
                self._set_deadline(self.body_seconds_max)
                # Answers to requests that are here in full hang up directly.
                self.cycle.transport = _LingeringTransport(self)  # type: ignore[assignment]
        elif self._received_bytes > HEAD_BYTES_MAX and before is not _Phase.BODY:
            self._refuse(_HEAD_TOO_LARGE)
        elif self._deadline is None or before is _Phase.BODY:
            self._set_deadline(HEAD_SECONDS_MAX)

    def on_message_begin(self) -> None:
        self._phase = _Phase.HEAD
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._received_bytes > HEAD_BYTES_MAX and self._measured_head() > HEAD_BYTES_MAX:
            # The parser stops at an exception and asks for an answer through send_400_response.
            self._head_is_too_large = True
            raise _HeadTooLarge
        self._phase = _Phase.BODY
        before = self.cycle
        super().on_headers_complete()
        # Its task has not begun yet. An answer to HEAD has nothing that its head could wait for.
        if self.cycle is not before and self.scope["method"] != "HEAD":
            self.cycle.transport = _AnswerTransport(self.transport)  # type: ignore[assignment]

    def on_message_complete(self) -> None:
        self._phase = _Phase.BETWEEN
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._phase is _Phase.LINGERING:
            self.server_state.total_requests += 1
        else:
            super().on_response_complete()

    def hang_up(self) -> None:
        """Closes the connection once the answer is out, and the rest of the request is in or given up."""
        if self._phase is not _Phase.BODY:
            self.transport.close()
        elif not self.transport.is_closing():
            self._linger()

    def send_400_response(self, msg: str) -> None:
        if self._head_is_too_large:
            self._refuse(_HEAD_TOO_LARGE)
        else:
            super().send_400_response(msg)

    def _measured_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _set_deadline(self, seconds: float) -> None:
        self._clear_deadline()
        self._deadline = self.loop.call_later(seconds, self._on_deadline)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_deadline(self) -> None:
        self._deadline = None
        if self._phase is _Phase.HEAD:
            self._refuse(_TOO_SLOW)
        elif self._phase is _Phase.BODY and not self.cycle.response_started:
            # Whoever waits for the body is told that nobody is there any more, and answers nothing.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._refuse(_TOO_SLOW)
        else:
            self.transport.abort()

    def _refuse(self, status: bytes) -> None:
        """Answers and hangs up: what follows on this connection cannot be told apart from the excess."""
        if self.transport.is_closing():
            return
        self.transport.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        if self.cycle is None or self.cycle.response_complete or self.cycle.disconnected:
            self._linger()
        else:
            # An earlier request is still being worked on, and its answer would come after the last one.
            self.transport.close()

    def _linger(self) -> None:
        self._phase = _Phase.LINGERING
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._set_deadline(LINGER_SECONDS_MAX)

    def _discard(self, data: bytes) -> None:
        self._discarded_bytes += len(data)
        if self._discarded_bytes > LINGER_BYTES_MAX:
            self.transport.abort()


class _AnswerTransport:
    """What uvicorn answers one request through: the head leaves together with the beginning of the body.

    uvicorn writes one after the other, and each write is a system call here, a packet on its way and a waking
    up there, which took a tenth of a short request. ASGI wants nothing sent before there is a body.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self._has_begun = False
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Sends the data; of an answer, the head waits for what comes next."""
        if self._has_begun:
            self._transport.write(data)
        elif self._head is not None:
            self._has_begun = True
            self._transport.write(b"".join((self._head, data)))
        elif data.startswith(_INTERIM):
            self._transport.write(data)
        else:
            self._head = data

    def close(self) -> None:
        """Hangs up once everything is out, also a head that no body followed."""
        if self._head is not None and not self._has_begun:
            self.write(b"")
        self._hang_up()

    def _hang_up(self) -> None:
        self._transport.close()


class _LingeringTransport(_AnswerTransport):
    """The same for a request whose body is still arriving."""

    def __init__(self, protocol: GuardedProtocol) -> None:
        super().__init__(protocol.transport)
        self._protocol = protocol

    def _hang_up(self) -> None:
        self._protocol.hang_up()


def guarded_protocol(body_seconds_max: float) -> type[GuardedProtocol]:
    """The protocol of a server that gives a body this long to arrive."""
    return type("GuardedProtocol", (GuardedProtocol,), {"body_seconds_max": body_seconds_max})
