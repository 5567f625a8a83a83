"""How often a kiosk's call goes to the database and back, once its customer's accounts are there."""

from collections.abc import AsyncIterator, Awaitable

import pytest
import pytest_asyncio

from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from tests.support.kiosk import KioskWorld


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[KioskWorld]:
    """Two venues without orders."""
    yield await KioskWorld.create(database)


async def test_calls_take_few_round_trips(world: KioskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    flushes = 0
    flush = Pipeline.flush

    async def counted(pipeline: Pipeline) -> None:
        nonlocal flushes
        flushes += 1
        await flush(pipeline)

    monkeypatch.setattr(Pipeline, "flush", counted)

    async def round_trips(call: Awaitable[object]) -> int:
        nonlocal flushes
        flushes = 0
        await call
        return flushes

    ann = await world.customer()
    await world.give(ann, 5)
    await world.earn(world.order(50, ann))
    assert await round_trips(world.earn(world.order(23_500, ann))) == 2
    assert await round_trips(world.attach("cart_1", ann)) == 1
    assert await round_trips(world.earn(world.order(2_500, cart_session_id="cart_1"))) == 3
    assert await round_trips(world.earn(world.order(2_500))) == 2
    assert await round_trips(world.hold("cart_1", ann, key="key")) == 2
    assert await round_trips(world.hold("cart_1", ann)) == 2
    assert await round_trips(world.redeem(world.order(), "cart_1")) == 3
    assert await round_trips(world.balances(ann)) == 1
