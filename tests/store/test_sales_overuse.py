"""The sales that named a promo when no use of it was left, as the operator finds them."""

from datetime import timedelta

import psycopg

from regulars.db.database import Database
from regulars.features.sales import actions as sales
from regulars.features.sales import store_overuse
from regulars.features.sales.model_overuse import OverusedSale
from tests.support.plans import check, keep_first_plans, plan_for_good, plan_of
from tests.support.promos import code_terms
from tests.support.sales import SalesWorld, ticket

ORDINARY_SALES = """
insert into sales (
    program_id, location_id, member_id, fingerprint, currency, total_minor, promo_unknown, tier, visits,
    discount_type, wet_percent, dry_percent, wet_account, dry_account, sold_at
)
select program_id, location_id, member_id, fingerprint, currency, total_minor, false, tier, visits,
    discount_type, wet_percent, dry_percent, wet_account, dry_account, sold_at
from sales, generate_series(1, 20000)
where promo_code is null
"""


async def overused(world: SalesWorld, *, before: int | None = None, limit: int = 100) -> list[OverusedSale]:
    async with world.database.connection() as connection:
        return await sales.overused_sales(connection, world.program_id, before=before, limit=limit)


async def test_overused_sales_are_found_in_pages_the_latest_first(database: Database) -> None:
    world, other = await SalesWorld.create(database), await SalesWorld.create(database, "others")
    ann = await world.customer()
    await world.promo(code_terms(usage_limit=1))
    assert await overused(world) == []
    logged = [
        await world.log(ticket(ann, promo_code="summer24", ticket_id=f"T-{number}")) for number in range(4)
    ]
    await world.log(ticket(ann))

    found = await overused(world)
    assert [sale.sale_id for sale in found] == [sale.sale_id for sale in reversed(logged[1:])]
    [latest, second] = await overused(world, limit=2)
    assert [latest, second, *await overused(world, before=second.sale_id)] == found
    assert await overused(world, before=found[-1].sale_id) == []
    assert await overused(other) == []


async def test_what_is_told_of_an_overused_sale(database: Database) -> None:
    world = await SalesWorld.create(database)
    ann = await world.customer()
    await world.promo(code_terms(usage_limit=1))
    await world.log(ticket(ann, promo_code="SUMMER24"))
    logged = await world.log(
        ticket(ann, promo_code="SUMMER24", total_minor=4550, claimed_dry_discount_minor=None)
    )
    [sale] = await overused(world)
    assert timedelta(0) <= sale.sold_at - ann.created_at
    assert sale == OverusedSale(
        sale_id=logged.sale_id,
        sold_at=sale.sold_at,
        location_id=world.high_street.location_id,
        ticket_id=None,
        member_id=ann.member_id,
        promo_code="SUMMER24",
        currency="GBP",
        total_minor=4550,
        claimed_wet_discount_minor=270,
        claimed_dry_discount_minor=None,
    )


async def test_few_are_found_among_many_sales_without_reading_those(
    database: Database, database_url: str
) -> None:
    world = await SalesWorld.create(database)
    ann = await world.customer()
    await world.promo(code_terms(usage_limit=1))
    wanted = {"program_id": world.program_id, "before": None, "limit": 10}
    owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with database.connection() as connection, owner:
        await keep_first_plans(connection, owner)
        await plan_for_good(connection, store_overuse.SELECT_OVERUSED, wanted)
        for _ in range(3):
            await world.log(ticket(ann, promo_code="SUMMER24"))
        await world.log(ticket(ann))
        await owner.execute(ORDINARY_SALES)

        plan = await plan_of(connection, store_overuse.SELECT_OVERUSED, wanted)

    assert plan["Actual Rows"] == 2
    check(store_overuse.SELECT_OVERUSED, plan, 10)
