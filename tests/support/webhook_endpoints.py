"""Receivers of webhooks on this machine that behave in every way there is, and a program that tells them."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import transact
from regulars.features.webhooks import actions as webhooks
from regulars.features.webhooks import endpoints, log
from regulars.features.webhooks.delivery import Deliveries
from regulars.features.webhooks.model import Delivery, Endpoint, Event, NewSecret
from regulars.features.webhooks.network import Network
from regulars.features.webhooks.sealing import SecretSeal
from tests.support.enrolment import NOW, new_program

SECRET_KEY = "the secret key of the tests of webhooks"
EVENT = "loan.returned"
SLOW_SECONDS = 0.1

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Received(msgspec.Struct, frozen=True):
    """A webhook as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def event_id(self) -> UUID:
        """What it says that it is about."""
        return UUID(self.headers["webhook-id"])


class Receiver:
    """Answers by the path: /hang, /drip, /slow, /flaky, /megabytes, /headers, /drop, or any status; else with
    200. Of three events, /flaky refuses one twice; /slow takes its time.

    What `answers` hold for a path comes first, as raw bytes. `released` lets go of whoever hangs.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.times: Counter[tuple[str, str]] = Counter()
        self.answers: defaultdict[str, deque[bytes]] = defaultdict(deque)
        self.released = asyncio.Event()
        self.arrived = asyncio.Event()
        self.connections = 0
        self.megabytes = 0
        self.hanging = 0
        self.hanging_most = 0
        self.port = 0

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Received]:
        """What came in there."""
        return [webhook for webhook in self.received if webhook.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        try:
            while await self._answer_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        request, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        path = request.split(" ")[1]
        self.received.append(Received(path, headers, body, asyncio.get_running_loop().time()))
        event_id = headers.get("webhook-id", "")
        self.times[path, event_id] += 1
        self.arrived.set()
        if self.answers[path]:
            writer.write(self.answers[path].popleft())
            return True
        if path == "/flaky" and UUID(event_id).int % 3 == 0 and self.times[path, event_id] <= 2:
            path = "/500"
        return await self._behave(path, writer)

    async def _behave(self, path: str, writer: asyncio.StreamWriter) -> bool:
        if path == "/drop":
            return False
        if path == "/hang":
            self.hanging += 1
            self.hanging_most = max(self.hanging, self.hanging_most)
            await self.released.wait()
            self.hanging -= 1
            return False
        if path == "/drip":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
            while not self.released.is_set():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)
            return False
        if path == "/headers":
            while not writer.is_closing():
                writer.write(b"HTTP/1.1 200 OK\r\n" + b"x-more: and more\r\n" * 5000)
                await writer.drain()
            return False
        if path == "/megabytes":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n")
            for _ in range(50):
                writer.write(b"x" * 1_000_000)
                await writer.drain()
                self.megabytes += 1
            return True
        if path == "/slow":
            await self._take_time()
        writer.write(self._answer_at_once(path))
        return True

    async def _take_time(self) -> None:
        loop = asyncio.get_running_loop()
        answers_at = loop.time() + SLOW_SECONDS
        while loop.time() < answers_at:
            await asyncio.sleep(SLOW_SECONDS / 10)

    def _answer_at_once(self, path: str) -> bytes:
        if path == "/302":
            location = f"location: {self.url('/redirected')}\r\n"
            return f"HTTP/1.1 302 Found\r\n{location}content-length: 0\r\n\r\n".encode()
        status = path.removeprefix("/")
        return f"HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nno".encode() if status.isdigit() else OK


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that listens until the block ends."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.close()


class Telling:
    """A program with endpoints, a clock that is set by hand, and the worker that tells them."""

    def __init__(self, database: Database, program_id: int, seconds_max: float = 15) -> None:
        self.database, self.program_id = database, program_id
        self.now = NOW
        self.seal = SecretSeal(SECRET_KEY)
        self.network = Network(is_private_allowed=True)
        self.deliveries = Deliveries(database, self.clock, self.seal, self.network, seconds_max=seconds_max)

    @classmethod
    async def create(cls, database: Database, slug: str = "one", seconds_max: float = 15) -> "Telling":
        """A new program without endpoints."""
        return cls(database, await new_program(database, slug), seconds_max)

    def clock(self) -> datetime:
        return self.now

    def pass_time(self, duration: timedelta) -> None:
        """It is later."""
        self.now += duration

    async def add(self, url: str, *types: str) -> NewSecret:
        """A new endpoint for these types, or for every one."""
        async with self.database.transaction() as connection:
            return await endpoints.add_endpoint(
                connection,
                self.seal,
                self.program_id,
                url=url,
                types=types or ("*",),
                is_private_allowed=True,
                now=self.now,
            )

    async def endpoint(self, endpoint_id: int) -> Endpoint:
        """The endpoint as it is now."""
        async with self.database.connection() as connection:
            return await endpoints.get_endpoint(connection, self.program_id, endpoint_id)

    async def emit(self, *types: str, data: dict[str, Any] | None = None) -> None:
        """Events of these types happened, in one transaction."""
        told = [Event(type_, data or {"loan_id": str(UUID(int=1))}, self.now) for type_ in types]

        async def work(pipeline: Pipeline) -> None:
            webhooks.emit(pipeline, self.program_id, told, self.now)

        async with self.database.connection() as connection:
            await transact(connection, work)

    async def deliver(self) -> int:
        """How many attempts it took until nothing was due."""
        return await self.deliveries.run_until_nothing_is_due()

    async def log(self, endpoint_id: int) -> list[Delivery]:
        """What became of the endpoint's deliveries, the newest first."""
        async with self.database.connection() as connection:
            return await log.list_deliveries(connection, self.program_id, endpoint_id, limit=1000)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database says."""
        async with self.database.connection() as connection:
            return await (await connection.execute(query.encode())).fetchall()


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what other tasks bring about."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)
