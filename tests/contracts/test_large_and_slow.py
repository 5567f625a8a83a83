"""Bodies that are too large, never end or hardly arrive: memory stays bounded, and others are served."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import msgspec
import pytest

from regulars.http.bodies import BODY_DEADLINE_SECONDS
from tests.support.http_socket import Answer, Broken, HttpSocket, post_bytes
from tests.support.server_process import ServerProcess, running_server
from tests.support.site import Site

MEGABYTE = 2**20
BODY_BYTES_MAX = 100_000
ENDLESS_BYTES = 100 * MEGABYTE
GROWTH_BYTES_MAX = 200 * MEGABYTE
"""The 64 MB of bodies that a process holds while they arrive, and as much again to work with them. The forty
uploads alone would be half a gigabyte."""

DRIP_SECONDS = 0.5
WAITED_SECONDS_MAX = 5.0
"""How long somebody else may wait for an answer on a machine that has much else to do."""

PIECE = b"x" * 65_536
EARN, UPLOAD = "/ck/earn", "/admin/upload-image64"


@pytest.fixture
def server(site: Site) -> Iterator[ServerProcess]:
    """A server of one process, so that its memory is that of one."""
    with running_server(site, workers=1, REGULARS_REQUEST_BYTES_MAX=str(BODY_BYTES_MAX)) as running:
        yield running


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
async def others(server: ServerProcess, headers: dict[str, str]) -> AsyncIterator[Others]:
    """Asks for something small all the time, and watches the server's memory."""
    seen, stopped = Others(), asyncio.Event()

    async def ask() -> None:
        connection = await HttpSocket.open(server.port)
        while not stopped.is_set():
            began = time.monotonic()
            answer = await connection.ask(post_bytes(EARN, {"user_id": "leo", "amount": 1}, headers))
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


async def test_bodies_that_are_endless_huge_or_hardly_arrive_all_at_once(
    site: Site, server: ServerProcess
) -> None:
    admin = {"X-Admin-Key": site.keys["family"].admin, "X-Actor-Role": "admin"}
    port, chunked = server.port, "Transfer-Encoding: chunked"
    async with others(server, admin) as before:
        await asyncio.to_thread(server.wait_until_ready)
    async with others(server, admin) as meanwhile:
        slow = head(EARN, admin, f"Content-Length: {BODY_BYTES_MAX}")
        dripping = [asyncio.create_task(drip(port, slow)) for _ in range(100)]
        huge = [declare(port, head(path, admin, f"Content-Length: {10**12}")) for path in (EARN, UPLOAD) * 20]
        assert set(await asyncio.gather(*huge)) == {413}
        endless = [send_without_end(port, head(EARN, admin, chunked)) for _ in range(20)]
        assert set(await asyncio.gather(*endless)) == {413}
        endless = [send_without_end(port, head(UPLOAD, admin, chunked)) for _ in range(40)]
        assert set(await asyncio.gather(*endless)) <= {413, 503}
        endless = [send_without_end(port, head(UPLOAD, {}, chunked)) for _ in range(20)]
        assert set(await asyncio.gather(*endless)) == {401}
        dripped = await asyncio.gather(*dripping)

    assert {status for status, _ in dripped} == {408}
    assert max(seconds for _, seconds in dripped) < 2 * BODY_DEADLINE_SECONDS
    assert before.statuses == meanwhile.statuses == {200}
    assert len(meanwhile.seconds) > 50
    assert max(meanwhile.seconds) < WAITED_SECONDS_MAX
    assert meanwhile.peak_bytes - before.peak_bytes < GROWTH_BYTES_MAX
    await asyncio.to_thread(site.verify)


async def test_how_long_a_body_may_take_is_a_setting(site: Site) -> None:
    """It ends before the patience of the route does."""
    with running_server(site, workers=1, REGULARS_REQUEST_SECONDS_MAX="1") as server:
        slow = head(EARN, {"X-Admin-Key": site.keys["family"].admin}, "Content-Length: 50000")
        status, seconds = await drip(server.port, slow)
    assert status == 408
    assert 1 <= seconds < BODY_DEADLINE_SECONDS
