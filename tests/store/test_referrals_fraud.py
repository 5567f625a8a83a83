"""What looks like fraud is flagged once, told once, and holds the reward until somebody has decided."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.referrals import actions as referrals
from regulars.features.referrals.model import (
    Flag,
    FlagStatus,
    ReferralStatus,
    Rewards,
    RewardStatus,
    Rule,
)
from regulars.features.referrals.model_settings import policy_of
from tests.support.ledger import NOW
from tests.support.referrals import Shop

LATER = 31
WAITED_SECONDS_MAX = 30.0
WAITING = """
select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
"""


@pytest_asyncio.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    """A shop; whatever the test did, everything adds up afterwards."""
    shop = await Shop.create(database)
    yield shop
    await shop.check()


def rules_of(flags: list[Flag]) -> list[tuple[Rule, str | None]]:
    return [(flag.rule, flag.order_id) for flag in flags]


@pytest.mark.parametrize(
    ("buyer", "rule"),
    [
        ({"person": "0197C1A2-5B7E-7C11-9D5A-3F1B2C4D5E6F"}, Rule.SELF_PURCHASE),
        ({"person": " 0197c1a2-5b7e-7c11-9d5a-3f1b2c4d5e6f "}, Rule.SELF_PURCHASE),
        ({"address": "203.0.113.7"}, Rule.SHARED_ADDRESS),
        ({"address": "::ffff:203.0.113.7"}, Rule.SHARED_ADDRESS),
        ({"device": "laptop"}, Rule.SHARED_DEVICE),
    ],
)
async def test_nobody_buys_by_an_own_rid(shop: Shop, buyer: dict[str, str], rule: Rule) -> None:
    me = "0197c1a2-5b7e-7c11-9d5a-3f1b2c4d5e6f"
    mine = await shop.referral(me, "203.0.113.7")
    other = await shop.referral()
    # The owner's laptop is known from what the owner has bought by the RIDs of others.
    assert (await shop.validate(other.rid, "bought", person=me, device="laptop")).valid
    for _ in range(2):
        assert (await shop.validate(mine.rid, "order", **buyer)).reason == "self_purchase_blocked"
    with pytest.raises(Refused) as refused:
        await shop.attribute(mine.rid, "order")
    assert refused.value.code == "self_purchase_blocked"
    assert rules_of(await shop.flags()) == [(rule, "order")]
    assert [told["rule"] for told in await shop.told("referral.fraud_flag")] == [rule]
    # A RID that was refused does not stand in the way of the one that the order came by.
    assert (await shop.validate(other.rid, "order")).valid
    assert (await shop.attribute(other.rid, "order")).reward_status is RewardStatus.PENDING_HOLD


async def test_what_was_tried_under_the_own_name_gives_the_device_away(shop: Shop) -> None:
    mine = await shop.referral("me")
    assert not (await shop.validate(mine.rid, "first", person="me", device="phone")).valid
    assert not (await shop.validate(mine.rid, "second", person="my sister", device="phone")).valid
    shop.clock.advance(days=29)
    assert not (await shop.validate(mine.rid, "third", person="my brother", device="phone")).valid


async def test_sightings_are_forgotten(shop: Shop) -> None:
    shop.set(sighting_days=1)
    mine = await shop.referral("me", "203.0.113.7")
    shop.clock.advance(days=1)
    assert (await shop.validate(mine.rid, address="203.0.113.7")).valid
    async with shop.database.transaction() as connection:
        assert await referrals.forget_sightings(connection, NOW + timedelta(days=365), 10) == 0
        assert await referrals.forget_sightings(connection, NOW + timedelta(days=365, hours=1), 10) == 1


async def test_where_owners_may_buy_nothing_is_wrong_with_it(shop: Shop) -> None:
    shop.set(blocks_self_purchase=False)
    mine = await shop.referral("me", "203.0.113.7")
    await shop.buy(mine.rid, "order", person="me", device="phone", address="203.0.113.7")
    await shop.buy(mine.rid, "another", person="my sister", device="phone")
    assert await shop.flags() == []


async def test_hashes_are_a_program_s_own(shop: Shop) -> None:
    others = await Shop.create(shop.database, "others")
    assert shop.source("me", "phone", "203.0.113.7") != others.source("me", "phone", "203.0.113.7")
    assert shop.hashes.person("x") != shop.hashes.device("x")
    assert shop.hashes.address("2001:db8::1") == shop.hashes.address("2001:db8::ffff:2")
    assert shop.hashes.address(" ") is None


async def test_one_device_behind_many_buyers(shop: Shop) -> None:
    shop.set(sources_judged_from=1000)
    referral = await shop.referral()
    for number in range(3):
        await shop.buy(referral.rid, f"order-{number}", device="shared")
    await shop.buy(referral.rid, "same buyer again", person="buyer", device="other")
    await shop.buy(referral.rid, "and again", person="buyer", device="other")
    assert await shop.flags() == []
    await shop.buy(referral.rid, "fourth", device="shared")
    [flag] = await shop.flags()
    assert (flag.rule, flag.order_id, flag.observed) == (Rule.DEVICE_OF_MANY_BUYERS, "fourth", 4)
    shop.clock.advance(days=LATER)
    assert await shop.mature() == 5
    assert (await shop.stats(referral))[1] == Rewards(1, 5, 0)


async def test_buyers_who_do_not_see_each_other_are_seen_when_they_pay(shop: Shop, database_url: str) -> None:
    shop.set(buyers_per_device_max=1)
    referral = await shop.referral()
    orders = ["one", "two", "three"]
    connect = psycopg.AsyncConnection.connect
    async with await connect(database_url) as holder, await connect(database_url, autocommit=True) as watcher:
        await holder.execute("select from referrals where rid = %s for update", [referral.rid])
        asking = [
            asyncio.create_task(shop.validate(referral.rid, order_id, device="shared")) for order_id in orders
        ]
        async with asyncio.timeout(WAITED_SECONDS_MAX):
            while await (await watcher.execute(WAITING)).fetchone() != (len(orders),):
                await asyncio.sleep(0.02)
        await holder.rollback()
    assert [verdict.valid for verdict in await asyncio.gather(*asking)] == [True] * 3
    assert await shop.flags() == []
    for _ in range(2):
        for order_id in orders:
            await shop.attribute(referral.rid, order_id)
    flags = await shop.flags()
    assert {(flag.rule, flag.observed) for flag in flags} == {(Rule.DEVICE_OF_MANY_BUYERS, 3)}
    assert sorted(str(flag.order_id) for flag in flags) == sorted(orders)
    await shop.decide(referrals.clear, flags[0])
    shop.clock.advance(days=LATER)
    assert await shop.mature() == 1
    # Once it was cleared, nothing flags the order anew.
    await shop.attribute(referral.rid, str(flags[0].order_id))
    assert len(await shop.flags()) == 2


async def test_orders_from_hardly_anybody(shop: Shop) -> None:
    referral = await shop.referral()
    for number in range(4):
        await shop.buy(referral.rid, f"order-{number}", device=f"device-{number % 2}", person="b")
    assert await shop.flags() == []
    await shop.buy(referral.rid, "fifth", device="device-0", person="b")
    [flag] = await shop.flags()
    assert (flag.rule, flag.order_id, flag.observed) == (Rule.FEW_SOURCES, None, 2)
    await shop.buy(referral.rid, "sixth", device="device-1", person="b")
    assert len(await shop.flags()) == 1
    shop.clock.advance(days=LATER)
    assert await shop.mature() == 0
    await shop.decide(referrals.clear, flag)
    assert await shop.mature() == 6


async def flooded(shop: Shop) -> tuple[str, Flag]:
    """A RID that was flagged as a whole, with a held order."""
    referral = await shop.referral()
    await shop.buy(referral.rid, "before")
    for _ in range(2):
        async with shop.database.connection() as connection:
            await referrals.flag_flood(
                connection, shop.program_id, referral.rid, policy_of(shop.program), shop.clock()
            )
    [flag] = await shop.flags()
    assert rules_of([flag]) == [(Rule.EVENT_FLOOD, None)]
    assert len(await shop.told("referral.fraud_flag")) == 1
    return referral.rid, flag


async def test_a_flag_is_decided_once(shop: Shop) -> None:
    _, flag = await flooded(shop)
    acts = [referrals.clear, referrals.block, referrals.claw_back] * 3
    outcomes: list[Any] = await asyncio.gather(
        *(shop.decide(act, flag) for act in acts), return_exceptions=True
    )
    decided = [outcome for outcome in outcomes if isinstance(outcome, Flag)]
    assert len(decided) == 3
    assert len({(one.status, one.decided_at) for one in decided}) == 1
    others = [outcome for outcome in outcomes if not isinstance(outcome, Flag)]
    assert {str(other) for other in others} == {"flag_decided"}
    assert await shop.flags() == []
    assert [one.flag_id for one in await shop.flags(decided[0].status)] == [flag.flag_id]


async def test_a_cleared_flag_holds_nothing_and_may_come_again(shop: Shop) -> None:
    rid, flag = await flooded(shop)
    shop.clock.advance(days=LATER)
    assert await shop.mature() == 0
    await shop.decide(referrals.clear, flag)
    assert await shop.mature() == 1
    async with shop.database.connection() as connection:
        await referrals.flag_flood(connection, shop.program_id, rid, policy_of(shop.program), shop.clock())
    assert len(await shop.flags()) == 1


async def test_a_blocked_rid_is_revoked_and_gives_nothing_more(shop: Shop) -> None:
    rid, flag = await flooded(shop)
    await shop.validate(rid, "asked about")
    blocked = await shop.decide(referrals.block, flag)
    assert (blocked.status, blocked.decided_by) == (FlagStatus.BLOCKED, "ann")
    assert (await shop.validate(rid, "new")).reason == "rid_revoked"
    shop.clock.advance(days=LATER)
    assert await shop.mature() == 0
    async with shop.database.connection() as connection:
        found = await referrals.find(connection, shop.program_id, rid)
    assert found is not None
    assert found.status is ReferralStatus.REVOKED


async def test_what_the_owner_has_is_left_by_a_block_and_taken_by_a_claw_back(shop: Shop) -> None:
    for act, balance in ((referrals.block, 1000), (referrals.claw_back, 0)):
        referral = await shop.referral()
        await shop.buy(referral.rid, f"given-{balance}")
        shop.clock.advance(days=LATER)
        assert await shop.mature() == 1
        await shop.attribute(referral.rid, f"given-{balance}")
        async with shop.database.connection() as connection:
            await referrals.flag_flood(
                connection, shop.program_id, referral.rid, policy_of(shop.program), shop.clock()
            )
        [flag] = await shop.flags()
        await shop.decide(act, flag)
        assert (await shop.credit(referral.owner_id)).balance == balance


async def test_a_blocked_order_gives_nothing_also_when_it_is_paid_later(shop: Shop) -> None:
    shop.set(buyers_per_device_max=1)
    referral = await shop.referral()
    await shop.validate(referral.rid, "one", device="shared")
    for order_id, act in (("two", referrals.block), ("three", referrals.claw_back)):
        assert (await shop.validate(referral.rid, order_id, device="shared")).valid
        [flag] = await shop.flags()
        await shop.decide(act, flag)
        paid = await shop.attribute(referral.rid, order_id)
        assert paid.reward_status is RewardStatus.CANCELLED
        assert await shop.attribute(referral.rid, order_id) == paid
    stored, rewards = await shop.stats(referral)
    assert (stored.conversions, rewards) == (2, Rewards(0, 0, 0))
    assert stored.status is ReferralStatus.ACTIVE


async def test_only_flags_of_the_program_are_decided(shop: Shop) -> None:
    _, flag = await flooded(shop)
    others = await Shop.create(shop.database, "others")
    for where, wanted in ((others, flag.flag_id), (shop, new_id())):
        async with shop.database.connection() as connection:
            with pytest.raises(Refused) as refused:
                await referrals.clear(connection, where.program_id, wanted, "ann", shop.clock)
        assert refused.value.code == "flag_not_found"
    assert await others.flags() == []


async def test_blocking_and_maturing_cross(shop: Shop) -> None:
    """Whichever comes first: a blocked reward is either never given, or given before the block."""
    shop.set(buyers_per_device_max=1, sources_judged_from=1000)
    referral = await shop.referral()
    for number in range(12):
        await shop.buy(referral.rid, f"order-{number:02}", device="shared")
    flags = await shop.flags()
    assert len(flags) == 11
    shop.clock.advance(days=LATER)
    acts = [referrals.clear, referrals.block, referrals.claw_back]
    await asyncio.gather(
        *(shop.decide(acts[place % 3], flag) for place, flag in enumerate(flags)),
        *(shop.mature(chunk=2) for _ in range(3)),
    )
    await shop.mature()
    cleared = 1 + len(await shop.flags(FlagStatus.CLEARED))
    assert (await shop.credit(referral.owner_id)).balance == cleared * 1000
