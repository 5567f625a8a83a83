"""Senders of bodies that never end, are huge or hardly arrive, and somebody else who wants to be served."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec

from tests.support.http_socket import Answer, Broken, HttpSocket
from tests.support.server_process import ServerProcess

MEGABYTE = 2**20
ENDLESS_BYTES = 100 * MEGABYTE
DRIP_SECONDS = 0.5
PIECE = b"x" * 65_536


def head(path: str, headers: dict[str, str], *more: str) -> bytes:
    """The head of a POST whose body is to be made up as it goes."""
    named = [f"{name}: {value}" for name, value in headers.items()]
    lines = [f"POST {path} HTTP/1.1", "Host: regulars.test", *named, *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


class Others(msgspec.Struct):
    """What happened to somebody who wanted nothing unusual, all the time, and to the server's memory."""

    statuses: set[int] = set()
    seconds: list[float] = []
    peak_bytes: int = 0


@asynccontextmanager
async def others(server: ServerProcess, request: bytes) -> AsyncIterator[Others]:
    """Sends the request all the time, and watches the server's memory."""
    seen, stopped = Others(), asyncio.Event()

    async def ask() -> None:
        connection = await HttpSocket.open(server.port)
        while not stopped.is_set():
            began = time.monotonic()
            answer = await connection.ask(request)
            seen.seconds.append(time.monotonic() - began)
            seen.statuses.add(answer.status)
            seen.peak_bytes = max(seen.peak_bytes, server.resident_bytes())
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), 0.05)
        connection.close()

    asking = asyncio.create_task(ask())
    yield seen
    stopped.set()
    await asking


async def send_without_end(port: int, first: bytes) -> int:
    """The status of what is answered while a body is sent that goes on and on."""
    connection = await HttpSocket.open(port)
    answering = asyncio.create_task(connection.receive())
    await connection.send(first)
    sent_bytes = 0
    with suppress(*Broken):
        while not answering.done():
            await connection.send(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))
            sent_bytes += len(PIECE)
            # A send into a socket with room does not wait, so the answer would never get its turn.
            await asyncio.sleep(0)
            assert sent_bytes < ENDLESS_BYTES, "everything is taken in"
    return await status_of(answering, connection)


async def drip(port: int, first: bytes) -> tuple[int, float]:
    """The status, and after how many seconds it came, when a body arrives a byte at a time."""
    connection = await HttpSocket.open(port)
    answering = asyncio.create_task(connection.receive())
    began = time.monotonic()
    await connection.send(first)
    with suppress(*Broken):
        while not answering.done():
            await connection.send(b" ")
            await asyncio.wait([answering], timeout=DRIP_SECONDS)
    return await status_of(answering, connection), time.monotonic() - began


async def declare(port: int, first: bytes) -> int:
    """The status for a body whose length alone says enough."""
    connection = await HttpSocket.open(port)
    await connection.send(first)
    return await status_of(asyncio.create_task(connection.receive()), connection)


async def status_of(answering: asyncio.Task[Answer], connection: HttpSocket) -> int:
    """The status of the answer, which has to arrive in full whatever the client goes on sending."""
    try:
        return (await answering).status
    finally:
        connection.close()
