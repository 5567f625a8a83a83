"""Answers that are sent while they are made, because memory should not hold the whole of them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from litestar.types import Receive, Scope, Send

from regulars.http.answers import Answer
from regulars.http.failures import ClientDisconnected, FailureKind, RequestRefused

STREAM_SECONDS_MAX = 900.0
"""How long a whole answer may take: what makes it may hold a connection and a snapshot of the database."""

STALL_SECONDS_MAX = 30.0
"""How long a client may leave a piece that was sent to it before it counts as gone."""

STREAMS_MAX = 3
"""How many answers one process sends this way at once. More are told to come back, so that slow readers do
not take all connections to the database."""

WHOLE_BYTES_MAX = 4 * 2**20
"""Up to this size an answer is complete before it is sent, and holds nothing while it is read."""


class _UnderWay:
    """How many streamed answers this process is sending."""

    count = 0


_under_way = _UnderWay()


class StreamedAnswer:
    """The rest of a JSON answer whose beginning is too large to wait for the end.

    When what makes it fails, or the client stops reading, the answer ends without its last chunk, so that
    nobody takes it for complete.
    """

    def __init__(self, beginning: bytes, rest: AsyncGenerator[bytes, None]) -> None:
        self._beginning = beginning
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer. Raises ClientDisconnected when the client went away or reads too slowly."""
        hanging_up = asyncio.create_task(_hang_up(receive))
        _under_way.count += 1
        try:
            async with aclosing(self._rest), asyncio.timeout(STREAM_SECONDS_MAX):
                await send(
                    {"type": "http.response.start", "status": 200, "headers": [*Answer(200, b"").headers]}
                )
                await _hand_over(send, self._beginning)
                async for piece in self._rest:
                    if hanging_up.done():
                        raise ClientDisconnected
                    await _hand_over(send, piece)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            raise ClientDisconnected from None
        finally:
            _under_way.count -= 1
            hanging_up.cancel()


async def streamed_answer(pieces: AsyncGenerator[bytes, None]) -> Answer | StreamedAnswer:
    """A JSON answer with status 200, made of `pieces`, which are closed in any case.

    It is complete when it is short; what fails before `WHOLE_BYTES_MAX` is raised here and can be answered.
    Raises RequestRefused(UNAVAILABLE) when too many long answers are under way.
    """
    beginning = bytearray()
    try:
        async for piece in pieces:
            beginning += piece
            if len(beginning) > WHOLE_BYTES_MAX:
                break
        else:
            return Answer(200, bytes(beginning))
        if _under_way.count >= STREAMS_MAX:
            raise RequestRefused(FailureKind.UNAVAILABLE)
    except BaseException:
        await pieces.aclose()
        raise
    return StreamedAnswer(bytes(beginning), pieces)


async def _hand_over(send: Send, piece: bytes) -> None:
    async with asyncio.timeout(STALL_SECONDS_MAX):
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _hang_up(receive: Receive) -> None:
    """Returns when the client has gone; the server drops what is sent to it from then on without a word."""
    while (await receive())["type"] != "http.disconnect":
        pass
