"""What paid orders earn, on a real PostgreSQL: the notes' numbers, who paid, and repetitions."""

from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.kiosk.model import Earned
from regulars.features.ledger import actions as ledger
from regulars.features.members import actions as members
from tests.support.enrolment import enrol
from tests.support.kiosk import KioskWorld
from tests.support.ledger import NOW


@pytest_asyncio.fixture
async def world(database: Database) -> Any:
    """Two venues; whatever the test did, the books add up afterwards."""
    world = await KioskWorld.create(database)
    yield world
    await world.check()


@pytest.mark.parametrize(
    ("total_minor", "currency", "points"),
    [(999, "GBP", 9), (999, None, 9), (1500, "JPY", 1500), (2599, "gbp", 25), (0, "GBP", 0), (-500, None, 0)],
)
async def test_an_order_earns_a_point_for_each_whole_unit(
    world: KioskWorld, total_minor: int, currency: str | None, points: int
) -> None:
    ann = await world.customer()
    earned = await world.earn(world.order(total_minor, ann, currency=currency))
    rewards, remain = divmod(points, 100)
    assert earned == Earned(ann, points, rewards, remain, rewards)
    assert await world.has(ann) == (remain, rewards)
    assert await world.has(ann, world.other_venue) == (0, 0)


@pytest.mark.parametrize(
    ("status", "points"), [("active", 24), ("trialing", 24), ("past_due", 24), ("canceled", 12)]
)
async def test_a_live_membership_doubles(world: KioskWorld, status: str, points: int) -> None:
    ann = await world.customer()
    await world.join(ann, status)
    assert (await world.earn(world.order(1234, ann))).points_earned == points


async def test_a_membership_holds_at_its_venue_or_at_all(world: KioskWorld) -> None:
    ann, bob = await world.customer(), await world.customer()
    await world.join(ann, location_id=world.other_venue.location_id)
    await world.join(bob, location_id=0)
    assert (await world.earn(world.order(1234, ann))).points_earned == 12
    assert (await world.earn(world.order(1234, ann), world.other_venue)).points_earned == 24
    assert (await world.earn(world.order(1234, bob))).points_earned == 24


async def test_points_turn_into_rewards_at_once_and_the_rest_remains(world: KioskWorld) -> None:
    ann = await world.customer()
    assert await world.earn(world.order(23_500, ann)) == Earned(ann, 235, 2, 35, 2)
    assert await world.earn(world.order(6_499, ann)) == Earned(ann, 64, 0, 99, 2)
    assert await world.earn(world.order(100, ann)) == Earned(ann, 1, 1, 0, 3)
    moves = await world.rows(
        """
        select t.verb, t.action, t.amount, t.counterparty, a.asset
        from transfers t join accounts a using (program_id, account_id)
        where t.program_id = %(program_id)s order by t.transfer_id
        """
    )
    assert sorted(moves)[:2] == [
        ("adjust", "convert", -200, "conversion", "points"),
        ("adjust", "convert", -100, "conversion", "points"),
    ]
    assert ("adjust", "convert", 2, "conversion", "rewards") in moves
    assert [move for move in moves if move[0] == "earn"] == [
        ("earn", "earn_order", points, "issuance", "points") for points in (235, 64, 1)
    ]


async def test_the_terms_are_the_programs(database: Database) -> None:
    world = await KioskWorld.create(
        database, points_per_unit=3, membership_multiplier=4, points_per_reward=50
    )
    ann = await world.customer()
    await world.join(ann)
    assert await world.earn(world.order(1000, ann)) == Earned(ann, 120, 2, 20, 2)


async def test_rewards_shown_are_the_venues_and_the_programs(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 1, program_rewards=2)
    assert await world.earn(world.order(10_000, ann)) == Earned(ann, 100, 1, 0, 4)
    assert await world.has(ann, world.other_venue) == (0, 2)
    balances = await world.balances(ann)
    assert (balances.points, balances.rewards, str(balances.membership_status)) == (0, 4, "none")


