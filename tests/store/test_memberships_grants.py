"""The monthly job: each paid period of a live membership is granted once, whoever comes first."""

from collections.abc import AsyncIterator
from itertools import count
from typing import Any, LiteralString

import pytest
import pytest_asyncio

from regulars.db.database import Database
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model_bulk import BulkOutcome
from regulars.features.memberships import actions as memberships
from regulars.features.memberships import granting
from regulars.features.memberships.model import GrantRun
from tests.support.memberships import MembershipWorld
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

MANY = bounded(300, 20_000)

MAKE_MEMBERS: LiteralString = """
insert into members (program_id, member_id, number, name, created_at, updated_at)
select %(program_id)s, gen_random_uuid(), 1000 + n, '', now(), now() from generate_series(1, %(many)s) n
"""
MAKE_MEMBERSHIPS: LiteralString = """
insert into memberships (
    program_id, subscription_id, member_id, location_id, sold_at_location_id, status, stripe_status,
    period_start, period_end, period_is_paid, started_at, question_number, updated_at
)
select program_id, 'sub_' || number, member_id, %(location_id)s, %(venue)s, 'active', 'active',
    %(now)s, %(now)s + interval '1 month', true, %(now)s, 1, %(now)s
from members where program_id = %(program_id)s and number > 1000
"""


class Stopped(Exception):
    """The process was killed."""


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[MembershipWorld]:
    """A program that grants 2 rewards a period; everything must add up afterwards."""
    async with MembershipWorld.open(database, rewards_per_period=2) as world:
        yield world
        await world.check()


async def fill(world: MembershipWorld, many: int = MANY) -> None:
    """So many active members of the first venue, every tenth of them of all venues instead."""
    venue = world.venue.location_id
    await world.rows(MAKE_MEMBERS + "returning 1", many=many)
    await world.rows(MAKE_MEMBERSHIPS + "returning 1", location_id=venue, venue=venue, now=world.clock())
    await world.rows("update memberships set location_id = 0 where subscription_id like '%%0' returning 1")


async def granted(world: MembershipWorld) -> list[tuple[int, int]]:
    """How many accounts have how many rewards."""
    return await world.rows("select balance, count(*) from accounts group by balance order by balance")


async def marked(world: MembershipWorld) -> int:
    """How many memberships the next run need not look at."""
    [(many,)] = await world.rows("select count(*) from memberships where granted_period_start = period_start")
    return int(many)


async def created_only(world: MembershipWorld) -> None:
    """A member whose invoice was never told of."""
    ann = await world.member()
    await world.buy(ann)
    created = next(event for event in world.stripe.account.events if "created" in event["type"])
    await world.tell(created)


async def test_it_grants_what_no_invoice_has_granted(world: MembershipWorld) -> None:
    await created_only(world)
    assert await world.grant_due() == GrantRun(memberships_checked=1, rewards_granted=2)
    assert await world.grant_due() == GrantRun(memberships_checked=1, rewards_granted=0)
    await world.tell_all()
    assert await granted(world) == [(2, 1)]


async def test_it_leaves_alone_what_an_invoice_has_granted(world: MembershipWorld) -> None:
    await created_only(world)
    await world.tell_all()
    assert await world.grant_due() == GrantRun(memberships_checked=1, rewards_granted=0)


async def test_a_renewal_whose_invoice_is_still_a_draft_waits(world: MembershipWorld) -> None:
    await created_only(world)
    await world.tell_all()
    account = world.stripe.account
    invoice = account.renew(account.one("subscription")["id"], paid=False)
    account.one("subscription")["status"] = "active"
    invoice["status"] = "draft"
    account.events = [event for event in account.events if event["type"] == "customer.subscription.updated"]
    await world.tell_all()
    assert (await world.grant_due()).rewards_granted == 0
    account.pay(invoice["id"])
    account.events = [event for event in account.events if event["type"] == "customer.subscription.updated"]
    await world.tell_all()
    assert (await world.grant_due()).rewards_granted == 2


@pytest.mark.parametrize("status", ["canceled", "past_due", "trialing", "unpaid"])
async def test_only_active_ones_are_granted(world: MembershipWorld, status: str) -> None:
    ann = await world.member()
    subscription = await world.buy(ann)
    subscription["status"] = status
    await world.tell(*(event for event in world.stripe.account.events if "invoice" not in event["type"]))
    assert (await world.grant_due()).rewards_granted == 0
    assert await granted(world) == []


