"""`regulars bench loyaltyhub`: what tills ask all day beside pgbench, how it grows with data, and /sync."""

from collections.abc import Sequence

import msgspec

from regulars.bench.loyaltyhub_ground import HotelGround, prepare_hotels
from regulars.bench.loyaltyhub_requests import identify, transaction
from regulars.bench.loyaltyhub_sync import measure_sync
from regulars.bench.report import Growth, Row
from regulars.bench.scratch import scratch_database
from regulars.bench.sweep import TENTH, Sweep
from regulars.db.database import server_conninfo

REQUESTS = (identify, transaction)

LEGEND = (
    "pgbench: the same reads and inserts on the same tables, a prepared statement each",
    "identify: POST /identify, the fob of one of {customers:,} customers with {visits:,} visits in a year",
    "transaction: POST /transaction of one of them, a ticket of its own with two items",
    "tenth: 1 worker, {tenth_customers:,} customers with {tenth_visits:,} visits",
    "grown tenfold: how many times those figures the whole has",
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
            rows += await sweep.growth(REQUESTS, tenth, ground)
    async with scratch_database(conninfo) as scratch:
        ground = await _prepared(scratch, sweep, sizes.sync_customers, 0)
        sync_rows, memory_note = await measure_sync(ground, sweep)
    return [*rows, *sync_rows], [*_legend(sizes), sweep.note, memory_note]


async def _prepared(conninfo: str, sweep: Sweep, customers: int, visits: int) -> HotelGround:
    with sweep.console.status(f"filling in {customers:,} customers and {visits:,} visits"):
        return await prepare_hotels(conninfo, customers=customers, visits=visits)


def _legend(sizes: Sizes) -> Sequence[str]:
    values = {
        "customers": sizes.customers,
        "visits": sizes.visits,
        "tenth_customers": sizes.customers // TENTH,
        "tenth_visits": sizes.visits // TENTH,
        "sync_customers": sizes.sync_customers,
    }
    return [line.format(**values) for line in LEGEND]
