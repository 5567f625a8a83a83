"""What is used of promos on a real PostgreSQL, one sale after the other."""

from typing import LiteralString
from uuid import uuid4

import pytest
import pytest_asyncio
from psycopg import errors

from regulars.db.database import Database
from regulars.features.promos import actions
from regulars.features.promos.model import PromoChanges, UseCount, Uses
from tests.support.enrolment import LATER, NOW
from tests.support.promos import PromoWorld, bonus_terms, code_terms


@pytest_asyncio.fixture
async def world(database: Database) -> PromoWorld:
    return await PromoWorld.create(database)


async def test_uses_are_taken_until_none_is_left(world: PromoWorld) -> None:
    promo = await world.promo(code_terms(usage_limit=3))
    ann, bob = await world.customer(), await world.customer()
    taken = [await world.consume(promo, who) for who in (ann, None, bob, ann, None)]
    assert taken == [True, True, True, False, False]
    assert await world.uses(promo, ann) == Uses(overall=3, of_member=1)
    assert await world.uses(promo) == Uses(overall=3, of_member=0)
    assert await world.overuses(promo) == 2


async def test_a_customers_limit_counts_for_that_customer_only(world: PromoWorld) -> None:
    promo = await world.promo(code_terms(usage_limit_per_customer=2))
    ann, bob = await world.customer(), await world.customer()
    taken = [await world.consume(promo, who) for who in (ann, ann, ann, bob, None, None, None)]
    assert taken == [True, True, False, True, True, True, True]
    assert await world.uses(promo, ann) == Uses(overall=6, of_member=2)
    assert await world.uses(promo, bob) == Uses(overall=6, of_member=1)
    assert await world.overuses(promo) == 1


async def test_a_use_is_taken_of_both_limits_or_of_neither(world: PromoWorld) -> None:
    promo = await world.promo(code_terms(usage_limit=2, usage_limit_per_customer=1))
    ann, bob, eve = await world.customer(), await world.customer(), await world.customer()
    taken = [await world.consume(promo, who) for who in (ann, ann, bob, eve)]
    assert taken == [True, False, True, False]
    assert [await world.uses(promo, who) for who in (ann, bob, eve)] == [Uses(2, 1), Uses(2, 1), Uses(2, 0)]
    assert await world.overuses(promo) == 2


async def test_a_promo_without_limits_is_counted_too(world: PromoWorld) -> None:
    promo = await world.promo()
    ann = await world.customer()
    assert all([await world.consume(promo, ann) for _ in range(5)])
    assert await world.uses(promo, ann) == Uses(5, 5)


async def test_a_limit_is_lowered_below_what_was_used_and_raised_again(world: PromoWorld) -> None:
    promo = await world.promo(code_terms(usage_limit=5, usage_limit_per_customer=4))
    ann = await world.customer()
    assert [await world.consume(promo, ann) for _ in range(3)] == [True] * 3

    # The caller's promo may be two seconds old; the stored limits count.
    outcomes = []
    for overall, of_customer in ((2, 9), (9, 2), (3, None), (None, 3), (4, 9), (None, None)):
        async with world.database.transaction() as connection:
            changes = PromoChanges(usage_limit=overall, usage_limit_per_customer=of_customer)
            await actions.update_promo(connection, world.program_id, 1, changes, LATER)
        outcomes.append(await world.consume(promo, ann))

    assert outcomes == [False, False, False, False, True, True]
    assert await world.uses(promo, ann) == Uses(5, 5)


async def test_a_sale_that_is_undone_takes_nothing(world: PromoWorld) -> None:
    promo = await world.promo(code_terms(usage_limit=1))
    with pytest.raises(RuntimeError):
        async with world.database.transaction() as connection:
            assert await actions.consume(connection, world.program_id, promo, None, NOW)
            raise RuntimeError
    assert await world.uses(promo) == Uses(0, 0)
    assert await world.consume(promo)


async def test_the_uses_of_many_promos_are_read_at_once(world: PromoWorld) -> None:
    ann = await world.customer()
    promos = [await world.promo(code_terms(f"CODE{number}")) for number in range(10)]
    for promo in promos[:5]:
        await world.consume(promo, ann)
    await world.consume(promos[0])

    async with world.database.connection() as connection:
        uses = await actions.uses_of(connection, world.program_id, [*range(1, 11), 99], ann)
        assert await actions.uses_of(connection, world.program_id, [], ann) == {}
        assert await actions.uses_of(connection, world.program_id, [1], uuid4()) == {1: Uses(2, 0)}

    assert uses == {
        1: Uses(2, 1),
        **{n: Uses(1, 1) for n in range(2, 6)},
        **{n: Uses() for n in range(6, 11)},
    }


async def test_what_the_operator_sees(world: PromoWorld) -> None:
    used = await world.promo(code_terms(usage_limit=1))
    await world.promo(bonus_terms())
    await world.consume(used)
    async with world.database.transaction() as connection:
        assert not await actions.consume(connection, world.program_id, used, None, LATER)
        # A till that comes late with an earlier sale does not turn the time back.
        assert not await actions.consume(connection, world.program_id, used, None, NOW)
    async with world.database.connection() as connection:
        counts = await actions.list_use_counts(connection, world.program_id)
    assert counts == [UseCount(1, 1, 2, LATER), UseCount(2, 0, 0, None)]


@pytest.mark.parametrize(
    "statement",
    [
        "update promo_uses set uses = uses + 1",
        "update promo_uses set uses = -1",
        "update promo_uses set overuses = -1",
        "update promo_member_uses set uses = uses + 1",
        "update promo_member_uses set uses = 0",
    ],
)
async def test_no_count_goes_beyond_its_limit(world: PromoWorld, statement: LiteralString) -> None:
    promo = await world.promo(code_terms(usage_limit=1, usage_limit_per_customer=1))
    assert await world.consume(promo, await world.customer())
    with pytest.raises(errors.CheckViolation):
        async with world.database.connection() as connection:
            await connection.execute(statement)
