"""Jobs on a real database: they belong to their transaction, and a tick is one job however many workers."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest
import pytest_asyncio
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from regulars import jobs
from regulars.base.clock import Clock, utc_now
from regulars.db.database import Database
from regulars.features.passes.actions import Carriers
from regulars.features.photos.actions import PhotoLibrary
from regulars.jobs import worker
from tests.support.enrolment import NOW
from tests.support.lending import Wardrobes
from tests.support.told_tiers import TierWorld


@pytest_asyncio.fixture
async def superuser(database_url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        yield connection


async def count(connection: psycopg.AsyncConnection, query: str) -> int:
    row = await (await connection.execute(query)).fetchone()
    assert row is not None
    return int(row[0])


def tools_with(database: Database, clock: Clock = utc_now) -> jobs.Tools:
    photos = PhotoLibrary(Path(mkdtemp()))
    carriers = Carriers(None, None, clock=clock)
    return jobs.Tools(
        database, clock, photos, carriers, "https://loyalty.example", "a secret key of the tests"
    )


async def until_the_queue_is_empty(connection: psycopg.AsyncConnection) -> None:
    periodic = len(jobs.queue.periodic_registry.periodic_tasks)
    deadline = asyncio.get_running_loop().time() + 10
    while True:
        ticks = await count(connection, "select count(*) from procrastinate_periodic_defers")
        open_jobs = "select count(*) from procrastinate_jobs where status in ('todo', 'doing')"
        if ticks == periodic and await count(connection, open_jobs) == 0:
            return
        assert asyncio.get_running_loop().time() < deadline, "jobs are left"
        await asyncio.sleep(0.05)


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "waited in vain"
        await asyncio.sleep(0.02)


async def test_a_job_exists_when_its_transaction_commits_and_not_before(
    database: Database, superuser: psycopg.AsyncConnection
) -> None:
    async with database.transaction() as connection:
        job_id = await jobs.defer_in(connection, "expire_holds", timestamp=1)
        assert await count(superuser, "select count(*) from procrastinate_jobs") == 0
    assert await count(superuser, f"select count(*) from procrastinate_jobs where id = {job_id}") == 1


async def test_a_job_goes_when_its_transaction_rolls_back(
    database: Database, superuser: psycopg.AsyncConnection
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as connection:
            await jobs.defer_in(connection, "expire_holds", timestamp=1)
            raise ZeroDivisionError
    assert await count(superuser, "select count(*) from procrastinate_jobs") == 0


async def test_a_worker_runs_what_is_deferred_says_that_it_lives_and_leaves_nothing_behind(
    database_url: str, database: Database, superuser: psycopg.AsyncConnection
) -> None:
    calls: list[datetime] = []

    def clock() -> datetime:
        calls.append(utc_now())
        return calls[-1]

    async with jobs.working(database_url, tools_with(database, clock)):
        await until(lambda: calls)
        calls.clear()
        async with database.transaction() as connection:
            await jobs.defer_in(connection, "expire_holds", timestamp=1)
        await until(lambda: calls, seconds=3)
        async with database.connection() as connection:
            heartbeat = await jobs.newest_heartbeat(connection)
        assert heartbeat is not None and heartbeat > datetime.now(UTC) - timedelta(seconds=15)
    assert await count(superuser, "select count(*) from procrastinate_workers") == 0
    assert await count(superuser, "select count(*) from procrastinate_jobs where status = 'failed'") == 0


async def test_loans_that_are_overdue_are_told_of_by_themselves(
    database_url: str, database: Database, superuser: psycopg.AsyncConnection
) -> None:
    shop = await Wardrobes.create(database)
    await shop.checkout(await shop.borrower())
    shop.clock.advance(days=31)
    async with jobs.working(database_url, tools_with(database, shop.clock)):
        await until_the_queue_is_empty(superuser)
    assert [kind for kind, _ in await shop.events()] == ["loan.checked_out", "loan.overdue"]


async def test_tiers_that_fell_are_told_of_by_themselves(
    database_url: str, database: Database, superuser: psycopg.AsyncConnection
) -> None:
    hotels = await TierWorld.create(database)
    ann = await hotels.customer()
    await hotels.come(ann, *[NOW] * 4)
    async with jobs.working(database_url, tools_with(database, lambda: NOW + timedelta(days=29))):
        await until_the_queue_is_empty(superuser)
    assert await hotels.told(ann) == [("Member", "Loyalty", 4), ("Loyalty", "Member", 0)]


async def test_workers_that_start_together_run_each_tick_once(
    database_url: str, database: Database, superuser: psycopg.AsyncConnection
) -> None:
    tools = tools_with(database)
    async with jobs.working(database_url, tools):
        others = [
            asyncio.create_task(
                jobs.queue.run_worker_async(
                    install_signal_handlers=False, delete_jobs="never", additional_context={"tools": tools}
                )
            )
            for _ in range(3)
        ]
        await until_the_queue_is_empty(superuser)
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    # The ids of a sequence count every job that was ever made, also those already gone.
    made = await count(superuser, "select last_value from procrastinate_jobs_id_seq")
    ticks = await count(superuser, "select count(*) from procrastinate_periodic_defers")
    assert made <= 2 * ticks, "a tick became more than one job (a minute may pass meanwhile)"
    assert ticks == len(jobs.queue.periodic_registry.periodic_tasks)


async def leave_a_stalled_job(connection: psycopg.AsyncConnection) -> None:
    """What a process leaves that was killed in the middle of a job: a job being done by nobody alive."""
    await connection.execute(
        """
        with dead as (
            insert into procrastinate_workers (last_heartbeat) values (now() - interval '5 minutes')
            returning id
        )
        insert into procrastinate_jobs (queue_name, task_name, args, status, worker_id)
        select 'default', 'purge_jobs', '{"timestamp": 1}', 'doing', id from dead
        """
    )


async def test_a_job_of_a_killed_worker_is_run_by_another(
    database_url: str, database: Database, superuser: psycopg.AsyncConnection
) -> None:
    await leave_a_stalled_job(superuser)
    async with jobs.working(database_url, tools_with(database)):
        async with database.transaction() as connection:
            await jobs.defer_in(connection, "rescue_jobs", timestamp=2)
        await until_the_queue_is_empty(superuser)
    assert await count(superuser, "select count(*) from procrastinate_jobs") == 0


async def test_two_rescuers_who_found_the_same_job_let_it_run_once_and_neither_fails(
    database_url: str, database: Database, superuser: psycopg.AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await leave_a_stalled_job(superuser)
    find = JobManager.get_stalled_jobs
    both_found_it = asyncio.Barrier(2)

    async def found_by_both(self: JobManager, *arguments: object, **options: object) -> list[Job]:
        found = list(await find(self, *arguments, **options))  # type: ignore[arg-type]
        await both_found_it.wait()
        return found

    async with database.transaction() as connection:
        for timestamp in (2, 3):
            await jobs.defer_in(connection, "rescue_jobs", timestamp=timestamp)
    monkeypatch.setattr(JobManager, "get_stalled_jobs", found_by_both)
    monkeypatch.setattr(jobs.queue.periodic_registry, "periodic_tasks", {})
    async with jobs.working(database_url, tools_with(database)):
        await until_the_queue_is_empty(superuser)
    assert await count(superuser, "select count(*) from procrastinate_jobs") == 0


async def test_the_worker_comes_back_after_its_connections_were_cut(
    database_url: str, database: Database, superuser: psycopg.AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_RESTART_SECONDS", 0.1)
    async with jobs.working(database_url, tools_with(database)):
        await until_the_queue_is_empty(superuser)
        cuts = 0
        while cuts < 3:
            cuts += 1
            await superuser.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'regulars-jobs' and datname = current_database()"
            )
            await asyncio.sleep(0.2)
        # This task takes no lock, so it does not wait for a job that was interrupted.
        async with database.transaction() as connection:
            job_id = await jobs.defer_in(connection, "rescue_jobs", timestamp=1)
        async with asyncio.timeout(40):
            while await count(superuser, f"select count(*) from procrastinate_jobs where id = {job_id}"):
                await asyncio.sleep(0.05)
    # A connection attempt that was interrupted is closed with its object, and until then PostgreSQL
    # waits for the rest of it, and whoever drops the database waits for PostgreSQL.
    gc.collect()


async def test_chunks_are_done_until_one_is_not_full() -> None:
    left = [1000, 1000, 17]

    async def step() -> int:
        return left.pop(0)

    assert await jobs.in_chunks(step) == 2017
    assert left == []
