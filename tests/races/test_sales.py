"""Tills that log sales at once: one ticket is one sale, a promo's last use goes once, all visits count."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from decimal import Decimal
from random import Random
from typing import Any

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.promos.model import Uses
from regulars.features.sales import actions as sales
from regulars.features.sales import booking
from regulars.features.sales.model import LoggedSale, NewSale, SaleItem, StockType
from tests.support.enrolment import NOW
from tests.support.promos import code_terms
from tests.support.sales import FISH, GUINNESS, SalesWorld, ticket
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

TILLS = 20
ROUNDS = bounded(25, 1000)


@pytest_asyncio.fixture
async def world(database_url: str) -> AsyncIterator[SalesWorld]:
    """Two hotels whose tills have a connection each."""
    database = await Database.open(database_url, connections_max=TILLS + 2)
    yield await SalesWorld.create(database)
    await database.close()


async def race(world: SalesWorld, tickets: Sequence[NewSale]) -> list[LoggedSale | str]:
    """What each till gets, a refusal by its code: all have their connection before any of them begins."""
    tier_book, promo_book = await world.books()
    barrier = asyncio.Barrier(len(tickets))

    async def till(new: NewSale) -> LoggedSale | str:
        async with world.database.connection() as connection:
            await barrier.wait()
            try:
                return await sales.log_sale(
                    connection, world.high_street, new, NOW, tier_book=tier_book, promo_book=promo_book
                )
            except Refused as refused:
                return refused.code

    return await asyncio.gather(*(till(new) for new in tickets))


def logged(outcomes: Sequence[LoggedSale | str]) -> list[LoggedSale]:
    return [outcome for outcome in outcomes if isinstance(outcome, LoggedSale)]


async def test_one_ticket_is_one_sale_however_many_log_it(world: SalesWorld) -> None:
    ann = await world.customer()
    for number in range(ROUNDS):
        outcomes = logged(await race(world, [ticket(ann, ticket_id=f"T-{number}")] * TILLS))

        assert len(outcomes) == TILLS
        assert len({sale.sale_id for sale in outcomes}) == 1
        assert [sale.repeated for sale in outcomes].count(False) == 1
        assert await world.visits(ann) == number + 1
    [(quantity, sale_count)] = await world.rows(
        "select quantity, sale_count from preferences where product_name = 'Guinness'"
    )
    assert (quantity, sale_count) == (2 * ROUNDS, ROUNDS)


async def test_one_of_two_sales_under_one_ticket_is_logged(world: SalesWorld) -> None:
    ann = await world.customer()
    for number in range(ROUNDS):
        new = ticket(ann, ticket_id=f"T-{number}")
        other = ticket(ann, ticket_id=f"T-{number}", total_minor=1, items=(FISH, GUINNESS))
        outcomes = await race(world, [new, other] * (TILLS // 2))

        assert outcomes.count("duplicate_ticket") == TILLS // 2
        assert len({sale.sale_id for sale in logged(outcomes)}) == 1
        assert await world.visits(ann) == number + 1


async def test_one_ticket_with_a_promo_takes_one_use(world: SalesWorld) -> None:
    ann = await world.customer()
    promo = await world.promo(code_terms())
    for number in range(ROUNDS):
        new = ticket(ann, ticket_id=f"T-{number}", promo_code="SUMMER24")
        outcomes = logged(await race(world, [new] * TILLS))

        assert len({sale.sale_id for sale in outcomes}) == 1
        assert await world.uses(promo, ann) == Uses(number + 1, number + 1)


async def test_the_last_use_of_a_promo_goes_once_and_every_sale_is_logged(world: SalesWorld) -> None:
    for number in range(ROUNDS):
        customers = [await world.customer() for _ in range(2)]
        promo = await world.promo(code_terms(f"CODE{number}", usage_limit=1))
        tickets = [ticket(customer, promo_code=f"CODE{number}") for customer in customers]
        outcomes = logged(await race(world, tickets * (TILLS // 2)))

        assert len({sale.sale_id for sale in outcomes}) == TILLS
        assert [sale.promo_overused for sale in outcomes].count(False) == 1
        assert (await world.uses(promo, customers[0])).overall == 1
        flags = await world.rows(
            "select promo_overused from sales where promo_id = %(promo_id)s", promo_id=promo.promo_id
        )
        assert sorted(flags) == [(False,)] + [(True,)] * (TILLS - 1)
        assert [await world.visits(customer) for customer in customers] == [TILLS // 2] * 2


async def test_all_sales_of_one_customer_count(world: SalesWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their lines name the same products in every order, and still nobody waits in a circle."""
    monkeypatch.setattr(booking, "ATTEMPTS_MAX", 1)
    ann = await world.customer()
    menu = [SaleItem(f"Dish {number}", Decimal(1), StockType.DRY, "Mains", 100) for number in range(12)]
    random = Random(1)
    for number in range(ROUNDS):
        tickets = [ticket(ann, items=tuple(random.sample(menu, len(menu)))) for _ in range(TILLS)]
        outcomes = logged(await race(world, tickets))

        assert len({sale.sale_id for sale in outcomes}) == TILLS
        assert await world.visits(ann) == TILLS * (number + 1)
    counts = await world.rows("select quantity, sale_count from preferences")
    assert counts == [(TILLS * ROUNDS, TILLS * ROUNDS)] * len(menu)


async def test_a_till_that_hangs_up_leaves_all_or_nothing(world: SalesWorld) -> None:
    """Its sale is there with all its lines, or not at all; repeated, it is there once."""
    ann = await world.customer()
    promo = await world.promo(code_terms())
    tier_book, promo_book = await world.books()
    random = Random(2)

    async def till(new: NewSale) -> LoggedSale:
        async with world.database.connection() as connection:
            return await sales.log_sale(
                connection, world.high_street, new, NOW, tier_book=tier_book, promo_book=promo_book
            )

    for number in range(ROUNDS):
        new = ticket(ann, ticket_id=f"T-{number}", promo_code=random.choice([None, "SUMMER24"]))
        await hang_up(till(new), turns=random.randint(1, 12))
        await till(new)

    assert await world.visits(ann) == ROUNDS
    named = await world.rows("select count(*) from sales where promo_id is not null")
    assert (await world.uses(promo, ann)).overall == named[0][0] > 0
    items = await world.rows("select count(*) from sale_items group by sale_id")
    assert items == [(2,)] * ROUNDS


async def hang_up(work: Coroutine[Any, Any, object], *, turns: int) -> None:
    """Gives up a task after so many turns of the event loop, wherever it is by then."""
    task = asyncio.create_task(work)
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
