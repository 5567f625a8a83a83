"""Rewards that are held for carts, on a real PostgreSQL: the order of guards, keys, what is reserved."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import CartHold, CartLink, LinkStatus
from tests.support.kiosk import KioskWorld
from tests.support.ledger import NOW

MINUTE = timedelta(minutes=1)


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[KioskWorld]:
    """Two venues; whatever the test did, the books add up afterwards."""
    world = await KioskWorld.create(database)
    yield world
    await world.check()


async def refusal(world: KioskWorld, *arguments: object, **more: object) -> str:
    with pytest.raises(Refused) as refused:
        await world.hold(*arguments, **more)  # type: ignore[arg-type]
    return refused.value.code


async def test_a_cart_is_attached_to_its_customer(world: KioskWorld) -> None:
    ann = await world.customer()
    assert await world.attach(" cart_123 ", ann) == CartLink("cart_123", ann, LinkStatus.PENDING)
    with pytest.raises(Refused, match="invalid_field"):
        await world.attach("c" * 201, ann)


async def test_a_reward_is_held_for_a_quarter_of_an_hour(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 2)
    hold = await world.hold("cart_123", ann)
    assert hold == CartHold(hold.hold_id, NOW + 15 * MINUTE, 100, 2)
    assert await world.held(ann) == 1
    # The cart is the customer's from now on.
    assert (await world.earn(world.order(100, cart_session_id="cart_123"))).member_id == ann


async def test_holding_for_a_cart_does_not_change_whose_it_is(world: KioskWorld) -> None:
    ann, bob = await world.customer(), await world.customer()
    await world.attach("cart", bob)
    await world.give(ann, 1)
    await world.hold("cart", ann)
    assert (await world.earn(world.order(100, cart_session_id="cart"))).member_id == bob


async def test_asking_again_answers_the_same_hold(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 5)
    first = await world.hold("cart", ann)
    world.clock.advance(minutes=14)
    assert await world.hold("cart", ann) == first
    assert await world.hold("cart", ann, key="new") == first
    assert await world.held(ann) == 1
    assert await world.hold("cart", ann, venue=world.venue, key="new") == first


async def test_two_carts_cannot_hold_one_reward(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 1)
    await world.hold("cart_1", ann)
    assert await refusal(world, "cart_2", ann) == "insufficient_rewards"
    assert await refusal(world, "cart_1", ann, venue=world.other_venue) == "insufficient_rewards"


async def test_guards_stand_in_their_order(world: KioskWorld) -> None:
    ann, nobody = await world.customer(), uuid4()
    assert await refusal(world, " ", nobody, 0) == "invalid_field"
    assert await refusal(world, "cart", ann, key=" ") == "invalid_field"
    assert await refusal(world, "cart", nobody, 0) == "customer_not_found"
    assert await refusal(world, "cart", ann, 0) == "invalid_reward_count"
    assert await refusal(world, "cart", ann, 2) == "mvp_max_one_reward"
    assert await refusal(world, "cart", ann, 1, key="used") == "insufficient_rewards"
    assert await refusal(world, "other", ann, 1, key="used") == "idempotency_conflict"
    # A count that is refused leaves the key as it was.
    assert await refusal(world, "other", ann, 2, key="fresh") == "mvp_max_one_reward"
    await world.give(ann, 1)
    assert (await world.hold("other", ann, key="fresh")).rewards_balance == 1


async def test_venue_rewards_are_held_before_program_wide_ones(world: KioskWorld) -> None:
    await world.set(rewards_per_cart_max=3)
    ann = await world.customer()
    await world.give(ann, 2, program_rewards=2)
    hold = await world.hold("cart_1", ann, 3)
    assert (hold.discount_minor, hold.rewards_balance) == (300, 4)
    assert await world.rows("select venue_rewards, program_rewards from cart_holds") == [(2, 1)]
    assert await refusal(world, "cart_2", ann, 2) == "insufficient_rewards"
    await world.hold("cart_2", ann, venue=world.other_venue)
    assert await refusal(world, "cart_3", ann) == "insufficient_rewards"


async def test_a_cart_holds_no_more_than_the_program_allows_whoever_asks(world: KioskWorld) -> None:
    await world.set(rewards_per_cart_max=2)
    customers = [await world.customer() for _ in range(3)]
    for customer in customers:
        await world.give(customer, 2)
    await world.hold("cart", customers[0])
    assert await refusal(world, "cart", customers[1], 2) == "mvp_max_one_reward"
    await world.hold("cart", customers[1])
    assert await refusal(world, "cart", customers[2], key="key") == "mvp_max_one_reward"
    world.clock.advance(minutes=15)
    assert await refusal(world, "cart", customers[2], key="key") == "mvp_max_one_reward"
    await world.hold("cart", customers[2])


async def test_a_hold_past_its_time_reserves_nothing_from_that_instant(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 1)
    first = await world.hold("cart_1", ann)
    world.clock.now = first.expires_at - timedelta(microseconds=1)
    assert await refusal(world, "cart_2", ann) == "insufficient_rewards"
    world.clock.now = first.expires_at
    second = await world.hold("cart_1", ann)
    assert second.hold_id != first.hold_id
    assert await world.rows("select status from cart_holds order by created_at") == [
        ("expired",),
        ("active",),
    ]


async def test_a_key_answers_its_first_hold_for_ever(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 3)
    first = await world.hold("cart", ann, key="key")
    world.clock.advance(hours=1)
    assert await world.hold("cart", ann, key="key") == first
    assert await world.held(ann) == 0
    assert (await world.hold("cart", ann, key="other")).hold_id != first.hold_id


async def test_a_key_is_its_credentials_own(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 2)
    first = await world.hold("cart_1", ann, key="key", scope="one")
    second = await world.hold("cart_2", ann, key="key", scope="two")
    assert first.hold_id != second.hold_id


async def test_a_remembered_refusal_stays_after_rewards_arrive(world: KioskWorld) -> None:
    ann = await world.customer()
    for _ in range(10):
        assert await refusal(world, "cart", ann, key="key") == "insufficient_rewards"
        await world.give(ann, 1)
    await world.hold("cart", ann, key="another")


async def test_another_request_under_one_key_is_a_conflict(world: KioskWorld) -> None:
    await world.set(rewards_per_cart_max=2)
    ann, bob = await world.customer(), await world.customer()
    await world.give(ann, 5)
    await world.give(bob, 5)
    await world.hold("cart", ann, key="key")
    assert await refusal(world, "cart", ann, 2, key="key") == "idempotency_conflict"
    assert await refusal(world, "other", ann, key="key") == "idempotency_conflict"
    assert await refusal(world, "cart", bob, key="key") == "idempotency_conflict"


async def test_the_terms_are_the_programs(database: Database) -> None:
    world = await KioskWorld.create(
        database, reward_discount_minor=250, hold_seconds=60, rewards_per_cart_max=4
    )
    ann = await world.customer()
    await world.give(ann, 4)
    hold = await world.hold("cart", ann, 4)
    assert (hold.expires_at, hold.discount_minor) == (NOW + MINUTE, 1000)


async def test_the_job_tidies_what_has_lapsed(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 3)
    for number in range(3):
        await world.hold(f"cart_{number}", ann)
        world.clock.advance(minutes=5)
    assert await kiosk.release_expired(world.database, world.clock) == 1
    assert await kiosk.release_expired(world.database, world.clock) == 0
    world.clock.advance(hours=1)
    assert await kiosk.release_expired(world.database, world.clock) == 2
    assert await world.rows("select distinct status from cart_holds") == [("expired",)]


async def test_old_keys_are_forgotten(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 1)
    await world.hold("cart", ann, key="old")
    world.clock.advance(days=1)
    await world.hold("cart", ann, key="new")
    async with world.database.connection() as connection:
        assert await kiosk.forget_requests(connection, NOW + MINUTE) == 1
        assert await kiosk.forget_requests(connection, NOW + MINUTE) == 0
    assert await world.rows("select key from cart_hold_requests") == [("new",)]
