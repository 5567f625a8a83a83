"""How answers leave: the head with the beginning of the body, and nothing that is kept for ever."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from uvicorn import Config, Server

from regulars.cli.protocol import guarded_protocol

HEAD = b"HTTP/1.1 200 OK\r\n"


class Recorder:
    """A transport that notes what is written to it, one note for each write."""

    def __init__(self, transport: Any, writes: list[bytes]) -> None:
        self._transport, self._writes = transport, writes

    def write(self, data: bytes) -> None:
        self._writes.append(bytes(data))
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Served:
    """A server, and what it has written."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.goes_on = asyncio.Event()
        self.port = 0

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers "word" at once, in two halves, or with half of what it announced."""
        await receive()
        announced = [] if scope["path"] == "/streamed" else [(b"content-length", b"4")]
        await send({"type": "http.response.start", "status": 200, "headers": announced})
        if scope["path"] == "/broken":
            raise RuntimeError("this answer is never finished")
        if scope["path"] == "/streamed":
            await send({"type": "http.response.body", "body": b"wo", "more_body": True})
            await self.goes_on.wait()
            await send({"type": "http.response.body", "body": b"rd"})
        else:
            await send({"type": "http.response.body", "body": b"word"})


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Served]:
    served = Served()
    guarded = guarded_protocol(5)

    class Recorded(guarded):  # type: ignore[misc, valid-type]
        def connection_made(self, transport: Any) -> None:
            super().connection_made(Recorder(transport, served.writes))

    listener = socket.create_server(("127.0.0.1", 0))
    served.port = listener.getsockname()[1]
    config = Config(
        served.application, interface="asgi3", http=Recorded, ws="none", lifespan="off", log_config=None
    )
    server = Server(config)
    running = asyncio.create_task(server.serve([listener]))
    yield served
    served.goes_on.set()
    server.should_exit = True
    await running


async def connected(served: Served, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request)
    return reader, writer


async def test_head_and_body_leave_together(served: Served) -> None:
    reader, writer = await connected(served, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    said = await asyncio.wait_for(reader.readuntil(b"word"), 5)
    assert said.startswith(HEAD)
    assert served.writes == [said]
    writer.close()


async def test_the_beginning_of_a_stream_does_not_wait_for_its_end(served: Served) -> None:
    reader, writer = await connected(served, b"GET /streamed HTTP/1.1\r\nhost: a\r\n\r\n")
    said = await asyncio.wait_for(reader.readuntil(b"2\r\nwo\r\n"), 5)
    assert said.startswith(HEAD)
    served.goes_on.set()
    assert await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 5) == b"2\r\nrd\r\n0\r\n\r\n"
    writer.close()


async def test_an_answer_to_head_is_a_head_and_the_connection_goes_on(served: Served) -> None:
    reader, writer = await connected(served, b"HEAD / HTTP/1.1\r\nhost: a\r\n\r\n")
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).startswith(HEAD)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    assert (await asyncio.wait_for(reader.readuntil(b"word"), 5)).startswith(HEAD)
    writer.close()


async def test_who_waits_to_be_told_to_continue_is_told_before_the_answer(served: Served) -> None:
    expecting = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n"
    reader, writer = await connected(served, expecting)
    interim = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"body")
    said = await asyncio.wait_for(reader.readuntil(b"word"), 5)
    assert said.startswith(HEAD)
    assert served.writes == [interim, said]
    writer.close()


async def test_an_answer_that_breaks_off_shows_its_head_and_ends(served: Served) -> None:
    reader, writer = await connected(served, b"GET /broken HTTP/1.1\r\nhost: a\r\n\r\n")
    said = await asyncio.wait_for(reader.read(), 5)
    assert said.startswith(HEAD)
    assert said.endswith(b"\r\n\r\n")
    writer.close()


async def test_the_last_answer_is_out_before_the_connection_is_closed(served: Served) -> None:
    reader, writer = await connected(served, b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"word")
    writer.close()
