"""What an operator has decided holds for what was asked about before, meanwhile and afterwards."""

import asyncio
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.referrals import actions as referrals
from regulars.features.referrals.model import (
    ConversionStatus,
    Flag,
    FlagStatus,
    ReferralStatus,
    Rewards,
    RewardStatus,
)
from regulars.features.referrals.model_settings import policy_of
from tests.support.referrals import Shop, refusal

ACTS: list[Any] = [referrals.clear, referrals.block, referrals.claw_back]
ENDING: list[Any] = [referrals.block, referrals.claw_back]
DECIDED = {
    referrals.clear: FlagStatus.CLEARED,
    referrals.block: FlagStatus.BLOCKED,
    referrals.claw_back: FlagStatus.CLAWED_BACK,
}
ROUNDS = 6


@pytest_asyncio.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    """A shop; whatever the test did, everything adds up afterwards."""
    shop = await Shop.create(database)
    yield shop
    await shop.check()


async def flagged(shop: Shop, rid: str) -> Flag:
    """The flag of a RID that somebody has flooded."""
    async with shop.database.connection() as connection:
        await referrals.flag_flood(connection, shop.program_id, rid, policy_of(shop.program), shop.clock())
    [flag] = [flag for flag in await shop.flags() if flag.rid == rid and flag.order_id is None]
    return flag


async def test_every_decision_twice_and_crossed_with_every_other(shop: Shop) -> None:
    for first, second in product(ACTS, ACTS):
        referral = await shop.referral()
        await shop.buy(referral.rid)
        flag = await flagged(shop, referral.rid)
        decided = await shop.decide(first, flag)
        assert decided.status is DECIDED[first]
        _, rewards = await shop.stats(referral)
        if second is first:
            shop.clock.advance(seconds=1)
            assert await shop.decide(second, flag) == decided
        else:
            with pytest.raises(Refused) as refused:
                await shop.decide(second, flag)
            assert (refused.value.code, refused.value.details) == ("flag_decided", {"status": decided.status})
        assert (await shop.stats(referral))[1] == rewards
        assert rewards.pending_hold == (first is referrals.clear)


async def test_a_reward_is_held_until_the_last_flag_is_cleared(shop: Shop) -> None:
    shop.set(buyers_per_device_max=1)
    referral = await shop.referral()
    await shop.validate(referral.rid, "first", device="shared")
    await shop.buy(referral.rid, "order", device="shared")
    await flagged(shop, referral.rid)
    shop.clock.advance(days=31)
    flags = await shop.flags()
    assert len(flags) == 2
    for flag, given in zip(flags, (0, 1), strict=True):
        assert await shop.mature() == 0
        await shop.decide(referrals.clear, flag)
        assert await shop.mature() == given


@pytest.mark.parametrize("act", ENDING)
async def test_an_order_that_was_asked_about_before_its_rid_was_blocked(shop: Shop, act: Any) -> None:
    referral = await shop.referral()
    await shop.buy(referral.rid, "paid before")
    assert (await shop.validate(referral.rid, "asked about")).valid
    await shop.decide(act, await flagged(shop, referral.rid))
    # The shop is told the same about the order, but nobody gets a reward for it any more.
    assert (await shop.validate(referral.rid, "asked about")).valid
    for _ in range(2):
        assert await refusal(shop.attribute(referral.rid, "asked about")) == "rid_revoked"
    assert (await shop.attribute(referral.rid, "paid before")).reward_status is RewardStatus.CANCELLED
    back = await shop.give_back("asked about")
    assert (back.status, back.reward_status) == (ConversionStatus.RETURNED, None)
    shop.clock.advance(days=31)
    assert await shop.mature() == 0
    assert (await shop.stats(referral))[1] == Rewards(0, 0, 0)


@pytest.mark.parametrize("act", ENDING)
async def test_a_rid_that_another_has_followed_is_blocked_too(shop: Shop, act: Any) -> None:
    ann, product_ = await shop.owner("ann"), await shop.product()
    first, _ = await shop.create_rid(ann, product_)
    assert (await shop.validate(first.rid, "asked about")).valid
    shop.clock.advance(days=30)
    second, is_new = await shop.create_rid(ann, product_)
    assert is_new
    await shop.decide(act, await flagged(shop, first.rid))
    assert await refusal(shop.attribute(first.rid, "asked about")) == "rid_revoked"
    stored = await shop.rows("select rid, status from referrals where owner_id = %(owner)s", owner=ann)
    assert dict(stored) == {first.rid: ReferralStatus.REVOKED, second.rid: ReferralStatus.ACTIVE}


async def test_paying_and_blocking_cross(shop: Shop) -> None:
    """Each order is paid before the block, and loses its reward, or after it, and gets none."""
    for number in range(ROUNDS):
        act = ENDING[number % 2]
        referral = await shop.referral()
        orders = [f"order-{number}-{place}" for place in range(8)]
        for order_id in orders:
            assert (await shop.validate(referral.rid, order_id)).valid
        flag = await flagged(shop, referral.rid)
        paying = [shop.attribute(referral.rid, order_id) for order_id in orders]
        outcomes: list[Any] = await asyncio.gather(
            *paying[:4], shop.decide(act, flag), *paying[4:], return_exceptions=True
        )
        codes = {outcome.code for outcome in outcomes if isinstance(outcome, Refused)}
        assert codes <= {"rid_revoked"}
        assert not [one for one in outcomes if isinstance(one, Exception) and not isinstance(one, Refused)]
        shop.clock.advance(days=31)
        assert await shop.mature() == 0
        assert (await shop.stats(referral))[1] == Rewards(0, 0, 0)


async def test_a_claw_back_of_credit_that_was_spent(shop: Shop) -> None:
    referral = await shop.referral()
    await shop.buy(referral.rid, "order")
    shop.clock.advance(days=31)
    assert await shop.mature() == 1
    await shop.spend(referral.owner_id, 1000)
    assert await shop.note_spent() == 1
    assert (await shop.stats(referral))[1] == Rewards(0, 0, 1)
    flag = await flagged(shop, referral.rid)
    for _ in range(2):
        await shop.decide(referrals.claw_back, flag)
    back = await shop.give_back("order")
    assert (back.reward_status, back.taken_back) == (RewardStatus.CANCELLED, True)
    account = await shop.credit(referral.owner_id)
    assert (account.balance, account.owed) == (0, 1000)
    assert (await shop.stats(referral))[1] == Rewards(0, 0, 0)
    # What is owed is paid by the next reward, whoever's order that is.
    other, _ = await shop.create_rid(referral.owner_id, await shop.product())
    await shop.buy(other.rid, "next")
    shop.clock.advance(days=31)
    assert await shop.mature() == 1
    account = await shop.credit(referral.owner_id)
    assert (account.balance, account.owed) == (0, 0)


async def test_what_was_refused_as_the_owner_s_own_is_so_under_all_rids_of_the_owner(shop: Shop) -> None:
    ann = await shop.owner("ann")
    one, _ = await shop.create_rid(ann, await shop.product(), "ann")
    other, _ = await shop.create_rid(ann, await shop.product(), "ann")
    assert (await shop.validate(one.rid, "order", person="ann")).reason == "self_purchase_blocked"
    # The shop does not ask again before it tells of the purchase.
    assert await refusal(shop.attribute(other.rid, "order")) == "self_purchase_blocked"
    assert (await shop.validate(other.rid, "order", person="ann")).reason == "self_purchase_blocked"
    # Somebody else may have sent Ann.
    ben = await shop.referral("ben")
    assert (await shop.attribute(ben.rid, "order")).reward_status is RewardStatus.PENDING_HOLD
