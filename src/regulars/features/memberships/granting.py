"""The monthly job: every paid period that no invoice has granted yet is granted, many at a time.

It can be stopped at any moment and run again, also twice at once: the claim of a period lets it be granted
once, and the mark on the membership only spares the next run the look at it. So a part may be marked while
the next one is granted, over a second connection: it takes about as long, and else nobody would do anything
meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import TypeVar

from regulars.base.clock import Clock
from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from regulars.features.access import actions as access
from regulars.features.access.model import Program
from regulars.features.ledger.actions import Ledger, transact
from regulars.features.ledger.model import Attribution
from regulars.features.ledger.model_bulk import BulkEarn, BulkEarnRow
from regulars.features.memberships import rules, store_grants
from regulars.features.memberships.applying import GRANT
from regulars.features.memberships.model import REWARDS, DueGrant, GrantRun, ShowProgress
from regulars.features.passes import actions as passes

T = TypeVar("T")
U = TypeVar("U")

CHUNK = 5_000
EVERY_VENUE = 0


async def grant_all(database: Database, clock: Clock, show_progress: ShowProgress | None) -> GrantRun:
    """What was checked and granted, in all programs."""
    run = GrantRun()
    async with database.connection() as connection:
        programs = await access.list_programs(connection)
    for program in programs:
        async with database.connection() as connection:
            venues = await access.list_locations(connection, program.program_id)
        for location_id in (EVERY_VENUE, *(venue.location_id for venue in venues)):
            run = await _grant_location(database, clock, program, location_id, run, show_progress)
    return run


async def _grant_location(
    database: Database,
    clock: Clock,
    program: Program,
    location_id: int,
    run: GrantRun,
    show_progress: ShowProgress | None,
) -> GrantRun:
    """The run after all live memberships of one location."""
    unmarked: Sequence[DueGrant] = []
    live = await _next_live(database, program.program_id, location_id, None)
    while live:
        due = [membership for membership in live if membership.is_due]
        granted, following = await _both(
            _grant(database, clock, program, location_id, due),
            _mark_and_read_on(database, clock, program.program_id, location_id, unmarked, live[-1]),
        )
        run = GrantRun(run.memberships_checked + len(live), run.rewards_granted + granted)
        if show_progress is not None:
            show_progress(run)
        unmarked, live = due, following
    await _mark(database, clock(), program.program_id, location_id, unmarked)
    return run


async def _both(granting: Awaitable[T], noting: Awaitable[U]) -> tuple[T, U]:
    """What both return, side by side. An error of either comes out when both have ended."""
    granted, noted = await asyncio.gather(granting, noting, return_exceptions=True)
    if isinstance(granted, BaseException):
        raise granted
    if isinstance(noted, BaseException):
        raise noted
    return granted, noted


async def _mark_and_read_on(
    database: Database,
    clock: Clock,
    program_id: int,
    location_id: int,
    unmarked: Sequence[DueGrant],
    after: DueGrant,
) -> list[DueGrant]:
    """The memberships after those that are just being granted; those before them are marked first."""
    await _mark(database, clock(), program_id, location_id, unmarked)
    return await _next_live(database, program_id, location_id, after)


async def _next_live(
    database: Database, program_id: int, location_id: int, after: DueGrant | None
) -> list[DueGrant]:
    async with database.connection() as connection:
        return await store_grants.select_live(connection, program_id, location_id, after, CHUNK)


async def _grant(
    database: Database, clock: Clock, program: Program, location_id: int, due: Sequence[DueGrant]
) -> int:
    """How many rewards were granted now."""
    if not due:
        return 0
    rewards = rules.terms_of(program).rewards_per_period
    posted = 0
    if rewards > 0:
        bulk = BulkEarn(
            action=GRANT,
            attribution=Attribution("membership"),
            rows=[
                BulkEarnRow(one.member_id, rewards, rules.grant_claim(one.subscription_id, one.period_start))
                for one in due
                if one.period_start is not None
            ],
            asset=REWARDS,
            location_id=location_id,
        )
        posted = (await Ledger(database, clock).earn_in_bulk(program.program_id, bulk)).posted
    return posted * rewards


async def _mark(
    database: Database, now: datetime, program_id: int, location_id: int, due: Sequence[DueGrant]
) -> None:
    """Notes what was granted, by this run or one that was stopped here, and tells the members' passes."""
    if not due:
        return

    async def work(pipeline: Pipeline) -> None:
        store_grants.send_marks(pipeline, program_id, location_id, due)
        passes.send_updates(
            pipeline, program_id, [(one.member_id, location_id) for one in due], "rewards", now
        )

    async with database.connection() as connection:
        await transact(connection, work)