async def test_many_are_granted_in_parts_with_progress(
    world: MembershipWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(granting, "CHUNK", MANY // 7)
    await fill(world)
    seen: list[GrantRun] = []
    run = await memberships.grant_due(world.database, world.clock, seen.append)
    assert run == seen[-1] == GrantRun(MANY, 2 * MANY)
    assert len(seen) >= 7
    assert [step.memberships_checked for step in seen] == sorted({step.memberships_checked for step in seen})
    assert await granted(world) == [(2, MANY)]
    assert await world.grant_due() == GrantRun(MANY, 0)


async def test_a_run_that_was_stopped_is_taken_up_where_it_was(
    world: MembershipWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(granting, "CHUNK", MANY // 5)
    await fill(world)

    def stop(run: GrantRun) -> None:
        if run.memberships_checked > MANY // 2:
            raise Stopped

    with pytest.raises(Stopped):
        await memberships.grant_due(world.database, world.clock, stop)
    [(_, before)] = await granted(world)
    assert MANY // 2 < before < MANY
    assert await world.grant_due() == GrantRun(MANY, 2 * (MANY - before))
    assert await granted(world) == [(2, MANY)]


async def test_a_run_that_was_stopped_between_grant_and_mark_grants_once(
    world: MembershipWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(world)

    async def killed(*_: object) -> None:
        raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(granting, "_mark", killed)
        with pytest.raises(Stopped):
            await world.grant_due()
    [(_, before)] = await granted(world)
    assert await world.grant_due() == GrantRun(MANY, 2 * (MANY - before))
    assert await granted(world) == [(2, MANY)]


async def test_a_run_that_fails_to_grant_a_part_has_marked_the_part_before(
    world: MembershipWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts are marked while the next ones are granted: what one of the two meets does not stop the other."""
    monkeypatch.setattr(granting, "CHUNK", MANY // 5)
    await fill(world, MANY)
    earn_in_bulk, parts = Ledger.earn_in_bulk, count()

    async def fails_at_the_third(*arguments: Any) -> BulkOutcome:
        if next(parts) == 2:
            raise Stopped
        return await earn_in_bulk(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "earn_in_bulk", fails_at_the_third)
        with pytest.raises(Stopped):
            await world.grant_due()
    [(_, before)] = await granted(world)
    assert await marked(world) == before
    assert await world.grant_due() == GrantRun(MANY, 2 * (MANY - before))
    assert (await granted(world), await marked(world)) == ([(2, MANY)], MANY)


async def test_a_part_that_was_granted_and_not_marked_is_marked_by_the_next_run(
    world: MembershipWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is killed while it marks one part and grants the next one, so two of them are unmarked."""
    monkeypatch.setattr(granting, "CHUNK", MANY // 5)
    await fill(world, MANY)
    mark, calls = granting._mark, count()

    async def killed_at_the_second(*arguments: Any) -> None:
        due = arguments[-1]
        if due and next(calls) == 1:
            raise Stopped
        await mark(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(granting, "_mark", killed_at_the_second)
        with pytest.raises(Stopped):
            await world.grant_due()
    [(_, before)] = await granted(world)
    assert 0 < await marked(world) < before < MANY
    assert await world.grant_due() == GrantRun(MANY, 2 * (MANY - before))
    assert (await granted(world), await marked(world)) == ([(2, MANY)], MANY)


async def test_a_period_that_begins_between_grant_and_mark_is_granted_by_the_next_run(
    world: MembershipWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(world, MANY)
    mark = granting._mark

    async def renewed_before(*arguments: Any) -> None:
        if arguments[-1]:
            await world.rows("update memberships set period_start = period_end returning 1")
        await mark(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(granting, "_mark", renewed_before)
        assert await world.grant_due() == GrantRun(MANY, 2 * MANY)
    # Those of all venues come first, and were granted for the period before; the venue's came after it.
    assert await world.grant_due() == GrantRun(MANY, 2 * (MANY // 10))
    assert await world.grant_due() == GrantRun(MANY, 0)


async def test_two_memberships_of_one_member_are_granted_each(world: MembershipWorld) -> None:
    ann = await world.member()
    for _ in range(2):
        world.stripe.account.subscribe(world.metadata(ann))
    await world.tell(*(event for event in world.stripe.account.events if "created" in event["type"]))
    assert await world.grant_due() == GrantRun(2, 4)
    assert await world.balance(ann) == (4, 0)


async def test_who_owes_pays_with_what_is_granted(world: MembershipWorld) -> None:
    ann = await world.member()
    account = world.stripe.account
    first = await world.buy(ann)
    await world.tell_all()
    await world.spend(ann, 1)
    account.refund(account.one("charge")["id"])
    account.change(first["id"], "canceled", "deleted")
    await world.tell_all()
    assert await world.balance(ann) == (0, 1)
    await world.buy(ann)
    await world.tell(*(event for event in account.events if "created" in event["type"]))
    assert (await world.grant_due()).rewards_granted == 2
    assert await world.balance(ann) == (1, 0)


async def test_what_was_granted_is_not_even_asked_for_again(
    world: MembershipWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(world)
    await created_only(world)
    await world.tell_all()
    await world.grant_due()

    async def no_more(*_: object) -> int:
        raise AssertionError("nothing is due")

    monkeypatch.setattr(Ledger, "earn_in_bulk", no_more)
    monkeypatch.setattr(granting, "transact", no_more)
    assert await world.grant_due() == GrantRun(MANY + 1, 0)
