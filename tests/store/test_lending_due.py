"""Loans that will soon be due, and overdue ones: each is told of once, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from regulars.db.database import Database
from tests.support.lending import Wardrobes


@pytest_asyncio.fixture
async def shop(database: Database) -> AsyncIterator[Wardrobes]:
    """A program that lends; whatever the test did, its loans add up afterwards."""
    shop = await Wardrobes.create(database)
    yield shop
    await shop.check()


async def told(shop: Wardrobes) -> list[tuple[str, str]]:
    """What was told of being due, and of which loan."""
    return [(kind, data["loan_id"]) for kind, data in await shop.events() if kind in (SOON, LATE)]


SOON, LATE = "loan.due_soon", "loan.overdue"


async def test_each_loan_is_told_of_once(shop: Wardrobes) -> None:
    ann = await shop.borrower("PREMIUM")
    loans = [await shop.checkout(ann) for _ in range(3)]
    back = loans.pop()
    await shop.take_back(ann, back.loan.loan_id)
    ids = [str(lent.loan.loan_id) for lent in loans]
    shop.clock.advance(days=26)
    assert await shop.tell_due() == 0
    shop.clock.advance(days=2)
    assert await shop.tell_due() == 2
    assert await shop.tell_due() == 0
    assert sorted(await told(shop)) == sorted((SOON, one) for one in ids)
    await shop.take_back(ann, loans[0].loan.loan_id)
    shop.clock.advance(days=2)
    assert await shop.tell_due() == 1
    assert await shop.tell_due() == 0
    assert (await told(shop))[2:] == [(LATE, ids[1])]
    [(_, data)] = [event for event in await shop.events() if event[0] == LATE]
    assert data == {"loan_id": ids[1], "member_id": str(ann), "due_at": "2026-03-31T12:00:00Z"}


async def test_what_was_overdue_before_anybody_looked_is_only_overdue(shop: Wardrobes) -> None:
    ann = await shop.borrower()
    await shop.checkout(ann)
    shop.clock.advance(days=300)
    assert await shop.tell_due() == 1
    assert [kind for kind, _ in await told(shop)] == [LATE]


async def test_many_in_chunks_by_several_at_once(shop: Wardrobes) -> None:
    ids = set()
    for _ in range(6):
        ann = await shop.borrower("PREMIUM")
        ids |= {str((await shop.checkout(ann)).loan.loan_id) for _ in range(4)}
    shop.clock.advance(days=31)
    done = await asyncio.gather(*(shop.tell_due(chunk=3) for _ in range(3)))
    assert sum(done) == len(ids) == 24
    assert sorted(await told(shop)) == sorted((LATE, one) for one in ids)


async def test_programs_have_their_own_days(shop: Wardrobes) -> None:
    others = await Wardrobes.create(shop.database, "others", due_days=5, due_soon_days=0)
    await shop.checkout(await shop.borrower())
    ann = await others.borrower()
    await others.checkout(ann)
    shop.clock.advance(days=4)
    others.clock.advance(days=4)
    assert await shop.tell_due() == 0
    shop.clock.advance(days=1)
    assert await shop.tell_due() == 1
    assert [kind for kind, _ in await others.events()] == ["loan.checked_out", LATE]
    assert [kind for kind, _ in await shop.events()] == ["loan.checked_out"]


async def test_a_return_that_is_under_way_is_not_waited_for(shop: Wardrobes) -> None:
    ann = await shop.borrower("PREMIUM")
    first, second = await shop.checkout(ann), await shop.checkout(ann)
    shop.clock.advance(days=31)
    async with shop.database.transaction() as connection:
        await connection.execute("select 1 from loans where loan_id = %s for update", [first.loan.loan_id])
        assert await shop.tell_due() == 1
    assert [loan for _, loan in await told(shop)] == [str(second.loan.loan_id)]
    assert await shop.tell_due() == 1
