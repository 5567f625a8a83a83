"""Sales that meet other transactions, or a database that refuses them, on a real PostgreSQL."""

import psycopg
import pytest
import pytest_asyncio

from regulars.db.database import Database, DatabaseUnavailable
from regulars.features.promos.model import Uses
from tests.support.promos import code_terms
from tests.support.sales import SalesWorld, ticket

# A sequence counts beyond the end of the transactions that fail.
FAIL_AT_FIRST = """
create sequence trials;
grant select, usage on sequence trials to regulars_server;
create function fail_at_first() returns trigger language plpgsql as $$
begin
    if nextval('trials') <= {} then
        raise exception 'met another one' using errcode = '{}';
    end if;
    return null;
end
$$;
create trigger fail_at_first after insert on sale_items for each statement execute function fail_at_first();
"""


@pytest_asyncio.fixture
async def world(database: Database) -> SalesWorld:
    """Two hotels without sales."""
    return await SalesWorld.create(database)


async def fail(database_url: str, times: int, code: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as owner:
        await owner.execute(FAIL_AT_FIRST.format(times, code).encode())


@pytest.mark.parametrize("code", ["40P01", "40001"])
@pytest.mark.parametrize("promo_code", [None, "SUMMER24"])
async def test_a_sale_that_met_another_transaction_is_tried_again(
    world: SalesWorld, database_url: str, promo_code: str | None, code: str
) -> None:
    ann, promo = await world.customer(), await world.promo(code_terms())
    await fail(database_url, 4, code)
    await world.log(ticket(ann, promo_code=promo_code))
    assert await world.visits(ann) == 1
    assert (await world.uses(promo, ann)) == (Uses(1, 1) if promo_code else Uses(0, 0))


@pytest.mark.parametrize("promo_code", [None, "SUMMER24"])
async def test_a_sale_that_never_gets_through_leaves_nothing(
    world: SalesWorld, database_url: str, promo_code: str | None
) -> None:
    ann, promo = await world.customer(), await world.promo(code_terms())
    await fail(database_url, 5, "40P01")
    with pytest.raises(DatabaseUnavailable):
        await world.log(ticket(ann, promo_code=promo_code, ticket_id="T-1"))
    assert await world.visits(ann) == 0
    assert await world.uses(promo, ann) == Uses(0, 0)
    assert not (await world.log(ticket(ann, promo_code=promo_code, ticket_id="T-1"))).repeated


async def test_what_no_repetition_mends_is_not_repeated(world: SalesWorld, database_url: str) -> None:
    ann = await world.customer()
    await fail(database_url, 1, "23514")
    with pytest.raises(psycopg.errors.CheckViolation):
        await world.log(ticket(ann))
    assert await world.rows("select last_value from trials") == [(1,)]
    assert await world.visits(ann) == 0
