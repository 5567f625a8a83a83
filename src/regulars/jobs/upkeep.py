"""What is tidied, by the minute, by the hour and by night."""

import logging
from datetime import timedelta

from procrastinate import JobContext
from procrastinate.exceptions import ConnectorException
from psycopg.errors import RaiseException

from regulars.features.access.actions import forget_attempts
from regulars.features.kiosk.actions import forget_requests as forget_cart_requests
from regulars.features.kiosk.actions import release_expired
from regulars.features.ledger.actions import expire_due_holds, forget_claims
from regulars.features.members.actions import forget_origins
from regulars.features.payments.actions import forget_events
from regulars.features.photos.actions import sweep_orphans
from regulars.features.replays.actions import forget_replays
from regulars.features.webhooks.log import forget_events as forget_told_events
from regulars.jobs.worker import CHUNK, STALLED_SECONDS, again, in_chunks, queue, tools_of

CLAIMS_KEPT = timedelta(days=30)
"""How long an idempotency key of a request is remembered; tokens and external events are for ever."""

ATTEMPTS_KEPT = timedelta(days=2)
"""How long attempts are remembered; no limit counts over a longer period."""

ORIGINS_KEPT = timedelta(days=90)
"""How long the address and program that a request came from are kept; they are personal data."""

FAILED_JOBS_KEPT = timedelta(days=14)
"""How long a job that failed for good stays to be looked at."""

EVENTS_KEPT = timedelta(days=90)
"""How long an event of Stripe is known; Stripe repeats one for thirty days at most."""

TOLD_EVENTS_KEPT = timedelta(days=60)
"""How long an event and what became of telling it can be looked at and told again."""

_logger = logging.getLogger(__name__)


@queue.periodic(cron="* * * * *")
@queue.task(name="expire_holds", lock="expire_holds", pass_context=True)
async def expire_holds(context: JobContext, timestamp: int) -> None:
    """Takes lapsed holds off the books, every minute. Reading ignores them at once; this only tidies."""
    tools = tools_of(context)
    await release_expired(tools.database, tools.clock)
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
@queue.task(name="forget_requests", lock="forget_requests", pass_context=True, retry=again)
async def forget_requests(context: JobContext, timestamp: int) -> None:
    """Forgets old idempotency keys and old attempts, every hour."""
    tools = tools_of(context)
    now = tools.clock()

    async def claims() -> int:
        async with tools.database.connection() as connection:
            return await forget_claims(connection, now - CLAIMS_KEPT, CHUNK)

    async def attempts() -> int:
        async with tools.database.connection() as connection:
            return await forget_attempts(connection, now - ATTEMPTS_KEPT, CHUNK)

    async def cart_requests() -> int:
        async with tools.database.connection() as connection:
            return await forget_cart_requests(connection, now - CLAIMS_KEPT, CHUNK)

    await in_chunks(claims)
    await in_chunks(attempts)

    async def replays() -> int:
        async with tools.database.connection() as connection:
            return await forget_replays(connection, now - CLAIMS_KEPT, CHUNK)

    await in_chunks(cart_requests)
    await in_chunks(replays)


@queue.periodic(cron="23 3 * * *")
@queue.task(name="forget_origins", lock="forget_origins", pass_context=True, retry=again)
async def forget_old_origins(context: JobContext, timestamp: int) -> None:
    """Forgets where old requests came from, every night."""
    tools = tools_of(context)
    before = tools.clock() - ORIGINS_KEPT

    async def origins() -> int:
        async with tools.database.connection() as connection:
            return await forget_origins(connection, before, CHUNK)

    # The limit holds for each program, so a step may do more than a chunk; only none means the end.
    await in_chunks(origins, 1)


@queue.periodic(cron="27 3 * * *")
@queue.task(name="forget_events", lock="forget_events", pass_context=True, retry=again)
async def forget_old_events(context: JobContext, timestamp: int) -> None:
    """Forgets old events of Stripe, every night."""
    tools = tools_of(context)
    before = tools.clock() - EVENTS_KEPT

    async def events() -> int:
        async with tools.database.connection() as connection:
            return await forget_events(connection, before, CHUNK)

    await in_chunks(events)


@queue.periodic(cron="29 3 * * *")
@queue.task(name="forget_told_events", lock="forget_told_events", pass_context=True, retry=again)
async def forget_old_told_events(context: JobContext, timestamp: int) -> None:
    """Forgets old events of our own with their deliveries, every night."""
    tools = tools_of(context)
    before = tools.clock() - TOLD_EVENTS_KEPT

    async def events() -> int:
        async with tools.database.connection() as connection:
            return await forget_told_events(connection, before, CHUNK)

    await in_chunks(events)


@queue.periodic(cron="31 3 * * *")
@queue.task(name="sweep_photos", lock="sweep_photos", pass_context=True, retry=again)
async def sweep_photos(context: JobContext, timestamp: int) -> None:
    """Deletes photos that nothing uses and files that no photo claims, every night."""
    tools = tools_of(context)
    await sweep_orphans(tools.photos, tools.database, now=tools.clock())


@queue.periodic(cron="41 3 * * *")
@queue.task(name="purge_jobs", lock="purge_jobs", pass_context=True, retry=again)
async def purge_jobs(context: JobContext, timestamp: int) -> None:
    """Forgets finished jobs every night; successful ones went at once, failed ones stay two weeks."""
    await queue.job_manager.delete_old_jobs(
        nb_hours=int(FAILED_JOBS_KEPT.total_seconds() // 3600),
        include_failed=True,
        include_cancelled=True,
        include_aborted=True,
    )
