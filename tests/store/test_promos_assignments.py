"""Promos given to customers, on a real PostgreSQL."""

from datetime import datetime
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.members import actions as members
from regulars.features.promos import actions
from regulars.features.promos.model import Assignment
from tests.support.enrolment import NOW
from tests.support.promos import PromoWorld, bonus_terms

LAST_SECOND = datetime(2026, 8, 31, 23, 59, 59)


@pytest_asyncio.fixture
async def world(database: Database) -> PromoWorld:
    return await PromoWorld.create(database)


async def assign(
    world: PromoWorld, promo_id: int, member_id: UUID, expires_at: datetime | None = None
) -> None:
    async with world.database.transaction() as connection:
        await actions.assign(
            connection, world.program_id, promo_id, member_id, expires_at=expires_at, now=NOW
        )


async def assigned(world: PromoWorld, member_id: UUID) -> list[Assignment]:
    async with world.database.connection() as connection:
        return await actions.assignments_of(connection, world.program_id, member_id)


async def unassign(world: PromoWorld, promo_id: int, member_id: UUID) -> None:
    async with world.database.transaction() as connection:
        await actions.unassign(connection, world.program_id, promo_id, member_id)


async def test_an_assignment_is_made_moved_and_taken_back(world: PromoWorld) -> None:
    first, second = await world.promo(), await world.promo(bonus_terms())
    ann, bob = await world.customer(), await world.customer()

    await assign(world, first.promo_id, ann)
    await assign(world, second.promo_id, ann, LAST_SECOND)
    await assign(world, first.promo_id, bob)
    assert await assigned(world, ann) == [Assignment(1, ann, None), Assignment(2, ann, LAST_SECOND)]

    await assign(world, first.promo_id, ann, LAST_SECOND.replace(microsecond=900_000))
    await assign(world, second.promo_id, ann)
    assert await assigned(world, ann) == [Assignment(1, ann, LAST_SECOND), Assignment(2, ann, None)]

    await unassign(world, first.promo_id, ann)
    assert await assigned(world, ann) == [Assignment(2, ann, None)]
    assert await assigned(world, bob) == [Assignment(1, bob, None)]
    with pytest.raises(Refused) as refused:
        await unassign(world, first.promo_id, ann)
    assert refused.value.code == "assignment_not_found"


async def test_an_assignment_needs_a_member_and_an_end_without_a_zone(world: PromoWorld) -> None:
    await world.promo()
    erased = await world.customer()
    async with world.database.transaction() as connection:
        await members.erase(connection, world.program_id, erased, NOW)
    for member_id in (uuid4(), erased):
        with pytest.raises(Refused) as refused:
            await assign(world, 1, member_id)
        assert refused.value.code == "member_not_found"
    with pytest.raises(Refused) as refused:
        await assign(world, 1, await world.customer(), NOW)
    assert refused.value.details == {"field": "expires_at"}


async def test_whom_a_promo_was_assigned_to_comes_in_pages(world: PromoWorld) -> None:
    await world.promo()
    customers = sorted([await world.customer() for _ in range(5)])
    for customer in customers:
        await assign(world, 1, customer)
    pages: list[list[UUID]] = []
    after = None
    while True:
        async with world.database.connection() as connection:
            page = await actions.assignments_of_promo(connection, world.program_id, 1, after=after, limit=2)
        if not page:
            break
        pages.append([assignment.member_id for assignment in page])
        after = pages[-1][-1]
    assert pages == [customers[:2], customers[2:4], customers[4:]]


@pytest.mark.parametrize("promo_id", [0, 2, -1, 2**31, 2**80])
async def test_an_unknown_promo(world: PromoWorld, promo_id: int) -> None:
    await world.promo()
    customer = await world.customer()
    for attempt, code in (
        (assign(world, promo_id, customer), "promo_not_found"),
        (unassign(world, promo_id, customer), "assignment_not_found"),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code == code
    async with world.database.connection() as connection:
        assert await actions.assignments_of_promo(connection, world.program_id, promo_id) == []


async def test_two_programs_are_kept_apart(world: PromoWorld) -> None:
    other = await PromoWorld.create(world.database, "other")
    ours, theirs = await world.promo(), await other.promo()
    our_customer, their_customer = await world.customer(), await other.customer()
    assert ours.promo_id == theirs.promo_id
    await assign(world, ours.promo_id, our_customer)
    assert await assigned(other, our_customer) == []
    async with world.database.connection() as connection:
        assert await actions.assignments_of_promo(connection, other.program_id, theirs.promo_id) == []
    with pytest.raises(Refused) as refused:
        await assign(world, ours.promo_id, their_customer)
    assert refused.value.code == "member_not_found"
