"""A receiver of webhooks for a benchmark: a process of its own that answers 200 to whatever comes."""

import asyncio
import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "


class RunningReceiver:
    """A receiver that listens at `url`."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        try:
            self.url: str = pipe.recv()
        except EOFError:
            raise RuntimeError("the receiver did not start; the lines above say why") from None

    def arrived(self) -> tuple[int, int]:
        """How many requests and how many different webhook ids there were since it was asked last."""
        self._pipe.send(True)
        requests, ids = self._pipe.recv()
        return int(requests), int(ids)


@contextmanager
def running_receiver() -> Iterator[RunningReceiver]:
    """A receiver that listens until the block ends. Raises RuntimeError when it cannot start."""
    # Spawned: a copy of this process would share its event loop and its database connections.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield RunningReceiver(ours)
    finally:
        ours.close()
        process.join()


class _Requests(asyncio.Protocol):
    """One connection, on which each request has a body of a known length."""

    def __init__(self, ids: list[bytes]) -> None:
        self._ids = ids
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while HEAD_END in self._received:
            head, _, rest = self._received.partition(HEAD_END)
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            length = int(fields[b"content-length"])
            if len(rest) < length:
                return
            self._received = rest[length:]
            self._ids.append(fields[b"webhook-id"])
            self._transport.write(OK)


def _serve(pipe: Connection) -> None:
    """Says where it listens; then, whenever it is asked, what has arrived."""
    asyncio.run(_serve_requests(pipe))


async def _serve_requests(pipe: Connection) -> None:
    ids: list[bytes] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Requests(ids), "127.0.0.1", 0)
    pipe.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook")
    try:
        while await asyncio.to_thread(pipe.recv):
            pipe.send((len(ids), len(set(ids))))
            ids.clear()
    except EOFError:
        server.close()
