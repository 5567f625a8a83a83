"""The queue of work that nobody waits for, and the worker that runs it.

The queue (Procrastinate) lives in the same database. A job deferred with `defer_in` belongs to the
transaction that causes it. Any number of processes may run a worker: a job is run by one of them, and a
tick of a periodic task becomes one job. A job whose process was killed is given to another.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout

from regulars.base.clock import Clock
from regulars.db.database import Connection, Database, server_conninfo
from regulars.features.passes.actions import Carriers
from regulars.features.photos.actions import PhotoLibrary

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
    """What jobs work with. `public_url` is how the server is reached from outside.

    `secret_key` is what the secrets of webhooks are sealed with.
    """

    database: Database
    clock: Clock
    photos: PhotoLibrary
    carriers: Carriers
    public_url: str
    secret_key: str
    webhooks_to_private_addresses: bool = False


# A tick that was missed, because nothing ran at that hour, is made up for at the next start.
queue = App(connector=PsycopgConnector(), periodic_defaults={"max_delay": 2 * 24 * 3600.0})
again = RetryStrategy(max_attempts=4, wait=30, exponential_wait=4)
"""Jobs that run rarely are tried three times more, after half a minute, two minutes and eight."""


async def defer_in(connection: Connection, task: str, **arguments: Any) -> int:
    """The id of a new job, which exists if and when the connection's transaction commits.

    `task` is the name of a task; `arguments` are JSON.
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


def tools_of(context: JobContext) -> Tools:
    """What the job works with."""
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
