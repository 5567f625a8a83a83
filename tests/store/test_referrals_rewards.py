"""Rewards: given once, spent, paid by hand, cancelled and taken back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from regulars.db.database import Database
from regulars.features.ledger.model import AMOUNT_MAX
from regulars.features.referrals import actions as referrals
from regulars.features.referrals.model import (
    ConversionStatus,
    Ending,
    ReferralStatus,
    Rewards,
    RewardStatus,
)
from tests.support.referrals import Shop, refusal


@pytest_asyncio.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    """A shop; whatever the test did, everything adds up afterwards."""
    shop = await Shop.create(database)
    yield shop
    await shop.check()


async def test_a_reward_matures_once_and_is_credited(shop: Shop) -> None:
    referral = await shop.referral()
    await shop.buy(referral.rid, "order")
    shop.clock.advance(days=29, hours=23)
    assert await shop.mature() == 0
    shop.clock.advance(hours=1)
    assert sum(await asyncio.gather(*(shop.mature() for _ in range(4)))) == 1
    assert await shop.mature() == 0
    assert (await shop.credit(referral.owner_id)).balance == 1000
    assert await shop.told("referral.reward_payable") == [
        {
            "rid": referral.rid, "orderId": "order", "rewardAmount": 1000, "currency": "USD",
            "status": "payable",
        }
    ]  # fmt: skip
    assert (await shop.stats(referral))[1] == Rewards(0, 1, 0)


async def test_many_mature_in_parts(shop: Shop) -> None:
    shop.set(sources_judged_from=1000)
    owners = [await shop.referral() for _ in range(6)]
    for turn in range(24):
        await shop.attribute(owners[turn % 4].rid, f"order-{turn}")
    shop.clock.advance(days=31)
    done = await asyncio.gather(*(shop.mature(chunk=5) for _ in range(3)))
    assert sum(done) == 24
    for place, referral in enumerate(owners):
        assert (await shop.credit(referral.owner_id)).balance == (6000 if place < 4 else 0)
    # Each says what it is for, be it credited with others or judged by itself.
    named = await shop.rows("select metadata->>'order_id', metadata->>'rid' from transfers")
    assert sorted(named) == sorted((f"order-{turn}", owners[turn % 4].rid) for turn in range(24))
    assert len(await shop.told("referral.reward_payable")) == 24


async def test_a_reward_of_somebody_erased_is_nobody_s(shop: Shop) -> None:
    referral, other = await shop.referral(), await shop.referral()
    await shop.buy(referral.rid, "held")
    await shop.buy(other.rid, "paid for before")
    shop.clock.advance(days=31)
    async with shop.database.transaction() as connection:
        await referrals.erase(connection, shop.program_id, referral.owner_id, shop.clock())
    assert await shop.mature() == 1
    [(ended,)] = await shop.rows("select ended_as from referral_conversions where order_id = 'held'")
    assert ended == "owner_erased"
    assert (await shop.stats(referral))[0].status is ReferralStatus.REVOKED
    left = "select count(*) from referral_sightings where role = 'owner' and source = %(one)s"
    assert await shop.rows(left, one=b"x") == [(0,)]


async def test_a_reward_waits_while_the_account_is_full(shop: Shop) -> None:
    referral = await shop.referral()
    await shop.buy(referral.rid, "order")
    await shop.earn(referral.owner_id, AMOUNT_MAX)
    shop.clock.advance(days=31)
    assert await shop.mature() == 0
    assert (await shop.stats(referral))[1] == Rewards(1, 0, 0)
    await shop.spend(referral.owner_id, 1000)
    assert await shop.mature() == 1
    assert (await shop.stats(referral))[1] == Rewards(0, 1, 0)


async def test_credit_that_was_spent_counts_as_paid(shop: Shop) -> None:
    referral = await shop.referral()
    for number in range(3):
        await shop.buy(referral.rid, f"order-{number}")
        shop.clock.advance(days=1)
    shop.clock.advance(days=31)
    assert await shop.mature() == 3
    assert await shop.note_spent() == 0
    await shop.spend(referral.owner_id, 999)
    assert await shop.note_spent() == 0
    await shop.spend(referral.owner_id, 1)
    assert sum(await asyncio.gather(*(shop.note_spent() for _ in range(3)))) == 1
    assert (await shop.stats(referral))[1] == Rewards(0, 2, 1)
    await shop.spend(referral.owner_id, 1500)
    assert await shop.note_spent(chunk=1) == 1
    assert (await shop.stats(referral))[1] == Rewards(0, 1, 2)


async def test_cash_is_paid_by_hand(shop: Shop) -> None:
    shop.set(reward_type="cash")
    referral = await shop.referral()
    shop.set(reward_type="store_credit")
    in_credit = await shop.referral()
    await shop.buy(referral.rid, "cash")
    await shop.buy(in_credit.rid, "credit")
    async with shop.database.connection() as connection:

        async def pay(order_id: str) -> object:
            return await referrals.pay(connection, shop.program_id, order_id, shop.clock)

        assert await refusal(pay("cash")) == "reward_not_payable"
        shop.clock.advance(days=31)
        assert await shop.mature() == 2
        assert (await shop.credit(referral.owner_id)).balance == 0
        assert await refusal(pay("credit")) == "reward_is_not_cash"
        assert await refusal(pay("nothing")) == "reward_not_found"
        paid = await pay("cash")
        assert await pay("cash") == paid
    assert (await shop.stats(referral))[1] == Rewards(0, 0, 1)
    # Whoever was paid by hand owes it, for the ledger has nothing to take it from.
    assert (await shop.give_back("cash")).taken_back
    assert (await shop.credit(referral.owner_id)).owed == 1000


@pytest.mark.parametrize("ending", [Ending.REFUNDED, Ending.CANCELLED])
async def test_what_comes_back_within_the_hold_is_never_given(shop: Shop, ending: Ending) -> None:
    referral = await shop.referral()
    await shop.buy(referral.rid, "order")
    back = await shop.give_back("order", ending)
    assert (back.status, back.reward_status) == (ConversionStatus.RETURNED, RewardStatus.CANCELLED)
    assert await shop.give_back("order", Ending.CANCELLED) == back
    assert not back.taken_back
    shop.clock.advance(days=31)
    assert await shop.mature() == 0
    assert (await shop.credit(referral.owner_id)).balance == 0
    assert (await shop.attribute(referral.rid, "order")) == back
    assert (await shop.stats(referral))[1] == Rewards(0, 0, 0)


async def test_what_comes_back_after_the_hold_is_taken_back(shop: Shop) -> None:
    referral = await shop.referral()
    await shop.buy(referral.rid, "first")
    await shop.buy(referral.rid, "second")
    shop.clock.advance(days=31)
    assert await shop.mature() == 2
    await shop.spend(referral.owner_id, 1500)
    back = await asyncio.gather(*(shop.give_back("first") for _ in range(5)))
    assert {one.taken_back for one in back} == {True}
    account = await shop.credit(referral.owner_id)
    assert (account.balance, account.owed) == (0, 500)
    assert await shop.note_spent() == 1
    await shop.give_back("second")
    assert (await shop.credit(referral.owner_id)).owed == 1500


async def test_an_order_that_came_back_before_it_was_paid(shop: Shop) -> None:
    referral = await shop.referral()
    assert await refusal(shop.give_back("order")) == "order_not_found"
    await shop.validate(referral.rid, "order")
    back = await shop.give_back("order", Ending.CANCELLED)
    assert back.reward_status is None
    assert await shop.attribute(referral.rid, "order") == back
    assert (await shop.stats(referral))[0].conversions == 0


async def test_maturing_and_refunds_cross(shop: Shop) -> None:
    shop.set(sources_judged_from=1000)
    referral = await shop.referral()
    orders = [f"order-{number}" for number in range(20)]
    for order_id in orders:
        await shop.attribute(referral.rid, order_id)
    shop.clock.advance(days=31)
    await asyncio.gather(
        *(shop.mature(chunk=3) for _ in range(3)), *(shop.give_back(order_id) for order_id in orders[::2])
    )
    await shop.mature()
    account = await shop.credit(referral.owner_id)
    assert account.balance - account.owed == 10 * 1000
    assert (await shop.stats(referral))[1] == Rewards(0, 10, 0)
