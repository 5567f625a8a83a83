"""Orders whose payment is disputed, on a real PostgreSQL: all they earned goes, until the shop has won."""

import asyncio
from collections.abc import AsyncIterator
from itertools import permutations

import pytest
import pytest_asyncio
from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.db.database import Connection, Database
from regulars.features.kiosk.model import Earned
from regulars.features.ledger import actions as ledger
from regulars.features.members import actions as members
from tests.support.kiosk import KioskWorld


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[KioskWorld]:
    """Two venues; whatever the test did, the books add up afterwards."""
    world = await KioskWorld.create(database)
    yield world
    await world.check()


async def test_a_dispute_takes_all_and_one_that_is_won_gives_it_back(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(23_500, ann)
    await world.earn(order)
    for _ in range(2):
        await world.dispute(order)
        assert (await world.has(ann), await world.owed(ann)) == ((0, 0), 0)
    for _ in range(2):
        await world.dispute(order, "won", at=2)
        assert (await world.has(ann), await world.owed(ann)) == ((35, 2), 0)


async def test_a_dispute_that_is_lost_keeps_what_it_took(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(5_000, ann)
    await world.earn(order)
    await world.dispute(order)
    await world.dispute(order, "lost", at=2)
    assert await world.has(ann) == (0, 0)


async def test_an_inquiry_takes_nothing_yet(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(5_000, ann)
    await world.earn(order)
    await world.dispute(order, "inquiry")
    assert await world.has(ann) == (50, 0)
    await world.dispute(order, "open", at=2)
    assert await world.has(ann) == (0, 0)


@pytest.mark.parametrize(
    "told", [[("open", 1), ("open", 2), ("won", 3)], [("inquiry", 1), ("open", 1), ("won", 1)]]
)
async def test_disputes_end_in_one_state_in_whatever_order_they_are_told(
    world: KioskWorld, told: list[tuple[str, int]]
) -> None:
    ann = await world.customer()
    for some in permutations(told):
        order = world.order(1_000, ann)
        before = await world.has(ann)
        for place, (status, at) in enumerate(some):
            if place == 1:
                await world.earn(order)
            await world.dispute(order, status, at)
        assert await world.worth(ann) == before[0] + 100 * before[1] + 10, some


async def test_all_of_it_at_once_ends_in_one_state(world: KioskWorld) -> None:
    ann = await world.customer()
    for number in range(10):
        order = world.order(1_000, ann)
        told = [world.dispute(order, status, at) for at, status in enumerate(["open", "open", "won"])]
        await asyncio.gather(*told, world.earn(order), world.refund(order, 300))
        assert await world.worth(ann) == 7 * (number + 1)


async def test_refunds_and_disputes_take_the_greater_of_the_two(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(1_000, ann)
    await world.earn(order)
    await world.refund(order, 250)
    assert await world.has(ann) == (7, 0)
    await world.dispute(order)
    assert await world.has(ann) == (0, 0)
    await world.refund(order, 500)
    assert await world.has(ann) == (0, 0)
    await world.dispute(order, "won", at=2)
    assert await world.has(ann) == (5, 0)
    await world.refund(order)
    assert await world.has(ann) == (0, 0)


async def test_one_dispute_that_is_won_leaves_the_other_one(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(1_000, ann)
    await world.earn(order)
    await world.dispute(order, name="dp_1")
    await world.dispute(order, name="dp_2")
    await world.dispute(order, "won", at=2, name="dp_1")
    assert await world.has(ann) == (0, 0)
    await world.dispute(order, "won", at=2, name="dp_2")
    assert await world.has(ann) == (10, 0)


async def test_what_was_spent_is_owed_until_the_dispute_is_won(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(15_000, ann)
    await world.earn(order)
    await world.hold("cart", ann)
    await world.redeem(world.order(), "cart")
    await world.dispute(order)
    assert (await world.has(ann), await world.owed(ann)) == ((0, 0), 100)
    assert await world.earn(world.order(6_000, ann)) == Earned(ann, 60, 0, 0, 0)
    await world.dispute(order, "won", at=2)
    # Of the 150 points 100 were spent, and 60 were earned since.
    assert (await world.has(ann), await world.owed(ann)) == ((10, 1), 0)


async def test_a_dispute_that_comes_before_its_payment_counts(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(10_000, ann)
    await world.dispute(order)
    assert await world.earn(order) == Earned(ann, 100, 1, 0, 0)
    await world.dispute(order, "won", at=2)
    assert await world.has(ann) == (0, 1)


async def test_a_dispute_of_an_order_without_customer_counts_once_there_is_one(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(10_000)
    await world.earn(order)
    await world.dispute(order)
    assert await world.earn(replace(order, member_id=ann)) == Earned(ann, 100, 1, 0, 0)


async def test_the_history_says_what_happened(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(5_000, ann)
    await world.earn(order)
    await world.dispute(order)
    await world.dispute(order, "won", at=2)
    assert await world.rows("select action, amount from transfers order by version") == [
        ("earn_order", 50), ("order_disputed", -50), ("order_reinstated", 50),
    ]  # fmt: skip


async def test_a_dispute_of_an_erased_customer_is_noted(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(10_000, ann)
    await world.earn(order)

    async def erase(connection: Connection) -> None:
        await members.erase(connection, world.program_id, ann, world.clock())
        await ledger.close_accounts(connection, world.program_id, ann, world.clock())

    await world.database.run(erase)
    await world.dispute(order)
    await world.dispute(order, "won", at=2)
    assert await world.has(ann) == (0, 1)


@pytest.mark.parametrize("name", ["", "x" * 201])
async def test_a_dispute_that_cannot_be_is_refused(world: KioskWorld, name: str) -> None:
    with pytest.raises(Refused, match="invalid_field"):
        await world.dispute(world.order(), name=name)
