"""The job that tells of members whose tier is another one by now, because visits left the period.

What others know of a tier is one row for each member and hotel, which sales make where somebody wants to
know. It says when the first of its visits leaves the period, so a run reads nobody else. A run may be stopped
at any point and goes on there, and any number may run at a time: a part's rows are locked, changed and told
of in one transaction, and rows that somebody else has locked are left to them.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from regulars.base.clock import Clock
from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import transact
from regulars.features.access import actions as access
from regulars.features.sales import events, store_tiers
from regulars.features.sales.reckoning import standing_at, window_start
from regulars.features.sales.rules_telling import looked_at
from regulars.features.tiers import actions as tiers
from regulars.features.tiers.model import TierBook
from regulars.features.webhooks import actions as webhooks

CHUNK = 1000


async def tell_tiers(database: Database, clock: Clock, chunk: int = CHUNK) -> int:
    """How many tiers were told, in all programs. Where nobody is told any more, they are forgotten."""
    async with database.connection() as connection:
        programs = await store_tiers.select_programs(connection)
    told = 0
    for program_id, is_told in programs:
        if is_told:
            told += await _tell_in(database, program_id, clock(), chunk)
        else:
            await _forget_in(database, program_id, chunk)
    return told


class _Run(Struct, frozen=True):
    """One look at a program: its moment, its schemes, and since when visits count at each hotel."""

    program_id: int
    now: datetime
    tier_book: TierBook
    since: Mapping[int, datetime]


async def _tell_in(database: Database, program_id: int, now: datetime, chunk: int) -> int:
    async with database.connection() as connection:
        tier_book = await tiers.load_book(connection, program_id)
        hotels = await access.list_locations(connection, program_id)
    since = {hotel.location_id: window_start(tier_book, hotel.location_id, now) for hotel in hotels}
    run = _Run(program_id, now, tier_book, since)
    told = 0
    while True:
        async with database.connection() as connection:
            looked, changed = await transact(connection, lambda pipeline: _look(pipeline, run, chunk))
        told += changed
        if looked < chunk:
            return told


async def _look(pipeline: Pipeline, run: _Run, chunk: int) -> tuple[int, int]:
    """How many tiers were looked at, and how many of them were told."""
    sent = store_tiers.send_due(pipeline, run.program_id, run.since, chunk)
    await pipeline.flush()
    looked = [
        looked_at(
            due,
            standing_at(due.customer, run.tier_book, due.location_id),
            run.since[due.location_id],
            run.now,
        )
        for due in store_tiers.due_in(sent)
    ]
    if looked:
        store_tiers.send_tiers(pipeline, run.program_id, looked)
    told = events.told(looked)
    webhooks.emit(pipeline, run.program_id, told, run.now)
    return len(looked), len(told)


async def _forget_in(database: Database, program_id: int, chunk: int) -> None:
    """Whoever wants to know tiers some day is told of what happens then, and not of what was known before."""
    while True:
        async with database.connection() as connection:
            pipeline = Pipeline(connection)
            sent = store_tiers.send_forget(pipeline, program_id, chunk)
            await pipeline.flush()
        if len(sent.rows) < chunk:
            return