async def test_a_repetition_answers_what_was_earned_and_what_is_there_today(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(23_500, ann)
    first = await world.earn(order)
    await world.earn(world.order(1_000, ann))
    for again in (
        order,
        replace(order, total_minor=99_999_900),
        replace(order, payment_event_id="evt_other"),
        replace(order, order_id="ord_other"),
        replace(order, member_id=None),
    ):
        assert await world.earn(again) == Earned(ann, 235, 2, 45, 2, replayed=True)
    assert first == Earned(ann, 235, 2, 35, 2)
    assert await world.rows("select count(*) from paid_orders") == [(2,)]


async def test_a_repetition_that_names_somebody_else_stays_the_first_ones(world: KioskWorld) -> None:
    ann, bob = await world.customer(), await world.customer()
    order = world.order(2_500, ann)
    await world.earn(order)
    assert await world.earn(replace(order, member_id=bob)) == Earned(ann, 25, 0, 25, 0, replayed=True)
    assert await world.has(bob) == (0, 0)


async def test_one_order_id_at_two_venues_is_two_orders(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(2_500, ann)
    assert not (await world.earn(order)).replayed
    assert not (await world.earn(order, world.other_venue)).replayed


async def test_who_paid_is_found_in_the_cart(world: KioskWorld) -> None:
    ann, bob = await world.customer(), await world.customer()
    await world.attach("cart_1", bob)
    await world.attach("cart_1", ann)
    assert await world.earn(world.order(2_500, cart_session_id="cart_1")) == Earned(ann, 25, 0, 25, 0)
    # The payment's own word comes first.
    assert (await world.earn(world.order(2_500, bob, cart_session_id="cart_1"))).member_id == bob


async def test_who_redeemed_with_the_order_has_paid_it(world: KioskWorld) -> None:
    ann, bob = await world.customer(), await world.customer()
    await world.give(ann, 1)
    await world.hold("cart_1", ann)
    order = world.order(2_500)
    await world.redeem(order, "cart_1")
    await world.attach("cart_2", bob)
    assert (await world.earn(replace(order, cart_session_id="cart_2"))).member_id == ann


async def test_an_order_without_customer_earns_once_somebody_is_found(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(2_500, cart_session_id="cart_1")
    for _ in range(2):
        assert await world.earn(order) == Earned(None, 0, 0, 0, 0)
    assert await world.rows("select status from paid_orders") == [("paid_no_customer",)]
    await world.attach("cart_1", ann)
    # The repetition need not even name the cart, and what it says of the total is not what was paid.
    again = replace(order, cart_session_id=None, total_minor=999_900)
    assert await world.earn(again) == Earned(ann, 25, 0, 25, 0)
    assert await world.earn(order) == Earned(ann, 25, 0, 25, 0, replayed=True)


async def test_a_cart_that_is_told_later_is_kept(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(2_500)
    await world.earn(order)
    await world.earn(replace(order, cart_session_id="cart_1"))
    await world.attach("cart_1", ann)
    assert (await world.earn(order)).member_id == ann


async def test_an_event_told_under_another_order_earns_for_that_one(world: KioskWorld) -> None:
    ann = await world.customer()
    first = world.order(2_500)
    await world.earn(first)
    assert (await world.earn(replace(first, order_id="other", member_id=ann))).points_earned == 25
    assert await world.rows("select order_id, status from paid_orders") == [(first.order_id, "earned")]


@pytest.mark.parametrize("who", ["unknown", "erased", "foreign"])
async def test_a_customer_who_is_not_there_is_refused(
    world: KioskWorld, database: Database, who: str
) -> None:
    ann = await world.customer()
    if who == "erased":
        await erase(world, ann)
    other = (await KioskWorld.create(database, "others")).program_id
    foreign = (await enrol(database, other)).member_id
    member_id = {"unknown": uuid4(), "erased": ann, "foreign": foreign}[who]
    for work in (
        world.earn(world.order(2_500, member_id)),
        world.attach("cart_1", member_id),
        world.hold("cart_1", member_id),
        world.balances(member_id),
    ):
        with pytest.raises(Refused, match="customer_not_found"):
            await work
    assert await world.rows("select 1 from paid_orders union all select 1 from carts") == []


async def erase(world: KioskWorld, member_id: Any) -> None:
    async with world.database.transaction() as connection:
        await members.erase(connection, world.program_id, member_id, NOW)
        await ledger.close_accounts(connection, world.program_id, member_id, NOW)


async def test_a_cart_whose_customer_was_erased_is_nobodys(world: KioskWorld) -> None:
    ann, bob = await world.customer(), await world.customer()
    await world.attach("cart_1", ann)
    await erase(world, ann)
    order = world.order(2_500, cart_session_id="cart_1")
    assert await world.earn(order) == Earned(None, 0, 0, 0, 0)
    assert (await world.earn(replace(order, member_id=bob))).points_earned == 25


async def test_what_an_erased_customer_earned_is_still_answered(world: KioskWorld) -> None:
    ann = await world.customer()
    order = world.order(2_500, ann)
    await world.earn(order)
    await erase(world, ann)
    assert await world.earn(order) == Earned(ann, 25, 0, 25, 0, replayed=True)


async def test_what_does_not_fit_is_refused_before_anything_happens(world: KioskWorld) -> None:
    ann = await world.customer()
    with pytest.raises(Refused, match="invalid_field"):
        await world.earn(world.order(10**11 + 1, ann))
    with pytest.raises(Refused, match="invalid_field"):
        await world.earn(world.order(100, ann, order_id="a\0b"))
    assert await world.rows("select 1 from paid_orders") == []
