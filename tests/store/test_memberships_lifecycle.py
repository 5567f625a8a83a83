"""A membership's life, told in every order and again and again, comes to what it comes to when told once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from random import Random
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from regulars.db.database import Database
from regulars.stand_ins.stripe.account import Json
from regulars.stand_ins.stripe.shapes import NEW_SHAPE, OLD_SHAPE
from tests.support.memberships import MembershipWorld
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

ORDERS = bounded(20, 1_000)
TIMES = 50

STATE = """
select m.status, m.stripe_status, m.period_is_paid, m.granted_period_start = m.period_start,
    count(p.period_start), sum(p.granted), sum(p.taken_back),
    array_agg(p.granted::text || '-' || p.taken_back::text order by p.period_start),
    (
        select array_agg((c.refunded_minor, c.disputed)::text order by c.period_start)
        from membership_charges c where c.subscription_id = m.subscription_id
    )
from memberships m
left join membership_periods p using (program_id, subscription_id)
where m.program_id = %(program_id)s and m.member_id = %(member_id)s
group by m.program_id, m.subscription_id
"""


@pytest_asyncio.fixture(params=[NEW_SHAPE, OLD_SHAPE])
async def world(database: Database, request: Any) -> AsyncIterator[MembershipWorld]:
    """A program that grants 3 rewards a period; everything must add up afterwards."""
    async with MembershipWorld.open(database, request.param, rewards_per_period=3) as world:
        yield world
        await world.check()


async def live(world: MembershipWorld, member_id: UUID, *, won: bool, told: bool) -> list[Json]:
    """All events of a membership, each told as it happens if they are `told`.

    It is bought, renewed with a payment that fails at first, refunded in part, disputed, and canceled.
    """
    account, events = world.stripe.account, []

    async def happens() -> None:
        events.extend(account.events)
        if told:
            await world.tell(*account.events)
        account.events = []

    subscription = await world.buy(member_id)
    first = account.one("charge")["id"]
    await happens()
    world.advance(days=30)
    invoice = account.renew(subscription["id"], paid=False)
    await happens()
    account.pay(invoice["id"])
    await happens()
    account.refund(first, 300)
    await happens()
    account.refund(first, 150)
    await happens()
    dispute = account.dispute(account.one("charge")["id"])
    await happens()
    account.close_dispute(dispute["id"], won=won)
    await happens()
    account.change(subscription["id"], "canceled", "deleted")
    await happens()
    return events


async def state(world: MembershipWorld, member_id: UUID) -> tuple[Any, ...]:
    """All that is left of it, but for ids and the order in which it came."""
    [row] = await world.rows(STATE, member_id=member_id)
    return (*row, await world.balance(member_id))


@pytest.mark.parametrize("won", [True, False])
async def test_every_order_comes_to_the_same(world: MembershipWorld, won: bool) -> None:
    random, ann = Random(won), await world.member()
    await live(world, ann, won=won, told=True)
    expected = await state(world, ann)
    assert expected[0] == "canceled"
    assert expected[-1] == ((2 + 3 if won else 2), 0)
    for _ in range(ORDERS):
        bob = await world.member()
        events = await live(world, bob, won=won, told=False)
        random.shuffle(events)
        await world.tell(*events)
        assert await state(world, bob) == expected, [event["type"] for event in events]


async def test_every_order_while_it_happens_comes_to_the_same(world: MembershipWorld) -> None:
    random, ann = Random(1), await world.member()
    await live(world, ann, won=True, told=True)
    expected = await state(world, ann)
    for _ in range(ORDERS // 2):
        bob = await world.member()
        events = await live(world, bob, won=True, told=True)
        late = random.sample(events, len(events) // 2)
        await world.tell(*late)
        assert await state(world, bob) == expected, [event["type"] for event in late]


async def test_each_event_fifty_times_has_one_effect(world: MembershipWorld) -> None:
    ann, bob = await world.member(), await world.member()
    await live(world, ann, won=True, told=True)
    expected, transfers = await state(world, ann), await world.rows("select count(*) from transfers")
    events = await live(world, bob, won=True, told=True)
    await _in_crowds(world, [event for event in events for _ in range(TIMES)])
    assert await state(world, bob) == expected
    assert await world.rows("select count(*) from transfers") == [(2 * transfers[0][0],)]
    assert await world.rows("select count(*) from stripe_events") == [(2 * len(events),)]


async def test_many_at_once_in_no_order_come_to_the_same(world: MembershipWorld) -> None:
    ann = await world.member()
    await live(world, ann, won=True, told=True)
    expected = await state(world, ann)
    for seed in range(ORDERS // 4):
        bob = await world.member()
        events = await live(world, bob, won=True, told=False) * 2
        Random(seed).shuffle(events)
        await asyncio.gather(*(world.tell(event) for event in events))
        assert await state(world, bob) == expected


async def overtaken(world: MembershipWorld, early: Json, change: Callable[[], Json]) -> None:
    """An event whose answer is on its way for so long that another change is told of meanwhile."""
    world.stripe.late_ones_may_go.clear()
    world.stripe.misbehave("late")
    asked = len(world.stripe.requests)
    slow = asyncio.create_task(world.tell(early))
    while len(world.stripe.requests) == asked:
        await asyncio.sleep(0)
    change()
    await world.tell(world.stripe.account.events[-1])
    world.stripe.late_ones_may_go.set()
    assert await slow == [True]


async def test_a_late_answer_does_not_bring_an_ended_membership_back(world: MembershipWorld) -> None:
    ann, account = await world.member(), world.stripe.account
    subscription = await world.buy(ann)
    await world.tell_all()
    account.change(subscription["id"], "past_due")
    early = account.events[-1]
    await overtaken(world, early, lambda: account.change(subscription["id"], "canceled", "deleted"))
    assert await world.status(ann) == "canceled"


async def test_a_late_answer_does_not_undo_a_refund(world: MembershipWorld) -> None:
    ann, account = await world.member(), world.stripe.account
    await world.buy(ann)
    charge_id = account.one("charge")["id"]
    account.refund(charge_id, 333)
    early = account.events.pop()
    await world.tell_all()
    await overtaken(world, early, lambda: account.refund(charge_id))
    assert await world.balance(ann) == (0, 0)


async def _in_crowds(world: MembershipWorld, events: Sequence[Json], size: int = 25) -> None:
    for start in range(0, len(events), size):
        await asyncio.gather(*(world.tell(event) for event in events[start : start + size]))
