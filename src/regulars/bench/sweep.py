"""The same measurement for every number of clients and of workers, one row each."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from itertools import chain
from typing import TypeVar

import msgspec
from rich.console import Console

from regulars.bench.ground import Ground
from regulars.bench.load import measure_load
from regulars.bench.measure import Measured, typical
from regulars.bench.pgbench import measure_pgbench
from regulars.bench.report import Growth, Row
from regulars.bench.server import running_server

G = TypeVar("G", bound=Ground)

WARM_UP_CLIENTS = 32
TENTH = 10


class Request(msgspec.Struct, frozen=True):
    """A request that wrk repeats, and the script that does for pgbench what it must do at least."""

    what: str
    path: str
    load: str
    yardstick: str


class Sweep(msgspec.Struct, frozen=True):
    """How long each measurement runs and how often, with how many clients and workers, and who is told.

    Whatever is held against each other is measured in turn, because what the machine does besides changes by
    the minute; a figure is the median of all turns. A server is warm when its caches have met what the load
    asks for.
    """

    console: Console
    seconds: int = 5
    warm_up_seconds: int = 10
    turns: int = 5
    clients: tuple[int, ...] = (1, 32, 90)
    workers: tuple[int, ...] = (1, 2)

    @property
    def note(self) -> str:
        """How the figures came about, for the reader of a table."""
        return (
            f"what is held against each other was measured in turn; a figure is the median of {self.turns} "
            f"turns of {self.seconds} s"
        )

    async def beside_pgbench(
        self, requests: Sequence[Request], conninfo: str, environment: dict[str, str]
    ) -> list[Row]:
        """pgbench's rows for each request, then those of a server for each number of workers."""
        of_pgbench: list[Row] = []
        of_servers: dict[int, list[Row]] = {workers: [] for workers in self.workers}
        async with AsyncExitStack() as running:
            servers = [
                await running.enter_async_context(running_server(environment, workers=workers))
                for workers in self.workers
            ]
            for request in requests:
                for server in servers:
                    await self.warm_up(request, server.url)
                for clients in self.clients:
                    turns = [
                        [
                            await self._yardstick(request, conninfo, clients),
                            *[await self.load(request, server.url, clients) for server in servers],
                        ]
                        for _ in range(self.turns)
                    ]
                    yardstick, *served = map(typical, zip(*turns, strict=True))
                    of_pgbench.append(Row(f"pgbench, {request.what}", clients, yardstick))
                    for workers, measured in zip(self.workers, served, strict=True):
                        what = f"{request.what}, {workers} worker{'s' if workers > 1 else ''}"
                        of_servers[workers].append(Row(what, clients, measured, yardstick.rate))
        return [*of_pgbench, *chain.from_iterable(of_servers.values())]

    async def growth(
        self, requests_on: Sequence[Callable[[G], Request]], small: G, large: G
    ) -> list[Row | Growth]:
        """The figures on a small ground, and those on one of TENTH times its size in proportion to them."""
        rows: list[Row | Growth] = []
        async with (
            running_server(small.environment) as small_server,
            running_server(large.environment) as large_server,
        ):
            for request_on in requests_on:
                loads = [(small_server.url, request_on(small)), (large_server.url, request_on(large))]
                what = loads[0][1].what
                for url, load in loads:
                    await self.warm_up(load, url)
                for clients in self.clients:
                    turns = [
                        [await self.load(load, url, clients) for url, load in loads]
                        for _ in range(self.turns)
                    ]
                    of_small, of_large = map(typical, zip(*turns, strict=True))
                    rows.append(Row(f"{what}, tenth", clients, of_small))
                    rows.append(Growth(f"{what}, grown tenfold", clients, of_small, of_large))
        return rows

    async def warm_up(self, request: Request, url: str) -> None:
        """The load, not measured."""
        with self.console.status(f"warming up: {request.what}"):
            await measure_load(
                url + request.path,
                request.load,
                clients=WARM_UP_CLIENTS,
                seconds=self.warm_up_seconds,
            )

    async def load(self, request: Request, url: str, clients: int) -> Measured:
        """The server's figures under the load of so many clients."""
        with self.console.status(f"{request.what}, {clients} clients"):
            return await measure_load(url + request.path, request.load, clients=clients, seconds=self.seconds)

    async def _yardstick(self, request: Request, conninfo: str, clients: int) -> Measured:
        with self.console.status(f"pgbench, {request.what}, {clients} clients"):
            return await measure_pgbench(conninfo, request.yardstick, clients=clients, seconds=self.seconds)
