"""`regulars bench loyaltyhub`: what tills ask all day beside pgbench, how it grows with data, and /sync."""

from collections.abc import Sequence

import msgspec

from regulars.bench.loyaltyhub_ground import HotelGround, prepare_hotels
from regulars.bench.loyaltyhub_requests import identify, transaction
from regulars.bench.loyaltyhub_sync import measure_sync
from regulars.bench.measure import typical
from regulars.bench.report import Growth, Row
from regulars.bench.scratch import scratch_database
from regulars.bench.server import running_server
from regulars.bench.sweep import Sweep
from regulars.db.database import server_conninfo

REQUESTS = (identify, transaction)
TENTH = 10
TURNS = 3

LEGEND = (
    "pgbench: the same reads and inserts on the same tables, a prepared statement each",
    "identify: POST /identify, the fob of one of {customers:,} customers with {visits:,} visits in a year",
    "transaction: POST /transaction of one of them, a ticket of its own with two items",
    "tenth: 1 worker, {tenth_customers:,} customers with {tenth_visits:,} visits",
    "grown tenfold: how many times those figures the whole has; medians of {turns} turns, in turn",
    "sync: customers a second of GET /sync, {sync_customers:,} at a time, beside COPY TO of the same rows",
)


class Sizes(msgspec.Struct, frozen=True):
    """How much data is measured on."""

    customers: int = 100_000
    visits: int = 2_000_000
    sync_customers: int = 1_000_000


async def run(conninfo: str, sweep: Sweep, sizes: Sizes) -> tuple[list[Row | Growth], list[str]]:
    """The rows of the table and the notes below it, from one run on scratch databases of that server."""
    rows: list[Row | Growth] = []
    async with scratch_database(conninfo) as scratch:
        ground = await _prepared(scratch, sweep, sizes.customers, sizes.visits)
        requests = [request(ground) for request in REQUESTS]
        rows += await sweep.beside_pgbench(requests, server_conninfo(scratch), ground.environment)
        async with scratch_database(conninfo) as another:
            tenth = await _prepared(another, sweep, sizes.customers // TENTH, sizes.visits // TENTH)
            rows += await _measure_growth(tenth, ground, sweep)
    async with scratch_database(conninfo) as scratch:
        ground = await _prepared(scratch, sweep, sizes.sync_customers, 0)
        sync_rows, memory_note = await measure_sync(ground, sweep)
    return [*rows, *sync_rows], [*_legend(sizes), memory_note]


async def _prepared(conninfo: str, sweep: Sweep, customers: int, visits: int) -> HotelGround:
    with sweep.console.status(f"filling in {customers:,} customers and {visits:,} visits"):
        return await prepare_hotels(conninfo, customers=customers, visits=visits)


async def _measure_growth(small: HotelGround, large: HotelGround, sweep: Sweep) -> list[Row | Growth]:
    """The small one's figures, and the large one's in proportion to them.

    They are measured in turn, because what the machine does besides changes by the minute.
    """
    rows: list[Row | Growth] = []
    async with (
        running_server(small.environment) as small_server,
        running_server(large.environment) as large_server,
    ):
        for request in REQUESTS:
            loads = [(small_server.url, request(small)), (large_server.url, request(large))]
            for url, load in loads:
                await sweep.warm_up(load, url)
            for clients in sweep.clients:
                turns = [
                    [await sweep.load(load, url, clients, load.what) for url, load in loads]
                    for _ in range(TURNS)
                ]
                of_small, of_large = map(typical, zip(*turns, strict=True))
                rows.append(Row(f"{loads[0][1].what}, tenth", clients, of_small))
                rows.append(Growth(f"{loads[0][1].what}, grown tenfold", clients, of_small, of_large))
    return rows


def _legend(sizes: Sizes) -> Sequence[str]:
    values = {
        "customers": sizes.customers,
        "visits": sizes.visits,
        "tenth_customers": sizes.customers // TENTH,
        "tenth_visits": sizes.visits // TENTH,
        "sync_customers": sizes.sync_customers,
        "turns": TURNS,
    }
    return [line.format(**values) for line in LEGEND]
