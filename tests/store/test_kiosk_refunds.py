"""Orders that are refunded, on a real PostgreSQL: what they earned goes, whatever was done with it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.db.database import Connection, Database
from regulars.features.kiosk.model import Earned, RedeemStatus
from regulars.features.ledger import actions as ledger
from regulars.features.members import actions as members
from tests.support.kiosk import KioskWorld


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[KioskWorld]:
    """Two venues; whatever the test did, the books add up afterwards."""
    world = await KioskWorld.create(database)
    yield world
    await world.check()


async def test_a_full_refund_leaves_nothing(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(23_500, ann)
    await world.earn(order)
    assert await world.refund(order)
    assert (await world.has(ann), await world.owed(ann)) == ((0, 0), 0)


async def test_a_refund_takes_its_part_and_no_more_when_it_is_told_again(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(1000, ann)
    await world.earn(order)
    for refunded, left in ((250, 7), (250, 7), (100, 7), (750, 2), (1000, 0), (1000, 0), (2000, 0)):
        assert await world.refund(order, refunded)
        assert await world.has(ann) == (left, 0)
    # The first answer stands.
    assert await world.earn(order) == Earned(ann, 10, 0, 0, 0, replayed=True)


async def test_rewards_turn_back_into_points_as_far_as_they_are_needed(world: KioskWorld) -> None:
    ann = await world.customer()
    first, second = world.order(5_000, ann), world.order(20_000, ann)
    await world.earn(first)
    await world.earn(second)
    assert await world.has(ann) == (50, 2)
    assert await world.refund(second, 10_000)
    assert await world.has(ann) == (50, 1)
    assert await world.refund(second)
    assert await world.has(ann) == (50, 0)


async def test_what_was_spent_is_owed_and_what_is_earned_next_pays_it(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(10_000, ann)
    await world.earn(order)
    await world.hold("cart", ann)
    await world.redeem(world.order(), "cart")
    await world.refund(order)
    assert (await world.has(ann), await world.owed(ann)) == ((0, 0), 100)
    assert await world.earn(world.order(6_000, ann)) == Earned(ann, 60, 0, 0, 0)
    assert await world.earn(world.order(10_000, ann)) == Earned(ann, 100, 0, 60, 0)
    assert await world.owed(ann) == 0


async def test_a_reward_that_is_held_meanwhile_is_taken_when_it_is_free(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(10_000, ann)
    await world.earn(order)
    await world.hold("cart_1", ann)
    await world.refund(order)
    assert (await world.has(ann), await world.owed(ann)) == ((0, 1), 100)
    world.clock.advance(minutes=15)
    with pytest.raises(Refused, match="insufficient_rewards"):
        await world.hold("cart_2", ann)
    assert (await world.has(ann), await world.owed(ann)) == ((0, 0), 0)


async def test_a_late_payment_does_not_redeem_what_is_owed(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(10_000, ann)
    await world.earn(order)
    await world.hold("cart", ann)
    await world.refund(order)
    world.clock.advance(minutes=15)
    assert (await world.redeem(world.order(), "cart")).status is RedeemStatus.NO_HOLD
    await world.earn(world.order(1_000, ann))
    assert (await world.has(ann), await world.owed(ann)) == ((10, 0), 0)


async def test_rewards_that_were_given_are_no_more_than_what_is_owed(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(5_000, ann)
    await world.earn(order)
    await world.earn(world.order(5_000, ann))
    await world.give(ann, 3, program_rewards=1)
    await world.refund(order)
    # One of four rewards made a hundred points, of which half stay.
    assert await world.has(ann) == (50, 4)


async def test_a_refund_that_comes_before_its_payment_counts(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(10_000, ann)
    assert await world.refund(order, 5_000)
    assert await world.refund(order, 2_500)
    assert await world.earn(order) == Earned(ann, 100, 1, 50, 0)
    assert await world.earn(order) == Earned(ann, 100, 1, 50, 0, replayed=True)
    assert await world.refund(order)
    assert await world.has(ann) == (0, 0)


async def test_a_refund_of_an_order_without_customer_counts_once_there_is_one(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(10_000)
    await world.earn(order)
    assert await world.refund(order)
    assert await world.earn(replace(order, member_id=ann)) == Earned(ann, 100, 1, 0, 0)
    assert await world.owed(ann) == 0


async def test_an_order_is_found_by_its_payments_event(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(10_000, ann)
    assert not await world.refund(order, payment_event_id=order.payment_event_id)
    await world.earn(order)
    assert await world.refund(order, payment_event_id=order.payment_event_id)
    assert await world.has(ann) == (0, 0)


async def test_an_order_that_earned_nothing_has_nothing_to_give_back(world: KioskWorld) -> None:
    ann = await world.customer()
    for total_minor in (0, 99, -500):
        order = world.order(total_minor, ann)
        await world.earn(order)
        assert await world.refund(order, 99)
    assert (await world.has(ann), await world.owed(ann)) == ((0, 0), 0)


async def test_a_refund_of_an_erased_customer_is_noted(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(10_000, ann)
    await world.earn(order)

    async def erase(connection: Connection) -> None:
        await members.erase(connection, world.program_id, ann, world.clock())
        await ledger.close_accounts(connection, world.program_id, ann, world.clock())

    await world.database.run(erase)
    assert await world.refund(order)
    assert await world.has(ann) == (0, 1)


@pytest.mark.parametrize("refunded_minor", [-1, 10**11 + 1])
async def test_a_sum_that_cannot_be_is_refused(world: KioskWorld, refunded_minor: int) -> None:
    with pytest.raises(Refused, match="invalid_field"):
        await world.refund(world.order(), refunded_minor)
