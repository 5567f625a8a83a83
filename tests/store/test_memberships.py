"""Memberships from purchase to ending, as Stripe tells of them, on a real PostgreSQL and real sockets."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.memberships import actions as memberships
from regulars.features.memberships.model import Figures, MembershipStatus
from regulars.stand_ins.stripe.shapes import NEW_SHAPE, OLD_SHAPE
from tests.support.memberships import NOW, MembershipWorld

ACTIVE, TRIALING, PAST_DUE = MembershipStatus.ACTIVE, MembershipStatus.TRIALING, MembershipStatus.PAST_DUE
CANCELED, NONE = MembershipStatus.CANCELED, MembershipStatus.NONE


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[MembershipWorld]:
    """Two venues; whatever the test did, everything must add up afterwards."""
    async with MembershipWorld.open(database) as world:
        yield world
        await world.check()


@pytest.mark.parametrize("endpoint", [OLD_SHAPE, NEW_SHAPE])
@pytest.mark.parametrize("api", [OLD_SHAPE, NEW_SHAPE])
async def test_a_purchase_in_either_shape(database: Database, api: str, endpoint: str) -> None:
    async with MembershipWorld.open(database, api) as world:
        ann = await world.member()
        subscription = await world.buy(ann)
        await world.tell_all(endpoint)
        assert await world.status(ann) == ACTIVE
        assert await world.balance(ann) == (1, 0)
        [row] = await world.rows(
            """
            select subscription_id, member_id, location_id, sold_at_location_id, stripe_status,
                period_is_paid, extract(epoch from period_start)::bigint,
                extract(epoch from period_end)::bigint
            from memberships where program_id = %(program_id)s
            """
        )
        venue = world.venue.location_id
        period = (subscription["period_start"], subscription["period_end"])
        assert row == (subscription["id"], ann, venue, venue, "active", True, *period)

        world.stripe.account.refund(world.stripe.account.one("charge")["id"])
        await world.tell_all(endpoint)
        assert await world.balance(ann) == (0, 0)
        await world.check()


async def test_it_holds_at_the_venue_that_sold_it(world: MembershipWorld) -> None:
    ann = await world.member()
    await world.buy(ann)
    await world.tell_all()
    assert await world.status(ann, world.other_venue) == NONE
    assert await world.status(await world.member()) == NONE


async def test_it_holds_everywhere_where_the_program_says_so(database: Database) -> None:
    async with MembershipWorld.open(database, membership_scope="program", rewards_per_period=3) as world:
        ann = await world.member()
        await world.buy(ann)
        await world.tell_all()
        assert [await world.status(ann, venue) for venue in (world.venue, world.other_venue)] == [ACTIVE] * 2
        assert (await world.rewards(ann, 0)).balance == 3
        assert not (await world.rewards(ann)).exists
        await world.check()


async def test_the_best_membership_counts(world: MembershipWorld) -> None:
    ann = await world.member()
    account = world.stripe.account
    for status in ("canceled", "active", "past_due", "incomplete"):
        subscription = account.subscribe(world.metadata(ann, "program" if status == "active" else "venue"))
        account.change(subscription["id"], status)
    await world.tell_all()
    assert await world.status(ann) == ACTIVE


@pytest.mark.parametrize(
    ("stripe_status", "status"),
    [
        ("active", ACTIVE),
        ("trialing", TRIALING),
        ("past_due", PAST_DUE),
        ("canceled", CANCELED),
        ("unpaid", CANCELED),
        ("paused", CANCELED),
        ("incomplete", NONE),
        ("incomplete_expired", NONE),
        ("something_new", NONE),
    ],
)
async def test_every_status_of_stripe_means_one_of_ours(
    world: MembershipWorld, stripe_status: str, status: MembershipStatus
) -> None:
    ann = await world.member()
    subscription = await world.buy(ann)
    await world.tell_all()
    world.stripe.account.change(subscription["id"], stripe_status)
    await world.tell_all()
    assert await world.status(ann) == status


async def test_a_renewal_grants_again_and_a_failed_one_does_not(world: MembershipWorld) -> None:
    ann = await world.member()
    subscription = await world.buy(ann)
    world.stripe.account.renew(subscription["id"])
    await world.tell_all()
    assert await world.balance(ann) == (2, 0)

    invoice = world.stripe.account.renew(subscription["id"], paid=False)
    await world.tell_all()
    assert (await world.status(ann), await world.balance(ann)) == (PAST_DUE, (2, 0))
    assert (await world.grant_due()).rewards_granted == 0

    world.stripe.account.pay(invoice["id"])
    await world.tell_all()
    assert (await world.status(ann), await world.balance(ann)) == (ACTIVE, (3, 0))


async def test_a_trial_grants_nothing_until_it_is_paid_for(world: MembershipWorld) -> None:
    ann = await world.member()
    subscription = await world.buy(ann, trial=True)
    await world.tell_all()
    assert (await world.grant_due()).rewards_granted == 0
    assert (await world.status(ann), await world.balance(ann)) == (TRIALING, (0, 0))
    world.stripe.account.renew(subscription["id"])
    await world.tell_all()
    assert (await world.status(ann), await world.balance(ann)) == (ACTIVE, (1, 0))


async def test_what_stripe_says_now_counts_and_not_what_an_event_says(world: MembershipWorld) -> None:
    ann = await world.member()
    subscription = await world.buy(ann)
    early = list(world.stripe.account.events)
    world.stripe.account.change(subscription["id"], "canceled", "deleted")
    await world.tell_all()
    await world.tell(*early)
    assert await world.status(ann) == CANCELED


async def test_events_that_are_none_of_ours_change_nothing(world: MembershipWorld) -> None:
    ann, account = await world.member(), world.stripe.account
    good = world.metadata(ann)
    for metadata in (
        {},
        good | {"program": "another"},
        good | {"customer_id": "me"},
        good | {"customer_id": "00000000-0000-0000-0000-000000000001"},
        good | {"venue_id": "venue_404"},
        good | {"program": "a\0b"},
    ):
        account.subscribe(metadata)
    account.happened("customer.created", account.put("cus", "customer"))
    account.happened("checkout.session.completed", account.open_session({"mode": "payment"}))
    account.happened("customer.subscription.updated", account.subscribe(good) | {"id": "sub_gone"})
    account.events = [event for event in account.events if event["about"].get("metadata") != good or
                      event["about"]["id"] == "sub_gone"]  # fmt: skip
    charge = account.put("ch", "charge", amount=5, amount_refunded=5, payment_intent=None, invoice=None)
    account.happened("charge.refunded", charge)
    assert not any(await world.tell(*account.events))
    for table in ("memberships", "stripe_events", "transfers"):
        assert await world.rows(f"select * from {table}") == []


async def test_whose_it_is_stays_whose_it_was(world: MembershipWorld) -> None:
    ann, bob = await world.member(), await world.member()
    subscription = await world.buy(ann)
    await world.tell_all()
    subscription["metadata"] = world.metadata(bob)
    world.stripe.account.renew(subscription["id"])
    await world.tell_all()
    assert await world.balance(ann) == (2, 0)
    assert await world.status(bob) == NONE


async def test_an_erased_member_is_granted_nothing(world: MembershipWorld) -> None:
    from regulars.db.database import Connection
    from regulars.features.ledger import actions as ledger
    from regulars.features.members import actions as members

    ann = await world.member()
    subscription = await world.buy(ann)
    await world.tell_all()

    async def erase(connection: Connection) -> None:
        await members.erase(connection, world.program.program_id, ann, NOW)
        await ledger.close_accounts(connection, world.program.program_id, ann, NOW)

    await world.database.run(erase)
    world.stripe.account.renew(subscription["id"])
    await world.grant_due()
    await world.tell_all()
    assert (await world.rewards(ann)).balance == 1
    world.stripe.account.refund(world.stripe.account.one("charge")["id"])
    await world.tell_all()


async def test_figures_count_what_a_venue_sold_and_who_is_a_member_there(world: MembershipWorld) -> None:
    ann, bob, eve, joe = [await world.member() for _ in range(4)]
    account = world.stripe.account
    account.subscribe(world.metadata(ann))
    world.advance(days=2)
    account.subscribe(world.metadata(bob))
    account.subscribe(world.metadata(eve, "program"))
    gone = account.subscribe(world.metadata(joe))
    account.change(gone["id"], "canceled", "deleted")
    never = account.subscribe(world.metadata(joe))
    account.change(never["id"], "incomplete_expired")
    await world.tell_all()
    since = world.clock() - timedelta(hours=24)
    async with world.database.connection() as connection:
        program_id = world.program.program_id
        here, there = [
            await memberships.figures_since(connection, program_id, venue.location_id, since)
            for venue in (world.venue, world.other_venue)
        ]
    assert here == Figures(conversions=3, active_members=3)
    assert there == Figures(conversions=0, active_members=1)


async def test_a_program_may_grant_nothing(database: Database) -> None:
    async with MembershipWorld.open(database, rewards_per_period=0) as world:
        ann = await world.member()
        await world.buy(ann)
        await world.tell_all()
        assert (await world.grant_due()).rewards_granted == 0
        world.stripe.account.refund(world.stripe.account.one("charge")["id"])
        await world.tell_all()
        assert (await world.status(ann), await world.balance(ann)) == (ACTIVE, (0, 0))
        await world.check()


async def test_a_renamed_venue_keeps_its_members(world: MembershipWorld) -> None:
    ann = await world.member()
    await world.buy(ann)
    async with world.database.connection() as connection:
        await access.update_location(
            connection, world.program.program_id, world.venue.location_id, active=False, now=NOW
        )
    await world.tell_all()
    assert await world.status(ann) == ACTIVE
