"""What paid orders redeem, on a real PostgreSQL: once, before or after they earn, in time or late."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from msgspec.structs import replace

from regulars.db.database import Connection, Database
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import Redeemed, RedeemStatus
from regulars.features.kiosk.purse import accounts_of
from regulars.features.ledger import actions as ledger
from regulars.features.ledger.model import HoldStatus, Release
from regulars.features.members import actions as members
from tests.support.kiosk import GRANT, KioskWorld
from tests.support.ledger import posted

REDEEMED, ALREADY = RedeemStatus.REDEEMED, RedeemStatus.ALREADY_REDEEMED
NO_HOLD, NO_CUSTOMER = RedeemStatus.NO_HOLD, RedeemStatus.NO_CUSTOMER


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[KioskWorld]:
    """Two venues; whatever the test did, the books add up afterwards."""
    world = await KioskWorld.create(database)
    yield world
    await world.check()


async def test_a_payment_redeems_what_the_cart_holds(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 3)
    await world.hold("cart", ann)
    assert await world.redeem(world.order(), "cart") == Redeemed(ann, 1, REDEEMED, 2)
    assert await world.has(ann) == (0, 2)
    assert await world.held(ann) == 0


async def test_it_works_before_and_after_the_order_earns(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 2)
    await world.hold("cart_1", ann)
    order = world.order(member_id=ann, cart_session_id="cart_1")
    await world.earn(order)
    # The order knows its cart.
    assert await world.redeem(order) == Redeemed(ann, 1, REDEEMED, 1)
    await world.hold("cart_2", ann)
    order = world.order(cart_session_id="cart_2")
    assert await world.redeem(order, "cart_2") == Redeemed(ann, 1, REDEEMED, 0)
    assert (await world.earn(replace(order, cart_session_id=None))).member_id == ann


async def test_a_repetition_has_redeemed_already(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 3)
    await world.hold("cart", ann)
    order = world.order()
    await world.redeem(order, "cart")
    await world.hold("cart_2", ann)
    for again, cart in (
        (order, "cart"),
        (order, None),
        (order, "cart_2"),
        (replace(order, order_id="other"), "cart_2"),
        (replace(order, payment_event_id="other"), "cart"),
        (world.order(), "cart"),
    ):
        assert await world.redeem(again, cart) == Redeemed(ann, 1, ALREADY, 2)
    assert await world.held(ann) == 1


async def test_without_a_hold_nothing_is_redeemed(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 1)
    assert await world.redeem(world.order(), "cart") == Redeemed(None, 0, NO_CUSTOMER, 0)
    assert await world.redeem(world.order()) == Redeemed(None, 0, NO_CUSTOMER, 0)
    await world.attach("cart", ann)
    order = world.order()
    assert await world.redeem(order, "cart") == Redeemed(ann, 0, NO_HOLD, 1)
    # That settled nothing: with a hold the same order redeems.
    await world.hold("cart", ann)
    assert await world.redeem(order, "cart") == Redeemed(ann, 1, REDEEMED, 0)


async def test_the_orders_customer_is_known_without_a_cart(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 1)
    order = world.order(member_id=ann)
    await world.earn(order)
    assert await world.redeem(order) == Redeemed(ann, 0, NO_HOLD, 1)


async def test_a_payment_after_the_hold_lapsed_redeems_if_the_balance_allows(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 1, program_rewards=1)
    await world.hold("cart_1", ann)
    await world.hold("cart_2", ann)
    world.clock.advance(minutes=15)
    await kiosk.release_expired(world.database, world.clock)
    assert await world.redeem(world.order(), "cart_1") == Redeemed(ann, 1, REDEEMED, 1)
    await world.hold("cart_3", ann)
    # What is left is held for another cart meanwhile.
    late = world.order()
    assert await world.redeem(late, "cart_2") == Redeemed(ann, 0, NO_HOLD, 1)
    world.clock.advance(minutes=15)
    assert await world.redeem(late, "cart_2") == Redeemed(ann, 1, REDEEMED, 0)
    assert await world.redeem(world.order(), "cart_3") == Redeemed(ann, 0, NO_HOLD, 0)


async def test_only_the_newest_of_the_holds_that_lapsed_is_redeemed(world: KioskWorld) -> None:
    ann, bob = await world.customer(), await world.customer()
    for customer in (ann, bob):
        await world.give(customer, 5)
        await world.hold("cart", customer)
        world.clock.advance(minutes=20)
    assert await world.redeem(world.order(), "cart") == Redeemed(bob, 1, REDEEMED, 4)
    assert await world.redeem(world.order(), "cart") == Redeemed(bob, 1, ALREADY, 4)
    assert await world.has(ann) == (0, 5)


async def test_all_that_a_cart_holds_is_redeemed_together(world: KioskWorld) -> None:
    await world.set(rewards_per_cart_max=5)
    ann, bob = await world.customer(), await world.customer()
    await world.give(ann, 1, program_rewards=3)
    await world.give(bob, 2)
    await world.hold("cart", bob, 2)
    await world.hold("cart", ann, 3)
    redeemed = await world.redeem(world.order(), "cart")
    assert (redeemed.rewards_redeemed, redeemed.status) == (5, REDEEMED)
    assert (await world.has(ann), await world.has(bob)) == ((0, 1), (0, 0))
    assert await world.has(ann, world.other_venue) == (0, 1)


async def test_carts_of_one_name_at_two_venues_are_two(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 1)
    await world.hold("cart", ann)
    assert (await world.redeem(world.order(), "cart", world.other_venue)).status is NO_CUSTOMER
    assert (await world.redeem(world.order(), "cart")).status is REDEEMED


async def test_what_an_erased_customer_held_is_gone(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 1)
    await world.hold("cart", ann)

    async def erase(connection: Connection) -> None:
        await members.erase(connection, world.program_id, ann, world.clock())
        await ledger.close_accounts(connection, world.program_id, ann, world.clock())

    await world.database.run(erase)
    redeemed = await world.redeem(world.order(), "cart")
    assert (redeemed.status, redeemed.rewards_redeemed) == (NO_HOLD, 0)


async def test_a_hold_whose_reward_was_released_elsewhere_is_like_a_lapsed_one(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 1)
    await world.hold("cart", ann)
    [(hold_id,)] = await world.rows("select venue_hold_id from cart_holds")
    account = accounts_of(ann, world.venue.location_id).venue_rewards
    release = Release(account=account, action="by_hand", attribution=GRANT, hold_id=hold_id)
    [outcome] = await world.ledger.post_batch(world.program_id, [release])
    assert (held := posted(outcome).hold) is not None and held.status is HoldStatus.RELEASED
    assert await world.redeem(world.order(), "cart") == Redeemed(ann, 1, REDEEMED, 0)


async def test_a_redeem_shows_on_the_passes_it_concerns(world: KioskWorld) -> None:
    ann = (await world.enrol("+447700900000")).member_id
    await world.enrol("+447700900000", world.other_venue)
    await world.give(ann, 1, program_rewards=1)
    await world.hold("cart_1", ann)
    changed = await changed_passes(world)
    await world.redeem(world.order(), "cart_1")
    assert await changed_passes(world) - changed == {(world.venue.location_id, "reward_redeemed")}
    await world.hold("cart_2", ann)
    await world.redeem(world.order(), "cart_2")
    assert {place for place, _ in await changed_passes(world) - changed} == {
        world.venue.location_id,
        world.other_venue.location_id,
    }


async def changed_passes(world: KioskWorld) -> set[tuple[Any, ...]]:
    return set(await world.rows("select location_id, reason from passes where status = 'queued'"))
