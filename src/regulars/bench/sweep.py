"""The same measurement for every number of clients and of workers, one row each."""

from collections.abc import Callable, Sequence
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
TURNS = 5


class Request(msgspec.Struct, frozen=True):
    """A request that wrk repeats, and the script that does for pgbench what it must do at least."""

    what: str
    path: str
    load: str
    yardstick: str


class Sweep(msgspec.Struct, frozen=True):
    """How long each measurement runs, with how many clients and workers, and who is told meanwhile.

    A server is warm when its caches have met what the load asks for.
    """

    console: Console
    seconds: int = 10
    warm_up_seconds: int = 10
    clients: tuple[int, ...] = (1, 32, 90)
    workers: tuple[int, ...] = (1, 2)

    async def beside_pgbench(
        self, requests: Sequence[Request], conninfo: str, environment: dict[str, str]
    ) -> list[Row]:
        """pgbench's rows for each request, then the server's, held against them."""
        rows: list[Row] = []
        yardsticks: dict[str, list[Row]] = {}
        for request in requests:
            yardsticks[request.what] = await self._yardstick(request, conninfo)
            rows += yardsticks[request.what]
        for workers in self.workers:
            async with running_server(environment, workers=workers) as server:
                for request in requests:
                    rows += await self._served(request, server.url, workers, yardsticks[request.what])
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

    async def load(self, request: Request, url: str, clients: int, what: str) -> Measured:
        """The server's figures under the load of so many clients."""
        with self.console.status(f"{what}, {clients} clients"):
            return await measure_load(url + request.path, request.load, clients=clients, seconds=self.seconds)

    async def growth(
        self, requests_on: Sequence[Callable[[G], Request]], small: G, large: G
    ) -> list[Row | Growth]:
        """The figures on a small ground, and those on one of TENTH times its size in proportion to them.

        They are measured in turn, because what the machine does besides changes by the minute.
        """
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
                        [await self.load(load, url, clients, what) for url, load in loads]
                        for _ in range(TURNS)
                    ]
                    of_small, of_large = map(typical, zip(*turns, strict=True))
                    rows.append(Row(f"{what}, tenth", clients, of_small))
                    rows.append(Growth(f"{what}, grown tenfold", clients, of_small, of_large))
        return rows

    async def _yardstick(self, request: Request, conninfo: str) -> list[Row]:
        what = f"pgbench, {request.what}"
        rows = []
        for clients in self.clients:
            with self.console.status(f"{what}, {clients} clients"):
                measured = await measure_pgbench(
                    conninfo, request.yardstick, clients=clients, seconds=self.seconds
                )
            rows.append(Row(what, clients, measured))
        return rows

    async def _served(self, request: Request, url: str, workers: int, yardsticks: Sequence[Row]) -> list[Row]:
        what = f"{request.what}, {workers} worker{'s' if workers > 1 else ''}"
        await self.warm_up(request, url)
        return [
            Row(what, clients, await self.load(request, url, clients, what), yardstick.measured.rate)
            for clients, yardstick in zip(self.clients, yardsticks, strict=True)
        ]
