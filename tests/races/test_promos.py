"""Tills that use the last of a promo at once: one gets it, and all others are told so and counted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from random import Random
from uuid import UUID

import pytest
import pytest_asyncio

from regulars.db.database import Database
from regulars.features.promos import actions
from regulars.features.promos.model import Promo, PromoChanges, PromoTerms, Uses
from tests.support.enrolment import NOW
from tests.support.promos import PromoWorld, code_terms
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

TILLS = 20
ROUNDS = bounded(25, 500)


@pytest_asyncio.fixture
async def world(database_url: str) -> AsyncIterator[PromoWorld]:
    """A program whose tills have a connection each."""
    database = await Database.open(database_url, connections_max=TILLS + 2)
    yield await PromoWorld.create(database)
    await database.close()


async def race(world: PromoWorld, promo: Promo, customers: Sequence[UUID | None]) -> list[bool]:
    """What each till gets: all have begun their transaction before any of them asks."""
    barrier = asyncio.Barrier(len(customers))

    async def till(member_id: UUID | None) -> bool:
        async with world.database.transaction() as connection:
            await connection.execute("select 1")
            await barrier.wait()
            return await actions.consume(connection, world.program_id, promo, member_id, NOW)

    return await asyncio.gather(*(till(customer) for customer in customers))


LIMITS = {
    "overall": {"usage_limit": 1},
    "per customer": {"usage_limit_per_customer": 1},
    "both": {"usage_limit": 1, "usage_limit_per_customer": 1},
}


@pytest.mark.parametrize("limits", LIMITS.values(), ids=list(LIMITS))
async def test_one_of_twenty_gets_the_only_use(world: PromoWorld, limits: dict[str, int]) -> None:
    ann = await world.customer()
    for number in range(ROUNDS):
        promo = await world.promo(code_terms(f"CODE{number}", **limits))

        taken = await race(world, promo, [ann] * TILLS)

        assert taken.count(True) == 1
        assert await world.uses(promo, ann) == Uses(overall=1, of_member=1)
        assert await world.overuses(promo) == TILLS - 1


@pytest.mark.parametrize("limits", LIMITS.values(), ids=list(LIMITS))
async def test_one_of_twenty_gets_the_last_of_three_uses(world: PromoWorld, limits: dict[str, int]) -> None:
    ann = await world.customer()
    three = dict.fromkeys(limits, 3)
    for number in range(ROUNDS):
        promo = await world.promo(code_terms(f"CODE{number}", **three))
        assert [await world.consume(promo, ann) for _ in range(2)] == [True, True]

        taken = await race(world, promo, [ann] * TILLS)

        assert taken.count(True) == 1
        assert await world.uses(promo, ann) == Uses(overall=3, of_member=3)


async def test_a_use_that_is_given_back_goes_to_another(world: PromoWorld) -> None:
    """Every second till undoes its sale; one of the others has the use all the same."""
    ann = await world.customer()
    for number in range(ROUNDS):
        promo = await world.promo(code_terms(f"CODE{number}", usage_limit=1, usage_limit_per_customer=1))

        async def till(undoes: bool, promo: Promo = promo) -> bool:
            try:
                async with world.database.transaction() as connection:
                    taken = await actions.consume(connection, world.program_id, promo, ann, NOW)
                    if undoes:
                        raise RuntimeError
                    return taken
            except RuntimeError:
                return False

        taken = await asyncio.gather(*(till(number % 2 == 0) for number in range(TILLS)))

        assert taken.count(True) == 1
        assert await world.uses(promo, ann) == Uses(1, 1)
        assert await world.overuses(promo) == TILLS // 2 - 1


async def test_many_customers_stay_within_both_limits(world: PromoWorld) -> None:
    customers = [await world.customer() for _ in range(6)]
    for number in range(ROUNDS):
        random = Random(number)
        terms = code_terms(f"CODE{number}", usage_limit=random.randint(1, 12), usage_limit_per_customer=2)
        promo = await world.promo(terms)
        who: list[UUID | None] = [random.choice([None, *customers]) for _ in range(TILLS)]

        taken = await race(world, promo, who)

        assert taken.count(True) == (await world.uses(promo)).overall == expected(terms, who)
        for customer in customers:
            theirs = sum(won for won, one in zip(taken, who, strict=True) if one == customer)
            assert (await world.uses(promo, customer)).of_member == theirs <= 2
        assert await world.overuses(promo) == taken.count(False)


def expected(terms: PromoTerms, who: Sequence[UUID | None]) -> int:
    """How many uses are taken, in whatever order the tills come."""
    allowed = who.count(None) + sum(min(2, who.count(customer)) for customer in {*who} - {None})
    assert terms.usage_limit is not None
    return min(terms.usage_limit, allowed)


async def test_a_limit_that_changes_meanwhile_is_never_exceeded(world: PromoWorld) -> None:
    """The operator lowers the limit while tills use the promo: no error, never more than the higher one."""
    for number in range(ROUNDS):
        promo = await world.promo(code_terms(f"CODE{number}", usage_limit=12))

        async def lower(promo_id: int = promo.promo_id) -> None:
            async with world.database.transaction() as connection:
                changes = PromoChanges(usage_limit=4)
                await actions.update_promo(connection, world.program_id, promo_id, changes, NOW)

        *taken, _ = await asyncio.gather(*(world.consume(promo) for _ in range(TILLS)), lower())

        assert 4 <= taken.count(True) <= 12
        assert (await world.uses(promo)).overall == taken.count(True)
        assert not await world.consume(promo)
