"""Clients that are slow, endless or silent: each is sent away, and others do not notice."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from uvicorn import Config, Server

from regulars.cli import protocol
from regulars.cli.protocol import HEAD_BYTES_MAX, guarded_protocol

BODY_SECONDS_MAX = 0.8
LINGER_SECONDS_MAX = 2.0


REFUSAL = b"This is far too much. " * 1000


async def echo_length(scope: Any, receive: Any, send: Any) -> None:
    """The length of the body; at /refuse an answer that does not wait for it."""
    if scope["path"] == "/refuse":
        named = [(b"content-length", b"%d" % len(REFUSAL)), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 413, "headers": named})
        await send({"type": "http.response.body", "body": REFUSAL})
        return
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        if not message["more_body"]:
            break
    body = str(size).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})


@pytest_asyncio.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(protocol, "HEAD_SECONDS_MAX", 0.4)
    monkeypatch.setattr(protocol, "LINGER_SECONDS_MAX", LINGER_SECONDS_MAX)
    listener = socket.create_server(("127.0.0.1", 0))
    config = Config(
        echo_length, http=guarded_protocol(BODY_SECONDS_MAX), ws="none", lifespan="off", log_config=None
    )
    running = Server(config)
    task = asyncio.create_task(running.serve([listener]))
    yield running
    running.should_exit = True
    await task


@pytest_asyncio.fixture
async def port(server: Server) -> int:
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.01)
    number: int = server.servers[0].sockets[0].getsockname()[1]
    return number


async def exchange(port: int, *pieces: bytes, pause_seconds: float = 0.0) -> bytes:
    """Everything that the server says until it hangs up, or is silent for a second and a half."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send() -> None:
        left = list(pieces)
        while left:
            writer.write(left.pop(0))
            await writer.drain()
            await asyncio.sleep(pause_seconds)

    sending = asyncio.create_task(send())
    said = b""
    try:
        while chunk := await asyncio.wait_for(reader.read(65536), 1.5):
            said += chunk
    except TimeoutError:
        said += b"<still open>"
    except ConnectionError:
        pass
    finally:
        sending.cancel()
        writer.close()
    return said


REQUEST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"


async def test_requests_in_one_piece_in_many_and_one_after_the_other(port: int) -> None:
    assert b"200 OK" in await exchange(port, REQUEST)
    assert b"200 OK" in await exchange(port, *(bytes([byte]) for byte in REQUEST))
    said = await exchange(port, REQUEST, REQUEST + REQUEST, REQUEST[:20], REQUEST[20:], pause_seconds=0.1)
    assert said.count(b"200 OK") == 4
    assert said.endswith(b"<still open>")


