"""Postings without HTTP, many at a time, and what PostgreSQL takes for their rows alone."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from uuid import UUID

import psycopg

from regulars.base.clock import utc_now
from regulars.base.ids import new_id
from regulars.bench.measure import Measured, percentile
from regulars.db.database import Database
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model import Attribution, Claim
from regulars.features.ledger.model_bulk import BulkEarn, BulkEarnRow

BATCH = 2_000
LANES = 2
"""How many batches are under way at a time."""

COPIED_TRANSFERS = "create table copied_transfers (like transfers including all)"
COPY_TRANSFERS = """
copy copied_transfers (program_id, transfer_id, account_id, version, verb, action, amount, balance_after,
    counterparty, source, actor, effective_at, created_at) from stdin
"""


async def measure_bulk(
    conninfo: str, program_id: int, member_ids: Sequence[UUID], seconds: int, *, keyed: bool
) -> Measured:
    """Postings per second, if `keyed` under a key each; the latencies are those of whole orders.

    Each lane posts to members of its own, as a job over all members would be divided.
    """
    database = await Database.open(conninfo)
    ledger = Ledger(database, utc_now)

    async def earn(lane: int) -> None:
        chosen = random.sample(member_ids[lane::LANES], BATCH)
        await ledger.earn_in_bulk(program_id, bulk_earn(chosen, keyed=keyed))

    measured = await _measure_lanes(earn, seconds)
    await ledger.close()
    await database.close()
    return measured


async def measure_copy(conninfo: str, seconds: int) -> Measured:
    """Rows per second of nothing but COPY into a table like the ledger's, each batch committed."""
    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(await psycopg.AsyncConnection.connect(conninfo, autocommit=True))
            for _ in range(LANES)
        ]
        await connections[0].execute(COPIED_TRANSFERS)

        async def copy_batch(lane: int) -> None:
            rows = "".join(_copied_row(version) for version in range(1, BATCH + 1))
            async with connections[lane].cursor().copy(COPY_TRANSFERS) as copy:
                await copy.write(rows)

        return await _measure_lanes(copy_batch, seconds)


def bulk_earn(member_ids: Iterable[UUID], *, keyed: bool = False) -> BulkEarn:
    """One point for each, if `keyed` under a key that was never used before."""
    rows = [
        BulkEarnRow(member_id, 1, Claim("bench", new_id().hex, b"grant") if keyed else None)
        for member_id in member_ids
    ]
    return BulkEarn(action="bulk", attribution=Attribution(source="bench", actor="bench"), rows=rows)


def _copied_row(version: int) -> str:
    values = (1, new_id(), new_id(), version, "earn", "bulk", 1, version, "issuance", "bench", "bench")
    return "\t".join(map(str, values)) + "\tnow\tnow\n"


async def _measure_lanes(batch: Callable[[int], Awaitable[None]], seconds: int) -> Measured:
    milliseconds: list[float] = []
    started_at = time.perf_counter()

    async def fill(lane: int) -> None:
        while (begun_at := time.perf_counter()) < started_at + seconds:
            await batch(lane)
            milliseconds.append((time.perf_counter() - begun_at) * 1000)

    await asyncio.gather(*(fill(lane) for lane in range(LANES)))
    rate = len(milliseconds) * BATCH / (time.perf_counter() - started_at)
    milliseconds.sort()
    return Measured(rate, percentile(milliseconds, 0.5), percentile(milliseconds, 0.99))
