"""What a paid period granted comes back when its payment does, spent or not."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from regulars.db.database import Database
from tests.support.memberships import MembershipWorld


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[MembershipWorld]:
    """Each period costs 1000 and grants 4 rewards; everything must add up afterwards."""
    async with MembershipWorld.open(database, rewards_per_period=4) as world:
        world.stripe.account.amount_minor = 1000
        yield world
        await world.check()


async def charge_of(world: MembershipWorld) -> str:
    return str(world.stripe.account.one("charge")["id"])


@pytest.mark.parametrize(
    ("refunds", "kept"),
    [
        ([124], 4),
        ([125], 3),
        ([250], 3),
        ([100, 100, 100], 3),
        ([374, 1], 2),
        ([500, 499], 0),
        ([1000], 0),
        ([1] * 5 + [995], 0),
    ],
)
async def test_refunds_add_up_and_take_in_proportion(
    world: MembershipWorld, refunds: list[int], kept: int
) -> None:
    ann = await world.member()
    await world.buy(ann)
    await world.tell_all()
    for amount in refunds:
        world.stripe.account.refund(await charge_of(world), amount)
        await world.tell_all()
    assert await world.balance(ann) == (kept, 0)


async def test_a_dispute_takes_all_and_a_dispute_won_gives_it_back(world: MembershipWorld) -> None:
    ann = await world.member()
    await world.buy(ann)
    dispute = world.stripe.account.dispute(await charge_of(world))
    await world.tell_all()
    assert await world.balance(ann) == (0, 0)
    world.stripe.account.close_dispute(dispute["id"], won=True)
    await world.tell_all()
    assert await world.balance(ann) == (4, 0)


async def test_a_dispute_won_gives_back_no_more_than_was_not_refunded(world: MembershipWorld) -> None:
    ann = await world.member()
    await world.buy(ann)
    world.stripe.account.refund(await charge_of(world), 500)
    dispute = world.stripe.account.dispute(await charge_of(world))
    await world.tell_all()
    assert await world.balance(ann) == (0, 0)
    world.stripe.account.close_dispute(dispute["id"], won=True)
    await world.tell_all()
    assert await world.balance(ann) == (2, 0)


async def test_a_dispute_lost_keeps_what_it_took(world: MembershipWorld) -> None:
    ann = await world.member()
    await world.buy(ann)
    dispute = world.stripe.account.dispute(await charge_of(world))
    await world.tell_all()
    world.stripe.account.close_dispute(dispute["id"], won=False)
    await world.tell_all()
    assert await world.balance(ann) == (0, 0)


async def test_an_inquiry_of_the_bank_takes_nothing_yet(world: MembershipWorld) -> None:
    ann = await world.member()
    await world.buy(ann)
    inquiry = world.stripe.account.dispute(await charge_of(world), "warning_needs_response")
    await world.tell_all()
    assert await world.balance(ann) == (4, 0)
    inquiry["status"] = "needs_response"
    world.stripe.account.happened("charge.dispute.updated", inquiry)
    await world.tell_all()
    assert await world.balance(ann) == (0, 0)


async def test_what_was_spent_is_owed_and_paid_by_later_grants(world: MembershipWorld) -> None:
    ann = await world.member()
    subscription = await world.buy(ann)
    await world.tell_all()
    await world.spend(ann, 3)
    world.stripe.account.refund(await charge_of(world))
    await world.tell_all()
    assert await world.balance(ann) == (0, 3)
    world.stripe.account.renew(subscription["id"])
    await world.tell_all()
    assert await world.balance(ann) == (1, 0)


async def test_a_dispute_won_lets_off_what_is_owed(world: MembershipWorld) -> None:
    ann = await world.member()
    await world.buy(ann)
    await world.tell_all()
    await world.spend(ann, 4)
    dispute = world.stripe.account.dispute(await charge_of(world))
    await world.tell_all()
    assert await world.balance(ann) == (0, 4)
    world.stripe.account.close_dispute(dispute["id"], won=True)
    await world.tell_all()
    assert await world.balance(ann) == (0, 0)


@pytest.mark.parametrize("by_the_job", [False, True])
async def test_nobody_lives_on_subscribing_and_returning(world: MembershipWorld, by_the_job: bool) -> None:
    ann = await world.member()
    spent = 0
    for _ in range(4):
        subscription = await world.buy(ann)
        if by_the_job:
            world.stripe.account.events = [
                event for event in world.stripe.account.events if event["type"] != "invoice.paid"
            ]
        await world.tell_all()
        await world.grant_due()
        balance, _ = await world.balance(ann)
        if balance:
            await world.spend(ann, balance)
            spent += balance
        world.stripe.account.refund(await charge_of(world))
        world.stripe.account.change(subscription["id"], "canceled", "deleted")
        await world.tell_all()
        world.advance(days=1)
    assert spent == 4
    assert await world.balance(ann) == (0, 4)


async def test_a_refund_that_comes_before_the_payment_comes_to_the_same(world: MembershipWorld) -> None:
    ann = await world.member()
    await world.buy(ann)
    world.stripe.account.refund(await charge_of(world), 250)
    *others, refund = world.stripe.account.events
    await world.tell(refund, *others)
    assert await world.balance(ann) == (3, 0)


async def test_a_refund_of_what_the_job_granted_takes_what_it_granted(world: MembershipWorld) -> None:
    ann = await world.member()
    await world.buy(ann)
    created = next(event for event in world.stripe.account.events if "created" in event["type"])
    await world.tell(created)
    assert (await world.grant_due()).rewards_granted == 4
    async with world.database.connection() as connection:
        from regulars.features.access import actions as access

        await access.update_program_settings(
            connection, world.program.program_id, {"sessions.rewards_per_period": 9}, now=world.clock()
        )
    await world.tell_all()
    assert await world.balance(ann) == (4, 0)
    world.stripe.account.refund(await charge_of(world), 500)
    await world.tell_all()
    assert await world.balance(ann) == (2, 0)
