"""Kiosks that want the same reward at once: it is held once, and spent once."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random

import pytest
import pytest_asyncio
from msgspec.structs import replace

from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import CartHold, Redeemed, RedeemStatus
from tests.support.kiosk import KioskWorld
from tests.support.kiosk_race import KIOSKS, ROUNDS, Call, holding, open_kiosks, race, redeeming
from tests.support.ledger import ManualClock
from tests.support.soak import as_long_as_asked

pytestmark = as_long_as_asked

REDEEMED, ALREADY = RedeemStatus.REDEEMED, RedeemStatus.ALREADY_REDEEMED


@pytest_asyncio.fixture
async def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[KioskWorld]:
    """Kiosks that may do as much at once as they like."""
    async with open_kiosks(database_url, monkeypatch) as world:
        yield world


async def test_one_reward_and_two_carts(world: KioskWorld) -> None:
    for number in range(ROUNDS):
        ann = await world.customer()
        await world.give(ann, 1)
        outcomes = await race(
            world, [holding(world, f"cart-{number}-{place % 2}", ann) for place in range(KIOSKS)]
        )

        holds = [outcome for outcome in outcomes if isinstance(outcome, CartHold)]
        assert len({hold.hold_id for hold in holds}) == 1
        assert len(holds) == KIOSKS // 2
        assert outcomes.count("insufficient_rewards") == KIOSKS // 2
        assert await world.held(ann) == 1


async def test_a_program_wide_reward_goes_to_one_venue(world: KioskWorld) -> None:
    for number in range(ROUNDS):
        ann = await world.customer()
        await world.give(ann, program_rewards=1)
        calls = [holding(world, f"cart-{number}", ann, elsewhere=place % 2 == 0) for place in range(KIOSKS)]
        outcomes = await race(world, calls)

        assert outcomes.count("insufficient_rewards") == KIOSKS // 2
        assert await world.held(ann) == 1


async def test_one_key_is_one_hold_on_whatever_cart(world: KioskWorld) -> None:
    for number in range(ROUNDS):
        ann = await world.customer()
        await world.give(ann, KIOSKS)
        calls = [
            holding(world, f"cart-{number}-{place % 4}", ann, f"key-{number}") for place in range(KIOSKS)
        ]
        outcomes = await race(world, calls)

        assert Counter(isinstance(outcome, CartHold) for outcome in outcomes) == {True: 5, False: 15}
        assert outcomes.count("idempotency_conflict") == 15
        assert await world.held(ann) == 1


async def test_a_cart_holds_as_many_rewards_as_it_may(world: KioskWorld) -> None:
    await world.set(rewards_per_cart_max=7)
    for number in range(ROUNDS):
        customers = [await world.customer() for _ in range(KIOSKS)]
        for customer in customers:
            await world.give(customer, 1)
        outcomes = await race(world, [holding(world, f"cart-{number}", customer) for customer in customers])

        assert outcomes.count("mvp_max_one_reward") == KIOSKS - 7
        assert sum([await world.held(customer) for customer in customers]) == 7


async def test_one_hold_is_redeemed_once(world: KioskWorld) -> None:
    """The same order, another order, and the same payment under another order, all of one cart."""
    for number in range(ROUNDS):
        ann = await world.customer()
        await world.give(ann, 5)
        await world.hold(f"cart-{number}", ann)
        order, other = world.order(), world.order()
        told = [order, other, replace(order, order_id=other.order_id)]
        outcomes: list[Redeemed] = await race(
            world, [redeeming(world, told[place % 3], f"cart-{number}") for place in range(KIOSKS)]
        )

        assert Counter(outcome.status for outcome in outcomes) == {REDEEMED: 1, ALREADY: KIOSKS - 1}
        assert await world.has(ann) == (0, 4)


async def test_one_order_redeems_one_cart(world: KioskWorld) -> None:
    for number in range(ROUNDS):
        ann = await world.customer()
        await world.give(ann, 5)
        for place in range(4):
            await world.hold(f"cart-{number}-{place}", ann)
        order = world.order()
        outcomes: list[Redeemed] = await race(
            world, [redeeming(world, order, f"cart-{number}-{place % 4}") for place in range(KIOSKS)]
        )

        assert Counter(outcome.status for outcome in outcomes) == {REDEEMED: 1, ALREADY: KIOSKS - 1}
        assert (await world.has(ann), await world.held(ann)) == ((0, 4), 3)


async def test_redeem_meets_expiry_and_another_redeem(world: KioskWorld) -> None:
    """By clocks before its end and after it, while the jobs sweep and another cart wants the reward."""
    for number in range(ROUNDS):
        ann = await world.customer()
        await world.give(ann, 1)
        hold = await world.hold(f"cart-{number}", ann)
        late = ManualClock(hold.expires_at + timedelta(seconds=1))
        cart, order = f"cart-{number}", world.order()
        calls: list[Call] = [
            redeeming(world, order, cart),
            redeeming(world, order, cart, late),
            redeeming(world, world.order(), cart, late),
            lambda _, late=late: kiosk.release_expired(world.database, late),  # type: ignore[misc]
            lambda connection, ann=ann, late=late, cart=cart: kiosk.apply_reward(  # type: ignore[misc]
                connection, world.program, world.venue, f"{cart}-2", ann, 1, None, late
            ),
        ]
        Random(number).shuffle(calls)
        outcomes = await race(world, calls)

        redeemed = [outcome for outcome in outcomes if isinstance(outcome, Redeemed)]
        held = [outcome for outcome in outcomes if isinstance(outcome, CartHold)]
        won = [outcome for outcome in redeemed if outcome.status is REDEEMED]
        assert len(won) + len(held) == 1
        assert await world.has(ann) == (0, 0 if won else 1)
