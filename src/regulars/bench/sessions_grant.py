"""The monthly grant of all live memberships, beside one statement that writes the same rows."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec
import psutil
import psycopg

from regulars.base.clock import utc_now
from regulars.bench.measure import Measured
from regulars.bench.report import Row
from regulars.bench.scratch import settle
from regulars.bench.sessions_ground import KioskGround
from regulars.bench.sessions_yardstick import prepare_yardstick
from regulars.bench.sweep import Sweep
from regulars.db.database import Database
from regulars.features.memberships import actions as memberships
from regulars.features.memberships.model import GrantRun

SAMPLE_SECONDS = 0.1

# What a grant posts: an account's change, its transfer, and the claim that lets no period be granted twice.
BARE = """
with credited as (
    update accounts a
    set balance = a.balance + 1, credited = a.credited + 1, version = a.version + 1, updated_at = now()
    from memberships m
    where m.program_id = %(program_id)s and m.status = 'active' and a.program_id = m.program_id
        and a.member_id = m.member_id and a.asset = 'rewards' and a.location_id = m.location_id
    returning a.account_id, a.version, a.balance, yardstick_id() as transfer_id,
        m.subscription_id || ':' || extract(epoch from m.period_start)::bigint as key
),
written_claims as (
    insert into claims (program_id, scope, key, fingerprint, transfer_id, created_at)
    select %(program_id)s, 'membership.grant', key, 'grant', transfer_id, now() from credited
)
insert into transfers (program_id, transfer_id, account_id, version, verb, action, amount, balance_after,
    counterparty, source, idempotency_key, effective_at, created_at)
select %(program_id)s, transfer_id, account_id, version, 'earn', 'membership_grant', 1, balance, 'issuance',
    'membership', key, now(), now()
from credited
"""

# What it writes besides: the period that was granted, and a card that shows something new.
MARKS = """
update memberships set granted_period_start = period_start, updated_at = now()
where program_id = %(program_id)s and status = 'active'
"""
CARDS = """
update passes
set sequence = nextval('pass_sequences'), status = 'queued', reason = 'rewards', due_at = now(),
    modified_at = greatest(date_trunc('second', now()), modified_at + interval '1 second')
where program_id = %(program_id)s and ended_at is null
"""

NEXT_MONTH = """
update memberships
set period_start = period_end, period_end = period_end + interval '1 month'
where program_id = %(program_id)s
"""
DELIVERED = "update passes set status = 'sent', due_at = null where program_id = %(program_id)s"


class Watched(msgspec.Struct, frozen=True):
    """A run of the job, how long it took, and by how much this process was larger meanwhile than before."""

    run: GrantRun
    seconds: float
    grown_megabytes: float


class Bare(msgspec.Struct, frozen=True):
    """How long one statement took for a month's postings, and others for the rest that the job writes."""

    post_seconds: float
    note_seconds: float


async def measure_grant(ground: KioskGround, sweep: Sweep) -> tuple[list[Row], list[str]]:
    """The rows in memberships a second, their times those of whole runs, and notes of what the job took.

    Raises RuntimeError when the job does not grant every period once.
    """
    count = ground.customers
    await prepare_yardstick(ground.conninfo)
    with sweep.console.status(f"one statement for {count:,} memberships"):
        early = await _measure_bare(ground)
    await _begin_month(ground)
    first = await _measure_job(ground, sweep, "monthly grant")
    again = await _measure_job(ground, sweep, "monthly grant, again")
    if (first.run.rewards_granted, again.run.rewards_granted) != (count, 0):
        raise RuntimeError(f"{count:,} periods were due: first {first.run}, then {again.run}")
    await _begin_month(ground)
    with sweep.console.status(f"one statement for {count:,} memberships, again"):
        late = await _measure_bare(ground)
    bare = _measured(count, (early.post_seconds + late.post_seconds) / 2)
    rows = [
        Row("bare INSERT … SELECT", 1, bare),
        Row("monthly grant", 1, _measured(count, first.seconds), bare.rate),
        Row("monthly grant, again", 1, _measured(count, again.seconds), bare.rate),
    ]
    return rows, [_note_of_times(first, early, late), _note_of_memory(count, first, again)]


def _note_of_times(job: Watched, early: Bare, late: Bare) -> str:
    posting = (early.post_seconds + late.post_seconds) / 2
    writing = posting + (early.note_seconds + late.note_seconds) / 2
    return (
        f"the grant took {job.seconds / posting:.1f} times as long as the bare rows, which took "
        f"{early.post_seconds:.1f} s before it, when there were no claims yet, and {late.post_seconds:.1f} s "
        f"after it; {job.seconds / writing:.1f} times as long as those with the marks on memberships and the "
        "updates of cards"
    )


def _note_of_memory(count: int, first: Watched, again: Watched) -> str:
    return (
        f"while it granted {count:,} rewards its process grew by {first.grown_megabytes:.0f} MB at most; "
        f"again it checked {again.run.memberships_checked:,} memberships, and granted none"
    )


async def _measure_bare(ground: KioskGround) -> Bare:
    """How long the month's postings took, and the rest of what the job writes."""
    parameters = {"program_id": ground.program_id}
    async with await psycopg.AsyncConnection.connect(ground.conninfo, autocommit=True) as owner:

        async def post() -> None:
            await owner.execute(BARE, parameters)

        async def note() -> None:
            await owner.execute(MARKS, parameters)
            await owner.execute(CARDS, parameters)

        return Bare(await _seconds_of(post), await _seconds_of(note))


async def _begin_month(ground: KioskGround) -> None:
    """All cards were delivered, and the next period of every membership is due."""
    async with await psycopg.AsyncConnection.connect(ground.conninfo, autocommit=True) as owner:
        await owner.execute(NEXT_MONTH, {"program_id": ground.program_id})
        await owner.execute(DELIVERED, {"program_id": ground.program_id})
    await settle(ground.conninfo)


async def _measure_job(ground: KioskGround, sweep: Sweep, what: str) -> Watched:
    """One run as the server would make it, in this process, which does nothing else meanwhile."""
    database = await Database.open(ground.conninfo)
    process = psutil.Process()
    before = largest = process.memory_full_info().uss
    began = time.perf_counter()
    with sweep.console.status(what) as status:
        job = asyncio.create_task(
            memberships.grant_due(
                database,
                utc_now,
                lambda run: status.update(f"{what}: {run.memberships_checked:,} of {ground.customers:,}"),
            )
        )
        while not job.done():
            await asyncio.wait([job], timeout=SAMPLE_SECONDS)
            largest = max(largest, process.memory_full_info().uss)
        run = await job
    seconds = time.perf_counter() - began
    await database.close()
    return Watched(run, seconds, (largest - before) / 1e6)


async def _seconds_of(work: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


def _measured(count: int, seconds: float) -> Measured:
    return Measured(count / seconds, 1000 * seconds, 1000 * seconds)
