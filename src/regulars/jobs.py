"""Work that nobody waits for: the queue, its periodic tidying, and the worker that runs it.

The queue (Procrastinate) lives in the same database. A job deferred with `defer_in` belongs to the
transaction that causes it. Any number of processes may run a worker: a job is run by one of them, and a
tick of a periodic task becomes one job. A job whose process was killed is given to another.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException
from psycopg.errors import RaiseException
from psycopg_pool import PoolTimeout

from regulars.base.clock import Clock
from regulars.db.database import Connection, Database, server_conninfo
from regulars.features.access.actions import forget_attempts
from regulars.features.ledger.actions import expire_due_holds, forget_claims
from regulars.features.members.actions import forget_origins
from regulars.features.photos.actions import PhotoLibrary, sweep_orphans

CLAIMS_KEPT = timedelta(days=30)
"""How long an idempotency key of a request is remembered; tokens and external events are for ever."""

ATTEMPTS_KEPT = timedelta(days=2)
"""How long attempts are remembered; no limit counts over a longer period."""

ORIGINS_KEPT = timedelta(days=90)
"""How long the address and program that a request came from are kept; they are personal data."""

FAILED_JOBS_KEPT = timedelta(days=14)
"""How long a job that failed for good stays to be looked at."""

HEARTBEAT_SECONDS = 10.0
STALLED_SECONDS = 40.0
CHUNK = 1000

_CONCURRENCY = 2
_CONNECTIONS_MAX = 3
_ACQUIRE_SECONDS_MAX = 5.0
_POLLING_SECONDS = 30.0
_STOP_SECONDS_MAX = 15.0
_RESTART_SECONDS = 2.0

_logger = logging.getLogger(__name__)


class Tools(msgspec.Struct, frozen=True):
    """What jobs work with."""

    database: Database
    clock: Clock
    photos: PhotoLibrary


# A tick that was missed, because nothing ran at that hour, is made up for at the next start.
queue = App(connector=PsycopgConnector(), periodic_defaults={"max_delay": 2 * 24 * 3600.0})
_again = RetryStrategy(max_attempts=4, wait=30, exponential_wait=4)


async def defer_in(connection: Connection, task: str, **arguments: Any) -> int:
    """The id of a new job, which exists if and when the connection's transaction commits.

    `task` is the name of a task of this module; `arguments` are JSON.
    """
    assert task in queue.tasks, f"no task {task}"
    return await queue.configure_task(task, connection=connection).defer_async(**arguments)


async def newest_heartbeat(connection: Connection) -> datetime | None:
    """When a worker last said that it lives (every ten seconds); None when none ever did."""
    cursor = await connection.execute("select max(last_heartbeat) from procrastinate_workers")
    row = await cursor.fetchone()
    return None if row is None else row[0]


@asynccontextmanager
async def working(conninfo: str, tools: Tools) -> AsyncIterator[None]:
    """Runs jobs in this event loop, on a few connections of its own, until the block ends.

    Leaving waits for the jobs under way, a quarter of a minute at most; what is not finished then is
    run again by another worker or after the next start.
    """
    worker = asyncio.create_task(_work_for_ever(conninfo, tools), name="jobs")
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def _work_for_ever(conninfo: str, tools: Tools) -> None:
    """Procrastinate's worker gives up when the database goes away; this starts it again.

    It starts with new connections, because a worker that is interrupted may leave some of its pool in use.
    """
    while True:
        try:
            await _work(conninfo, tools)
        except (ConnectorException, PoolTimeout) as error:
            _logger.warning("jobs wait for the database (%s)", type(error.__cause__ or error).__name__)
        await asyncio.sleep(_RESTART_SECONDS)


async def _work(conninfo: str, tools: Tools) -> None:
    connector = PsycopgConnector(
        conninfo=server_conninfo(conninfo, application_name="regulars-jobs"),
        min_size=1,
        max_size=_CONNECTIONS_MAX,
        timeout=_ACQUIRE_SECONDS_MAX,
        reconnect_timeout=_ACQUIRE_SECONDS_MAX,
    )
    with queue.replace_connector(connector):
        async with queue.open_async():
            await queue.run_worker_async(
                concurrency=_CONCURRENCY,
                fetch_job_polling_interval=_POLLING_SECONDS,
                abort_job_polling_interval=_POLLING_SECONDS,
                shutdown_graceful_timeout=_STOP_SECONDS_MAX,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
                delete_jobs="successful",
                additional_context={"tools": tools},
                install_signal_handlers=False,
            )


def _tools(context: JobContext) -> Tools:
    tools = context.additional_context["tools"]
    assert isinstance(tools, Tools)
    return tools


async def in_chunks(step: Callable[[], Awaitable[int]], chunk: int = CHUNK) -> int:
    """How much `step` did in all; it is called until it does less than a chunk, and commits each time."""
    total = 0
    while True:
        done = await step()
        total += done
        if done < chunk:
            return total


@queue.periodic(cron="* * * * *")
@queue.task(name="expire_holds", lock="expire_holds", pass_context=True)
async def expire_holds(context: JobContext, timestamp: int) -> None:
    """Takes lapsed holds off the books, every minute. Reading ignores them at once; this only tidies."""
    tools = _tools(context)
    await in_chunks(lambda: expire_due_holds(tools.database, tools.clock, CHUNK))


@queue.periodic(cron="* * * * *")
@queue.task(name="rescue_jobs", pass_context=True)
async def rescue_jobs(context: JobContext, timestamp: int) -> None:
    """Gives the jobs of killed processes to others, every minute."""
    for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        try:
            await queue.job_manager.retry_job(job)
        except ConnectorException as error:
            # Two processes may rescue at once, and the second one finds the job no longer stalled.
            if not isinstance(error.__cause__, RaiseException):
                raise
        else:
            _logger.warning("job %s of a worker that ended is run again", job.id)


@queue.periodic(cron="7 * * * *")
@queue.task(name="forget_requests", lock="forget_requests", pass_context=True, retry=_again)
async def forget_requests(context: JobContext, timestamp: int) -> None:
    """Forgets old idempotency keys and old attempts, every hour."""
    tools = _tools(context)
    now = tools.clock()

    async def claims() -> int:
        async with tools.database.connection() as connection:
            return await forget_claims(connection, now - CLAIMS_KEPT, CHUNK)

    async def attempts() -> int:
        async with tools.database.connection() as connection:
            return await forget_attempts(connection, now - ATTEMPTS_KEPT, CHUNK)

    await in_chunks(claims)
    await in_chunks(attempts)


@queue.periodic(cron="23 3 * * *")
@queue.task(name="forget_origins", lock="forget_origins", pass_context=True, retry=_again)
async def forget_old_origins(context: JobContext, timestamp: int) -> None:
    """Forgets where old requests came from, every night."""
    tools = _tools(context)
    before = tools.clock() - ORIGINS_KEPT

    async def origins() -> int:
        async with tools.database.connection() as connection:
            return await forget_origins(connection, before, CHUNK)

    # The limit holds for each program, so a step may do more than a chunk; only none means the end.
    await in_chunks(origins, 1)


@queue.periodic(cron="31 3 * * *")
@queue.task(name="sweep_photos", lock="sweep_photos", pass_context=True, retry=_again)
async def sweep_photos(context: JobContext, timestamp: int) -> None:
    """Deletes photos that nothing uses and files that no photo claims, every night."""
    tools = _tools(context)
    await sweep_orphans(tools.photos, tools.database, now=tools.clock())


@queue.periodic(cron="41 3 * * *")
@queue.task(name="purge_jobs", lock="purge_jobs", pass_context=True, retry=_again)
async def purge_jobs(context: JobContext, timestamp: int) -> None:
    """Forgets finished jobs every night; successful ones went at once, failed ones stay two weeks."""
    await queue.job_manager.delete_old_jobs(
        nb_hours=int(FAILED_JOBS_KEPT.total_seconds() // 3600),
        include_failed=True,
        include_cancelled=True,
        include_aborted=True,
    )
