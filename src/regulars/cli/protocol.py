"""HTTP/1.1 for clients that are slow, endless or silent on purpose.

uvicorn limits the time between two requests, but neither the size of a request's head nor the time
that a request may take to arrive, so a few thousand connections that drip could hold a server for ever.
"""

import asyncio
from enum import Enum
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_BYTES_MAX = 32 * 1024
"""How long the request line and all headers may be together."""

HEAD_SECONDS_MAX = 20.0
"""How long a client may take to send them, counted from its first byte, or from connecting."""

BODY_SECONDS_MAX = 120.0
"""How long a client may take to send a body; a photo of 10 MB on a slow line takes 80."""

_HEAD_TOO_LARGE = b"431 Request Header Fields Too Large"
_TOO_SLOW = b"408 Request Timeout"


class _Phase(Enum):
    BETWEEN = "between requests"
    HEAD = "the head is arriving"
    BODY = "the body is arriving"


class _HeadTooLarge(Exception):
    pass


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a limit on the head's size and on the time a request takes to arrive.

    A request that arrives in one piece, as nearly all do, costs no timer.
    """

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
        self._received_bytes = len(data) + (self._received_bytes if before is _Phase.HEAD else 0)
        super().data_received(data)
        if self._phase is _Phase.BETWEEN:
            self._clear_deadline()
        elif self._phase is _Phase.BODY:
            if before is not _Phase.BODY:
                self._set_deadline(BODY_SECONDS_MAX)
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
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._phase = _Phase.BETWEEN
        super().on_message_complete()

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
        else:
            self.transport.close()

    def _refuse(self, status: bytes) -> None:
        """Answers and hangs up: what follows on this connection cannot be told apart from the excess."""
        if not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            self.transport.close()
