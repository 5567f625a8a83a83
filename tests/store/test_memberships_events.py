"""What is told of memberships: each change once, however often and in whatever order Stripe tells it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from regulars.db.database import Database
from tests.support.enrolment import keep_events
from tests.support.memberships import MembershipWorld


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[MembershipWorld]:
    async with MembershipWorld.open(database) as world:
        await keep_events(database, world.program.program_id)
        yield world
        await world.check()


async def told(world: MembershipWorld) -> list[tuple[str, dict[str, Any]]]:
    """The types and data of what was told since it was asked last."""
    rows = await world.rows(
        "select type, data from events where program_id = %(program_id)s and type like 'membership.%%'"
        " order by event_id"
    )
    return [(kind, data) for kind, data in rows]


async def test_a_life_is_told_once(world: MembershipWorld) -> None:
    ann = await world.member()
    account = world.stripe.account
    subscription = await world.buy(ann)
    for _ in range(3):
        await world.tell_all()
    world.advance(days=30)
    invoice = account.renew(subscription["id"], paid=False)
    await world.tell_all()
    account.pay(invoice["id"])
    await world.tell_all()
    account.change(subscription["id"], "canceled", "deleted")
    for _ in range(3):
        await world.tell_all()
    events = await told(world)
    kinds = [kind for kind, _ in events]
    assert kinds[0] == "membership.started" and kinds[-1] == "membership.ended"
    assert kinds.count("membership.renewed") == 1
    assert len(kinds) == len(set(map(str, events)))
    assert {data["member_id"] for _, data in events} == {str(ann)}
    assert events[0][1]["status"] == "active" and events[-1][1]["status"] == "canceled"


async def test_a_payment_that_fails_is_told(world: MembershipWorld) -> None:
    ann = await world.member()
    subscription = await world.buy(ann)
    await world.tell_all()
    world.stripe.account.change(subscription["id"], "past_due")
    await world.tell_all()
    events = await told(world)
    assert [(kind, data["status"]) for kind, data in events] == [
        ("membership.started", "active"),
        ("membership.changed", "past_due"),
    ]
