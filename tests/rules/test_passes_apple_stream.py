"""The bytes of the connection to Apple: what goes out together, and every way in which it can end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpcore2
import pytest

from regulars.features.passes.apple_stream import RECEIVED_BYTES_MAX, AppleBackend, AppleStream

IMPATIENT = 0.05


class Peer(asyncio.Protocol):
    """The other side, which notes each piece that arrives."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.arrived = asyncio.Event()
        self.connected = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.connected.set()

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)
        self.arrived.set()


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[AppleStream, Peer]]:
    """A stream, and who is at its other end."""
    peer = Peer()
    server = await asyncio.get_running_loop().create_server(lambda: peer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    stream = await AppleBackend().connect_tcp("127.0.0.1", port, timeout=5)
    await peer.connected.wait()
    try:
        yield stream, peer
    finally:
        await stream.aclose()
        peer.transport.abort()
        server.close()


async def test_what_is_written_in_one_turn_goes_out_together() -> None:
    async with connected() as (stream, peer):
        for piece in (b"one ", b"", b"two ", b"three"):
            await stream.write(piece)
        await peer.arrived.wait()
        assert peer.pieces == [b"one two three"]


async def test_what_arrives_is_read_in_pieces_of_any_size() -> None:
    async with connected() as (stream, peer):
        peer.transport.write(b"0123456789")
        assert await stream.read(4) == b"0123"
        assert await stream.read(100) == b"456789"


async def test_who_reads_first_waits() -> None:
    async with connected() as (stream, peer):
        reading = asyncio.create_task(stream.read(100, timeout=5))
        await asyncio.sleep(0)
        assert not reading.done()
        peer.transport.write(b"late")
        assert await reading == b"late"


async def test_nobody_waits_longer_than_the_timeout_and_nothing_is_lost() -> None:
    async with connected() as (stream, peer):
        with pytest.raises(httpcore2.ReadTimeout):
            await stream.read(100, timeout=IMPATIENT)
        peer.transport.write(b"late")
        assert await stream.read(100, timeout=5) == b"late"


async def test_the_last_words_of_who_hangs_up_are_read() -> None:
    async with connected() as (stream, peer):
        peer.transport.write(b"bye")
        peer.transport.close()
        assert await stream.read(100, timeout=5) == b"bye"
        assert await stream.read(100, timeout=5) == b""


async def test_whoever_is_cut_off_while_reading_reads_the_end_and_writes_no_more() -> None:
    async with connected() as (stream, peer):
        reading = asyncio.create_task(stream.read(100, timeout=5))
        await asyncio.sleep(0)
        peer.transport.abort()
        assert await reading == b""
        with pytest.raises(httpcore2.WriteError):
            await stream.write(b"hello", timeout=5)


async def test_what_was_written_before_the_connection_closed_harms_nobody() -> None:
    async with connected() as (stream, peer):
        await stream.write(b"never sent")
        await stream.aclose()
        assert await stream.read(100, timeout=5) == b""
        assert peer.pieces == []


async def test_a_peer_that_reads_nothing_is_not_waited_for_beyond_the_timeout() -> None:
    async with connected() as (stream, peer):
        peer.transport.pause_reading()
        with pytest.raises(httpcore2.WriteTimeout):
            # More than both sockets hold.
            for _ in range(1000):
                await stream.write(bytes(2**20), timeout=IMPATIENT)
                await asyncio.sleep(0)


async def test_a_peer_that_floods_is_stopped_until_somebody_reads() -> None:
    async with connected() as (stream, peer):
        sent = 20 * RECEIVED_BYTES_MAX
        peer.transport.write(bytes(sent))
        # What the event loop takes in at once may go beyond, by one piece.
        first = await stream.read(1, timeout=5)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(stream._received) < 3 * RECEIVED_BYTES_MAX
        received = len(first)
        while received < sent:
            received += len(await stream.read(2**16, timeout=5))
        assert received == sent


async def test_nobody_there() -> None:
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(httpcore2.ConnectError):
        await AppleBackend().connect_tcp("127.0.0.1", port, timeout=5)
