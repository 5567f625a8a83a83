"""Buying: one open checkout session a member, whoever asks and however often, and none that is half made."""

from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import UUID

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Connection, Database
from regulars.features.members import actions as members
from regulars.features.memberships.model import MembershipStatus
from regulars.stand_ins.stripe.account import Json
from regulars.stand_ins.stripe.stand_in import Trouble
from tests.support.memberships import NOW, MembershipWorld

CANCEL_URL = "https://sessions.market/membership"


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[MembershipWorld]:
    """Two venues; whatever the test did, everything must add up afterwards."""
    async with MembershipWorld.open(database) as world:
        yield world
        await world.check()


async def refusal_of(world: MembershipWorld, member_id: UUID, **settings: Any) -> str:
    with pytest.raises(Refused) as refused:
        await world.checkout(member_id, **settings)
    return refused.value.code


def sessions(world: MembershipWorld, **fields: Any) -> list[Json]:
    return world.stripe.account.of_kind("checkout.session", **fields)


async def test_a_session_says_whose_it_is_and_what_for(world: MembershipWorld) -> None:
    ann = await world.member()
    url = await world.checkout(ann)
    [session] = sessions(world)
    assert url == session["url"]
    assert session["metadata"] == session["subscription_metadata"] == world.metadata(ann)
    assert session["client_reference_id"] == str(ann)
    assert session["success_url"] == "https://sessions.market/membership/success"
    assert session["cancel_url"] == CANCEL_URL
    assert session["customer"] is None


async def test_asking_again_gives_the_same_session(world: MembershipWorld) -> None:
    ann = await world.member()
    urls = {await world.checkout(ann) for _ in range(5)}
    assert len(urls) == len(sessions(world)) == 1
    bob = await world.member()
    assert await world.checkout(bob) not in urls


async def test_asking_for_something_else_ends_the_session_before(world: MembershipWorld) -> None:
    ann = await world.member()
    first = await world.checkout(ann)
    second = await world.checkout(ann, "https://sessions.market/elsewhere")
    assert first != second
    assert [session["status"] for session in sessions(world)] == ["expired", "open"]
    assert await world.checkout(ann, "https://sessions.market/elsewhere") == second


@pytest.mark.parametrize("ended", ["by Stripe", "by time", "unknown"])
async def test_a_session_that_is_over_is_followed_by_another(world: MembershipWorld, ended: str) -> None:
    ann = await world.member()
    first = await world.checkout(ann)
    [session] = sessions(world)
    if ended == "by Stripe":
        session["status"] = "expired"
    elif ended == "by time":
        world.advance(hours=22, minutes=1)
    else:
        del world.stripe.account.objects[session["id"]]
    second = await world.checkout(ann)
    assert second != first
    assert await world.checkout(ann) == second


async def test_members_do_not_buy_twice(world: MembershipWorld) -> None:
    ann = await world.member()
    subscription = await world.buy(ann)
    # Paid, and we were not told yet.
    assert await refusal_of(world, ann) == "already_a_member"
    await world.tell_all()
    assert await refusal_of(world, ann) == "already_a_member"
    world.stripe.account.change(subscription["id"], "canceled", "deleted")
    await world.tell_all()
    await world.checkout(ann)
    assert sessions(world)[-1]["customer"] == subscription["customer"]
    await world.buy(ann)
    await world.tell_all()
    assert await world.status(ann) == MembershipStatus.ACTIVE


async def test_a_first_payment_that_failed_may_be_tried_anew(world: MembershipWorld) -> None:
    ann = await world.member()
    subscription = await world.buy(ann)
    world.stripe.account.change(subscription["id"], "incomplete_expired")
    await world.tell_all()
    assert await world.status(ann) == MembershipStatus.NONE
    await world.checkout(ann)


@pytest.mark.parametrize("missing", ["secret_key", "price_id", "cancel_url"])
async def test_what_is_not_configured_sells_nothing(world: MembershipWorld, missing: str) -> None:
    ann = await world.member()
    with pytest.raises(Refused, match="stripe_not_configured"):
        await world.checkout(ann, **cast(dict[str, Any], {missing: None}))
    assert await world.rows("select * from membership_checkouts") == []


async def test_nobody_and_erased_members_cannot_buy(world: MembershipWorld) -> None:
    ann = await world.member()

    async def erase(connection: Connection) -> None:
        await members.erase(connection, world.program.program_id, ann, NOW)

    await world.database.run(erase)
    assert await refusal_of(world, ann) == "customer_not_found"
    assert await refusal_of(world, UUID(int=1)) == "customer_not_found"
    assert world.stripe.requests == []


@pytest.mark.parametrize("trouble", ["hang", "drop", "drop_after", "429", "500"])
async def test_stripe_in_trouble_leaves_nothing_half_done(world: MembershipWorld, trouble: Trouble) -> None:
    ann = await world.member()
    world.stripe.misbehave(trouble, times=2)
    assert await refusal_of(world, ann, timeout_seconds=1.0) == "stripe_unavailable"
    world.stripe.behave()
    urls = {await world.checkout(ann) for _ in range(3)}
    assert len(urls) == 1
    shown = [session for session in sessions(world, status="open") if session["url"] in urls]
    assert len(shown) == 1


@pytest.mark.parametrize("trouble", ["hang", "500"])
async def test_an_event_during_trouble_changes_nothing_and_comes_again(
    world: MembershipWorld, trouble: Trouble
) -> None:
    ann = await world.member()
    await world.buy(ann)
    world.stripe.misbehave(trouble, times=6)
    for event in world.stripe.account.events:
        with pytest.raises(Refused, match="stripe_unavailable"):
            await world.tell(event)
    for table in ("memberships", "membership_periods", "stripe_events", "transfers"):
        assert await world.rows(f"select * from {table}") == []
    world.stripe.behave()
    await world.tell_all()
    assert await world.balance(ann) == (1, 0)


async def test_nothing_is_held_while_stripe_hangs(database: Database, database_url: str) -> None:
    """One connection serves everybody while Stripe keeps several callers waiting."""
    import asyncio

    async with MembershipWorld.open(database) as world:
        ann, bob = await world.member(), await world.member()
        await world.buy(bob)
        narrow = await Database.open(database_url, connections_max=1, acquire_timeout_seconds=0.5)
        world.database = narrow
        world.stripe.misbehave("hang", times=4)
        waiting = [
            asyncio.create_task(world.checkout(ann)),
            *(asyncio.create_task(world.tell(event)) for event in world.stripe.account.events),
        ]
        while len(world.stripe.requests) < 5:
            await asyncio.sleep(0)
        for _ in range(3):
            async with narrow.connection() as connection:
                cursor = await connection.execute(
                    "select count(*) from pg_stat_activity where state like 'idle in transaction%'"
                )
                assert await cursor.fetchone() == (0,)
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [str(outcome) for outcome in outcomes] == ["stripe_unavailable"] * 4
        world.database = database
        await narrow.close()