async def test_a_large_head_is_refused_whether_it_comes_in_one_piece_or_never_ends(port: int) -> None:
    large = b"GET / HTTP/1.1\r\nhost: x\r\nx-large: " + b"a" * HEAD_BYTES_MAX
    assert (await exchange(port, large + b"\r\n\r\n")).startswith(b"HTTP/1.1 431 ")
    assert (await exchange(port, *([large[: HEAD_BYTES_MAX // 2]] * 9), pause_seconds=0.05)).startswith(
        b"HTTP/1.1 431 "
    )
    many = b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: x\r\n" % n for n in range(5000)) + b"\r\n"
    assert (await exchange(port, many)).startswith(b"HTTP/1.1 431 ")
    fits = b"GET / HTTP/1.1\r\nhost: x\r\nx-large: " + b"a" * (HEAD_BYTES_MAX - 100) + b"\r\n\r\n"
    assert (await exchange(port, fits)).startswith(b"HTTP/1.1 200 ")


async def test_a_large_body_is_not_taken_for_a_head(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n"
    said = await exchange(port, head + b"b" * 300_000 + REQUEST)
    assert said.count(b"200 OK") == 2


async def test_who_says_nothing_is_sent_away(port: int) -> None:
    assert await exchange(port) == b""


async def test_who_drips_a_head_is_told_408(port: int) -> None:
    said = await exchange(port, *(bytes([byte]) for byte in REQUEST[:30]), pause_seconds=0.03)
    assert said.startswith(b"HTTP/1.1 408 ")


async def test_who_drips_a_body_is_told_408(port: int) -> None:
    said = await exchange(port, *([REQUEST[:-5]] + [b"h"] * 2), pause_seconds=0.1)
    assert said.startswith(b"HTTP/1.1 408 ")


async def test_others_are_served_meanwhile(port: int) -> None:
    slow = [asyncio.create_task(exchange(port, REQUEST[:10], pause_seconds=0.2)) for _ in range(100)]
    await asyncio.wait(slow, timeout=0.05)
    began = asyncio.get_running_loop().time()
    assert b"200 OK" in await asyncio.wait_for(exchange_one(port), 1)
    assert asyncio.get_running_loop().time() - began < 0.5
    assert all(said.startswith(b"HTTP/1.1 408 ") for said in await asyncio.gather(*slow))


async def exchange_one(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    said = await reader.read(4096)
    writer.close()
    return said


MEGABYTE = 2**20
REFUSED = b"POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999\r\n\r\n"
LARGE_HEAD = b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x: y\r\n" * HEAD_BYTES_MAX


def send_all_then_read(port: int, first: bytes, more_bytes: int) -> bytes:
    """What a simple client learns, which sends all it has got before it reads anything."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(first)
        # The answer is waited for, so that all the rest is sent to somebody who has answered.
        assert client.recv(1, socket.MSG_PEEK)
        for _ in range(more_bytes // 65_536):
            client.sendall(b"x" * 65_536)
        said = b""
        while piece := client.recv(65_536):
            said += piece
    return said


@pytest.mark.parametrize(
    ("first", "status", "body"),
    [(REFUSED, b"413", REFUSAL), (REFUSED + b"x" * 100_000, b"413", REFUSAL), (LARGE_HEAD, b"431", b"")],
)
async def test_who_keeps_sending_reads_the_whole_answer(
    port: int, first: bytes, status: bytes, body: bytes
) -> None:
    said = await asyncio.to_thread(send_all_then_read, port, first, 30 * MEGABYTE)
    head, _, rest = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert b"connection: close" in head
    assert rest == body


async def test_who_was_too_slow_and_then_sends_much_reads_the_answer(port: int) -> None:
    for first in (REQUEST[:30], REQUEST[:-5]):
        said = await asyncio.to_thread(send_all_then_read, port, first, 30 * MEGABYTE)
        assert said.startswith(b"HTTP/1.1 408 ")


async def test_what_is_thrown_away_is_bounded_in_size(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LINGER_BYTES_MAX", 5 * MEGABYTE)
    with pytest.raises(ConnectionError):
        await asyncio.to_thread(send_all_then_read, port, REFUSED, 200 * MEGABYTE)


@pytest.mark.parametrize("sends_on", [True, False])
async def test_what_is_thrown_away_is_bounded_in_time(
    port: int, server: Server, monkeypatch: pytest.MonkeyPatch, sends_on: bool
) -> None:
    """Nobody keeps a connection by saying nothing, nor by sending a little all the time."""
    monkeypatch.setattr(protocol, "LINGER_SECONDS_MAX", 0.5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REFUSED)
    assert (await reader.read()).endswith(REFUSAL)
    async with asyncio.timeout(2):
        while server.server_state.connections:
            if sends_on:
                writer.write(b"x")
            await asyncio.sleep(0.01)
    writer.close()


async def test_who_hangs_up_is_forgotten_at_once(port: int, server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REFUSED)
    assert (await reader.read()).endswith(REFUSAL)
    assert len(server.server_state.connections) == 1
    writer.close()
    async with asyncio.timeout(LINGER_SECONDS_MAX / 2):
        while server.server_state.connections:
            await asyncio.sleep(0.01)


async def test_a_server_that_stops_does_not_wait_for_them(port: int, server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REFUSED)
    assert (await reader.read()).endswith(REFUSAL)
    server.should_exit = True
    async with asyncio.timeout(LINGER_SECONDS_MAX / 2):
        while server.server_state.connections:
            await asyncio.sleep(0.01)
    writer.close()


async def test_after_a_body_in_pieces_the_connection_is_of_use_still(port: int) -> None:
    pieces = [REQUEST[:-5], b"he", b"llo", REQUEST]
    said = await exchange(port, *pieces, pause_seconds=0.05)
    assert said.count(b"200 OK") == 2
    assert said.endswith(b"<still open>")
