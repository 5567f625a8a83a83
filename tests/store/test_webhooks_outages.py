"""The database hangs up on whoever delivers: what was taken waits for its lease, and nothing else does."""

import asyncio

import psycopg

from regulars.db.database import Database
from regulars.features.webhooks.line import ABREAST_MAX, JOBS_PER_REQUEST_ABREAST
from regulars.features.webhooks.line_round import LEASE
from tests.support.webhook_endpoints import EVENT, Receiver, Telling, receiving, until

EVENTS = 600
TAKEN_MAX = 2 * ABREAST_MAX * JOBS_PER_REQUEST_ABREAST
"""A round, and one ahead."""


def told(receiver: Receiver) -> int:
    """How many events have come."""
    return len({webhook.event_id for webhook in receiver.received})


async def hang_up(database_url: str) -> None:
    """Ends every other connection to the database, one of them in the middle of what a line does there."""
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute("lock table webhook_deliveries in access exclusive mode")
        async with asyncio.timeout(10):
            while not await _waiting(connection):
                await asyncio.sleep(0.01)
        await connection.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )


async def _waiting(connection: psycopg.AsyncConnection) -> bool:
    cursor = await connection.execute(
        "select exists (select from pg_stat_activity where datname = current_database()"
        " and wait_event_type = 'Lock')"
    )
    return await cursor.fetchone() == (True,)


async def test_what_was_not_taken_yet_is_told_soon(database: Database, database_url: str) -> None:
    """Nobody says that there is something new: the line itself comes back."""
    telling = await Telling.create(database)
    async with receiving() as receiver:
        await telling.add(receiver.url("/ok"))
        await telling.emit(*[EVENT] * EVENTS)
        worker = asyncio.create_task(telling.deliveries.run())
        try:
            await until(lambda: told(receiver) > 0)
            await hang_up(database_url)
            assert told(receiver) < EVENTS - TAKEN_MAX, "nothing was left to be told"
            await until(lambda: told(receiver) >= EVENTS - TAKEN_MAX)
            telling.pass_time(LEASE)
            telling.deliveries.wake()
            await until(lambda: told(receiver) == EVENTS)
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
    assert len(receiver.received) <= EVENTS + TAKEN_MAX
