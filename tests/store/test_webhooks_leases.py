"""What one worker has taken, no other one takes, and what it says too late changes nothing."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest_asyncio

from regulars.db.database import Connection, Database
from regulars.features.webhooks import outcomes, store_deliveries
from regulars.features.webhooks.line_round import LEASE
from regulars.features.webhooks.model_delivery import Answer, Job, Outcome, Verdict
from tests.support.webhook_endpoints import EVENT, Telling


@pytest_asyncio.fixture
async def telling(database: Database) -> Telling:
    telling = await Telling.create(database)
    await telling.add("http://127.0.0.1:1/")
    return telling


async def take(telling: Telling, connection: Connection, limit: int = 5) -> tuple[UUID, list[Job]]:
    """A new lease and what was taken under it."""
    lease_id = uuid4()
    key = telling.program_id, 1
    _, jobs = await store_deliveries.claim(connection, key, lease_id, telling.now, telling.now + LEASE, limit)
    return lease_id, jobs


async def test_what_another_one_is_taking_is_left_to_it(telling: Telling) -> None:
    await telling.emit(*[EVENT] * 8)
    async with telling.database.transaction() as first, telling.database.connection() as second:
        _, taken = await take(telling, first)
        _, others = await take(telling, second)
    ids = [{job.event_id for job in jobs} for jobs in (taken, others)]
    assert [len(each) for each in ids] == [5, 3] and not ids[0] & ids[1]
    async with telling.database.connection() as third:
        assert (await take(telling, third))[1] == []


async def test_what_was_never_put_down_is_taken_again_after_the_lease(telling: Telling) -> None:
    await telling.emit(EVENT)
    async with telling.database.connection() as connection:
        _, [job] = await take(telling, connection)
        telling.pass_time(LEASE - timedelta(seconds=1))
        assert (await take(telling, connection))[1] == []
        telling.pass_time(timedelta(seconds=1))
        _, [again] = await take(telling, connection)
    assert again == job


async def test_what_is_said_after_the_lease_changes_nothing(telling: Telling) -> None:
    await telling.emit(EVENT)
    async with telling.database.connection() as connection:
        late, [job] = await take(telling, connection)
        telling.pass_time(LEASE)
        lease, [again] = await take(telling, connection)

    def outcome(of: UUID, verdict: Verdict) -> Outcome:
        return Outcome(
            telling.program_id, 1, job.event_id, of, job.created_at, telling.now, Answer(200, 5), verdict
        )

    await outcomes.write(telling.database, [outcome(late, Verdict("failed", "late"))], telling.clock)
    [delivery] = await telling.log(1)
    assert (delivery.state, delivery.attempts) == ("pending", 0)
    await outcomes.write(telling.database, [outcome(lease, Verdict("delivered"))], telling.clock)
    await outcomes.write(telling.database, [outcome(late, Verdict("failed", "late"))], telling.clock)
    async with telling.database.connection() as connection:
        await store_deliveries.release(
            connection, (telling.program_id, 1), uuid4(), [job.event_id], telling.now
        )
    [delivery] = await telling.log(1)
    assert (delivery.state, delivery.attempts, delivery.failures) == ("delivered", 1, [])
    assert again.event_id == job.event_id
