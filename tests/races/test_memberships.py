"""Two servers that sell, hear of and grant the same memberships at the same moment."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.memberships import actions as memberships
from regulars.features.memberships import granting
from regulars.features.memberships.model import MembershipStatus
from tests.support.memberships import RETURN_URL, MembershipWorld
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

ROUNDS = bounded(8, 200)
MEMBERS = bounded(15, 60)


@pytest_asyncio.fixture
async def world_of_two(
    database: Database, database_url: str
) -> AsyncIterator[tuple[MembershipWorld, Database]]:
    """A world, and the connections of a second server; everything must add up afterwards."""
    other = await Database.open(database_url)
    async with MembershipWorld.open(database) as world:
        world.stripe_seconds_max = 60.0
        yield world, other
        await world.check()
    await other.close()


Both = tuple[MembershipWorld, Database]


async def test_a_crowd_at_the_checkout_gets_one_session(world_of_two: Both) -> None:
    world, other = world_of_two
    for _ in range(ROUNDS):
        ann = await world.member()
        urls = await asyncio.gather(
            *(
                memberships.checkout(
                    database, world.settings, world.program, world.venue, ann, RETURN_URL, world.clock
                )
                for database in (world.database, other) * 5
            )
        )
        assert len(set(urls)) == 1
        assert len(world.stripe.account.of_kind("checkout.session", client_reference_id=str(ann))) == 1


async def test_a_crowd_that_wants_different_things_ends_with_one_open_session(world_of_two: Both) -> None:
    world, other = world_of_two
    for _ in range(ROUNDS):
        ann = await world.member()
        outcomes = await asyncio.gather(
            *(
                memberships.checkout(
                    database, world.settings, world.program, world.venue, ann, f"{RETURN_URL}/{place % 3}",
                    world.clock,
                )
                for place, database in enumerate((world.database, other) * 3)
            ),
            return_exceptions=True,
        )  # fmt: skip
        assert all(isinstance(outcome, str | Refused) for outcome in outcomes), outcomes
        last = await world.checkout(ann)
        made = world.stripe.account.of_kind("checkout.session", client_reference_id=str(ann), status="open")
        assert [session["url"] for session in made] == [last]


async def test_invoices_and_two_jobs_grant_each_period_once(
    world_of_two: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that each job marks one part while it grants the next.
    monkeypatch.setattr(granting, "CHUNK", MEMBERS // 4)
    world, other = world_of_two
    everyone = [await world.member() for _ in range(MEMBERS)]
    subscriptions = [await world.buy(member_id) for member_id in everyone]
    await world.tell_all()
    for month in range(2, ROUNDS // 2 + 2):
        world.advance(days=30)
        for subscription in subscriptions:
            world.stripe.account.renew(subscription["id"])
        events, world.stripe.account.events = world.stripe.account.events, []
        updated = [event for event in events if event["type"] == "customer.subscription.updated"]
        paid = [event for event in events if event["type"] == "invoice.paid"]
        await world.tell(*updated)

        async def hear(database: Database, paid: list[dict[str, object]] = paid) -> None:
            for event in paid:
                await world.receive(*world.stripe.signed(event), database)

        await asyncio.gather(
            hear(world.database),
            hear(other),
            world.grant_due(),
            world.grant_due(other),
            world.grant_due(other),
        )
        assert {await world.balance(member_id) for member_id in everyone} == {(month, 0)}
        assert (await world.grant_due()).rewards_granted == 0


async def test_a_refund_that_meets_the_grant_takes_it_back_once(world_of_two: Both) -> None:
    world, other = world_of_two
    for _ in range(ROUNDS):
        ann = await world.member()
        await world.buy(ann)
        created, *_ = (event for event in world.stripe.account.events if "created" in event["type"])
        await world.tell(created)
        world.stripe.account.refund(world.stripe.account.one("charge")["id"])
        events, world.stripe.account.events = world.stripe.account.events, []
        await asyncio.gather(
            *(
                world.receive(*world.stripe.signed(event), database)
                for event in events
                for database in (world.database, other)
            ),
            world.grant_due(),
            world.grant_due(other),
        )
        assert await world.balance(ann) == (0, 0)


async def test_an_old_answer_never_outlives_a_newer_one(world_of_two: Both) -> None:
    world, other = world_of_two
    for round_ in range(ROUNDS):
        ann = await world.member()
        subscription = await world.buy(ann)
        await world.tell_all()
        tasks: list[asyncio.Task[bool]] = []
        for status in ("past_due", "active", "paused", "active", "canceled"):
            world.stripe.account.change(subscription["id"], status)
            event = world.stripe.account.events[-1]
            database = (world.database, other)[len(tasks) % 2]
            tasks.append(asyncio.create_task(world.receive(*world.stripe.signed(event), database)))
            # Each is under way, as far as it happens to be, when the next thing happens.
            for _ in range(round_ * 3):
                await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        world.stripe.account.events = []
        assert await world.status(ann) == MembershipStatus.CANCELED
