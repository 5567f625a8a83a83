"""Clients that are slow, endless or silent: each is sent away, and others do not notice."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from uvicorn import Config, Server

from regulars.cli import protocol
from regulars.cli.protocol import HEAD_BYTES_MAX, GuardedProtocol


async def echo_length(scope: Any, receive: Any, send: Any) -> None:
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
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(protocol, "HEAD_SECONDS_MAX", 0.4)
    monkeypatch.setattr(protocol, "BODY_SECONDS_MAX", 0.8)
    listener = socket.create_server(("127.0.0.1", 0))
    config = Config(echo_length, http=GuardedProtocol, ws="none", lifespan="off", log_config=None)
    server = Server(config)
    task = asyncio.create_task(server.serve([listener]))
    yield listener.getsockname()[1]
    server.should_exit = True
    await task


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


async def test_who_drips_a_body_is_cut_off(port: int) -> None:
    assert await exchange(port, *([REQUEST[:-5]] + [b"h"] * 2), pause_seconds=0.1) == b""


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
