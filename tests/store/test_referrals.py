"""RIDs, clicks, orders and rewards, from the first link to the credit that was spent."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.referrals import actions as referrals
from regulars.features.referrals.model import (
    Rewards,
    RewardStatus,
    RewardType,
)
from tests.support.ledger import NOW
from tests.support.referrals import Shop, refusal


@pytest_asyncio.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    """A shop; whatever the test did, everything adds up afterwards."""
    shop = await Shop.create(database)
    yield shop
    await shop.check()


async def test_a_rid_keeps_the_policy_of_its_day(shop: Shop) -> None:
    first = await shop.referral()
    assert len(first.rid) == 22
    assert (first.reward_type, first.reward_value, first.currency) == (RewardType.STORE_CREDIT, 1000, "USD")
    assert first.expires_at == NOW + timedelta(days=30)
    shop.set(reward_value=5, hold_days=1, lifetime_days=2, reward_type="cash")
    second = await shop.referral()
    assert (second.reward_type, second.reward_value, second.hold_days) == (RewardType.CASH, 5, 1)
    assert second.expires_at == NOW + timedelta(days=2)
    read, rewards = await shop.stats(first)
    assert read == first
    assert rewards == Rewards(0, 0, 0)


async def test_one_rid_for_a_product_until_it_has_expired(shop: Shop) -> None:
    ann, product = await shop.owner("ann"), await shop.product()
    first, is_new = await shop.create_rid(ann, product)
    assert is_new
    assert await shop.create_rid(ann, product) == (first, False)
    other, is_new = await shop.create_rid(await shop.owner("ben"), product, "ben")
    assert is_new
    assert other.rid != first.rid
    shop.clock.advance(days=30)
    second, is_new = await shop.create_rid(ann, product)
    assert is_new
    assert second.rid != first.rid
    stored = await shop.rows("select rid, status from referrals where owner_id = %(owner)s", owner=ann)
    assert dict(stored) == {first.rid: "expired", second.rid: "active"}


async def test_ten_rids_in_any_day(shop: Shop) -> None:
    ann = await shop.owner("ann")
    products = [await shop.product() for _ in range(13)]
    for product in products[:10]:
        assert (await shop.create_rid(ann, product))[1]
    assert await refusal(shop.create_rid(ann, products[10])) == "too_many_referrals"
    # What is there already is given whatever the limit.
    assert not (await shop.create_rid(ann, products[0]))[1]
    shop.clock.advance(hours=23, minutes=59)
    assert await refusal(shop.create_rid(ann, products[10])) == "too_many_referrals"
    shop.clock.advance(minutes=1)
    assert (await shop.create_rid(ann, products[10]))[1]


async def test_many_at_once_make_one_rid_each_and_ten_in_all(shop: Shop) -> None:
    ann = await shop.owner("ann")
    product = await shop.product()
    made = await asyncio.gather(*(shop.create_rid(ann, product) for _ in range(9)))
    assert len({referral.rid for referral, _ in made}) == 1
    assert sum(is_new for _, is_new in made) == 1
    products = [await shop.product() for _ in range(20)]
    outcomes = await asyncio.gather(
        *(shop.create_rid(ann, product) for product in products), return_exceptions=True
    )
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 11
    assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 9


async def test_a_device_counts_once_in_half_an_hour(shop: Shop) -> None:
    referral = await shop.referral()
    assert await shop.click(referral.rid)
    assert not await shop.click(referral.rid)
    assert await shop.click(referral.rid, "tablet")
    shop.clock.advance(minutes=29, seconds=59)
    assert not await shop.click(referral.rid)
    shop.clock.advance(seconds=1)
    assert await shop.click(referral.rid)
    counted = await asyncio.gather(*(shop.click(referral.rid, "watch") for _ in range(8)))
    assert sum(counted) == 1
    assert (await shop.stats(referral))[0].clicks == 4
    assert await shop.told("referral.click") == [{"rid": referral.rid}] * 4
    async with shop.database.transaction() as connection:
        assert await referrals.forget_clicks(connection, shop.clock() + timedelta(days=2), 100) == 3


async def test_pages_of_events_have_no_gaps_while_new_ones_arrive(shop: Shop) -> None:
    referral = await shop.referral()
    for number in range(7):
        await shop.click(referral.rid, f"device {number}")
    await shop.buy(referral.rid, "order-a")
    seen, before = [], None
    while True:
        async with shop.database.connection() as connection:
            page, before = await referrals.events_of(
                connection, shop.program_id, referral.owner_id, referral.rid, before, 3
            )
        seen += page
        await shop.click(referral.rid, f"late device {len(seen)}")
        if before is None:
            break
    assert [event.number for event in seen] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert (seen[0].type, seen[0].order_id, seen[0].order_total) == ("conversion", "order-a", 12900)
    assert {(event.type, event.order_id) for event in seen[1:]} == {("click", None)}


async def test_only_the_owner_reads_a_rid(shop: Shop) -> None:
    referral, other = await shop.referral(), await shop.referral()
    others = await Shop.create(shop.database, "others")
    async with shop.database.connection() as connection:
        for program_id, owner_id, rid in (
            (shop.program_id, other.owner_id, referral.rid),
            (shop.program_id, referral.owner_id, "A" * 22),
            (others.program_id, referral.owner_id, referral.rid),
        ):
            stats = referrals.stats_of(connection, program_id, owner_id, rid)
            assert await refusal(stats) == "referral_not_found"
            events = referrals.events_of(connection, program_id, owner_id, rid, None, 10)
            assert await refusal(events) == "referral_not_found"
        assert await referrals.find_link(connection, referral.rid) == (shop.program_id, referral)
        assert await referrals.find_link(connection, "A" * 22) is None


async def test_the_first_rid_keeps_the_order(shop: Shop) -> None:
    first, second = await shop.referral(), await shop.referral()
    assert (await shop.validate(first.rid, "order")).valid
    assert (await shop.validate(second.rid, "order")).reason == "order_of_another_rid"
    shop.clock.advance(days=31)
    # The same order is told the same, though the RID has expired since.
    assert (await shop.validate(first.rid, "order")).valid
    assert (await shop.validate(first.rid, "another order")).reason == "rid_expired"
    assert (await shop.validate("A" * 22)).reason == "rid_expired"
    assert await refusal(shop.attribute(second.rid, "order")) == "order_of_another_rid"
    assert (await shop.attribute(first.rid, "order")).reward_status is RewardStatus.PENDING_HOLD


async def test_two_rids_for_one_order_at_once(shop: Shop) -> None:
    for number in range(5):
        rids = [(await shop.referral()).rid for _ in range(4)]
        verdicts = await asyncio.gather(*(shop.validate(rid, f"order-{number}") for rid in rids * 2))
        winners = {rid for rid, verdict in zip(rids * 2, verdicts, strict=True) if verdict.valid}
        assert len(winners) == 1
        assert sum(verdict.valid for verdict in verdicts) == 2


async def test_a_purchase_is_counted_once(shop: Shop) -> None:
    referral = await shop.referral()
    await shop.validate(referral.rid, "order")
    told = await asyncio.gather(*(shop.attribute(referral.rid, "order") for _ in range(6)))
    assert len({str(one) for one in told}) == 1
    assert told[0].hold_until == NOW + timedelta(days=30)
    assert await refusal(shop.attribute(referral.rid, "order", 1)) == "order_confirmed_otherwise"
    assert await refusal(shop.attribute(referral.rid, "order", currency="EUR")) == "currency_not_of_policy"
    stored, rewards = await shop.stats(referral)
    assert (stored.conversions, stored.gmv, rewards) == (1, 12900, Rewards(1, 0, 0))
    assert await shop.told("referral.conversion") == [
        {"rid": referral.rid, "orderId": "order", "orderTotal": 12900, "currency": "USD"}
    ]


async def test_the_hold_begins_with_the_delivery(shop: Shop) -> None:
    referral = await shop.referral()
    delivered = NOW + timedelta(days=9)
    await shop.attribute(referral.rid, "order")
    later = await shop.attribute(referral.rid, "order", delivered_at=delivered)
    assert later.hold_until == delivered + timedelta(days=30)
    again = shop.attribute(referral.rid, "order", delivered_at=NOW)
    assert await refusal(again) == "order_confirmed_otherwise"
    assert (await shop.attribute(referral.rid, "order")).hold_until == later.hold_until


async def test_orders_that_nobody_asked_about(shop: Shop) -> None:
    referral = await shop.referral()
    assert (await shop.attribute(referral.rid, "order")).reward_status is RewardStatus.PENDING_HOLD
    assert await refusal(shop.attribute("A" * 22, "other")) == "rid_expired"
    shop.clock.advance(days=30)
    assert await refusal(shop.attribute(referral.rid, "other")) == "rid_expired"


async def test_products_are_the_program_s(shop: Shop) -> None:
    product = await shop.product()
    others = await Shop.create(shop.database, "others")
    async with shop.database.transaction() as connection:
        assert await referrals.find_product(connection, shop.program_id, product.product_id) == product
        assert await referrals.find_product(connection, others.program_id, product.product_id) is None
        for slug, name, code in (
            ("Jacket", "Jacket", "invalid_product_slug"),
            ("../x", "Jacket", "invalid_product_slug"),
            ("jacket", " ", "invalid_name"),
            (product.slug, "Jacket", "product_taken"),
        ):
            added = referrals.add_product(connection, shop.program_id, slug=slug, name=name, now=NOW)
            assert await refusal(added) == code
        changed = await referrals.change_product(
            connection, shop.program_id, product.product_id, name="Coat", active=False, now=NOW
        )
        assert await referrals.list_products(connection, shop.program_id) == [changed]
        unknown = referrals.change_product(connection, shop.program_id, uuid4(), name="x", now=NOW)
        assert await refusal(unknown) == "product_not_found"
