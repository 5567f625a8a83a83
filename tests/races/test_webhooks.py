"""Several workers at once tell each event once; one that dies in a round leaves the rest to others."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from uuid import UUID

import pytest_asyncio

from regulars.base.clock import utc_now
from regulars.db.database import Database
from regulars.features.webhooks import endpoints
from regulars.features.webhooks.line_round import LEASE
from tests.races.held_process import held_process
from tests.races.webhooks_worker import Task
from tests.support.webhook_endpoints import EVENT, Receiver, Telling, until

WORKER = "tests.races.webhooks_worker"
EVENTS = 400


@pytest_asyncio.fixture
async def telling(database: Database) -> Telling:
    telling = await Telling.create(database)
    telling.now = utc_now()
    return telling


def arrivals(receiver: Receiver, path: str) -> Counter[UUID]:
    """How often each event came."""
    return Counter(webhook.event_id for webhook in receiver.at(path))


async def test_workers_at_once_tell_each_event_once(
    telling: Telling, receiver: Receiver, database_url: str
) -> None:
    for path in ("/one", "/two", "/three"):
        await telling.add(receiver.url(path))
    await telling.emit(*[EVENT] * EVENTS)
    async with AsyncExitStack() as stack:
        workers = [
            await stack.enter_async_context(held_process(WORKER, Task(database_url, 0))) for _ in range(3)
        ]
        for each in workers:
            await each.go()
        counts = [await each.count() for each in workers]
    assert sum(counts) == 3 * EVENTS
    for path in ("/one", "/two", "/three"):
        assert set(arrivals(receiver, path).values()) == {1}
        assert len(arrivals(receiver, path)) == EVENTS
    assert await telling.rows("select distinct state, attempts from webhook_deliveries") == [("delivered", 1)]


async def test_a_worker_is_killed_in_a_round(telling: Telling, receiver: Receiver, database_url: str) -> None:
    await telling.add(receiver.url("/ok"))
    await telling.add(receiver.url("/hang"))
    await telling.emit(*[EVENT] * EVENTS)
    async with held_process(WORKER, Task(database_url, 0)) as victim:
        await victim.go()
        await until(lambda: len(receiver.at("/ok")) > EVENTS // 3 and receiver.hanging > 0)
        await victim.kill()
    told = arrivals(receiver, "/ok")
    assert len(told) < EVENTS
    # Nothing has been lost or counted of what the other side never finished answering.
    [(hung,)] = await telling.rows("select sum(attempts)::int from webhook_deliveries where endpoint_id = 2")
    assert hung == 0
    async with telling.database.transaction() as connection:
        await endpoints.change_endpoint(
            connection,
            telling.program_id,
            2,
            url=receiver.url("/two"),
            is_private_allowed=True,
            now=telling.now,
        )
    async with held_process(WORKER, Task(database_url, LEASE.total_seconds())) as heir:
        await heir.go()
        await heir.count()
    after = arrivals(receiver, "/ok")
    assert len(after) == EVENTS and set(after.values()) <= {1, 2}
    # What comes twice is what was under way or not yet put down when the worker died: less than a round.
    assert sum(count - 1 for count in after.values()) <= 16
    assert after.keys() == arrivals(receiver, "/two").keys()
    assert await telling.rows("select distinct state, attempts from webhook_deliveries") == [("delivered", 1)]


async def test_an_endpoint_that_is_added_meanwhile_is_told_of_each_event_once_or_never(
    telling: Telling, receiver: Receiver
) -> None:
    async def happen() -> None:
        for _ in range(30):
            await telling.emit(EVENT)

    async def add() -> None:
        for _ in range(5):
            await telling.add(receiver.url("/ok"))

    await asyncio.gather(happen(), add())
    await telling.emit("tier.changed")
    rows = await telling.rows(
        "select count(*) filter (where e.type = 'tier.changed'), count(*), count(distinct d.event_id)"
        " from webhook_deliveries d join events e using (program_id, event_id) group by endpoint_id"
    )
    assert len(rows) == 5
    assert all(last == 1 and told == once for last, told, once in rows)
