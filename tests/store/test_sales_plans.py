"""What identifying and logging a sale read and write costs the same however long the history is.

Connections keep generic plans, so each statement is first planned on empty tables, as on the day of an
installation, or on tables known to be small. When one customer of very many has a quarter of all sales, the
connection plans anew, which it does as it ages, first without statistics of them.
"""

from typing import Any, LiteralString

import psycopg
import pytest

from regulars.db.database import Database
from regulars.db.pipeline import Statement
from regulars.features.promos import store_claims
from regulars.features.sales import actions, store, store_welcome
from tests.support.enrolment import NOW
from tests.support.plans import check, keep_first_plans, nodes, plan_anew, plan_of
from tests.support.promos import code_terms
from tests.support.sales import DAY, KINDS, SalesWorld, ticket, welcomed
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

PAGES_MAX = 60
CUSTOMERS = bounded(5_000, 100_000)
SALES = bounded(30_000, 1_000_000)

BULK: list[LiteralString] = [
    """
    insert into members (program_id, member_id, number, name, created_at, updated_at)
    select %(program_id)s, gen_random_uuid(), 1000 + n, '', now(), now()
    from generate_series(1, %(customers)s) n
    """,
    """
    insert into sales (
        program_id, location_id, member_id, ticket_id, fingerprint, currency, total_minor, promo_unknown,
        tier, visits, discount_type, wet_percent, dry_percent, wet_account, dry_account, sold_at
    )
    select %(program_id)s, %(location_id)s,
        case when n %% 4 = 0 then %(member_id)s::uuid else m.ids[1 + n %% %(customers)s] end,
        'H-' || n, '', 'GBP', 100, false, 'Member', 0, 'discount', 5, 10, '#2303', '#3303',
        %(now)s - interval '29 days' - n * interval '1 minute'
    from generate_series(1, %(sales)s) n,
        (select array_agg(member_id) from members where number > 1000) m (ids)
    """,
    """
    insert into sale_items (program_id, sale_id, position, product_name, product_group, quantity, stock_type)
    select program_id, sale_id, 2, 'Guinness', 'Drinks', 1, 'wet' from sales where ticket_id like 'H-%%'
    """,
    """
    insert into preferences (
        program_id, member_id, location_id, product_name, product_group, stock_type, quantity, sale_count,
        last_at
    )
    select m.program_id, m.member_id, %(location_id)s, 'Product ' || n, 'Drinks', 'wet', 1, 1, now()
    from members m, generate_series(1, 3) n
    """,
    """
    insert into promo_member_uses (program_id, member_id, promo_id, uses)
    select m.program_id, m.member_id, p.promo_id, 1 from members m, promos p
    on conflict do nothing
    """,
    """
    insert into promo_assignments (program_id, member_id, promo_id, assigned_at)
    select m.program_id, m.member_id, p.promo_id, now() from members m, promos p
    """,
]


FIND: LiteralString = "select set_config('regulars.member_id', %(member_id)s, false)"
"""Leaves the customer to all statements that follow, as the first of a flush does to those after it."""

PREPARED: list[Statement] = [
    store.READ_CUSTOMER,
    store.READ_TICKET,
    store.INSERT_SALE,
    store.INSERT_SALE_OR_FAIL,
    store.FLAG_OVERUSE,
    store_welcome.COUNT_VISITS,
    store_claims.ASSIGNMENTS_OF_FOUND,
    store_claims.USES_OF_FOUND,
    store_claims.USE,
]
"""All that identifying and logging a sale send."""


@pytest.mark.parametrize("is_known_to_be_small", [False, True])
async def test_plans_made_early_serve_a_long_history(
    database: Database, database_url: str, is_known_to_be_small: bool
) -> None:
    world = await SalesWorld.create(database)
    ann, promo = await world.customer(), await world.promo(code_terms(usage_limit=1))
    tier_book, promo_book = await world.books()
    books: dict[str, Any] = {"tier_book": tier_book, "promo_book": promo_book}
    hotel = world.high_street
    owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with database.connection() as connection, owner:
        await keep_first_plans(connection, owner)
        if is_known_to_be_small:
            await owner.execute("set plan_cache_mode = force_custom_plan")
            await world.visit(ann, 3)
            await owner.execute("vacuum analyze")
        for ticket_id, code in (("T-1", None), ("T-1", None), ("T-2", "SUMMER24"), ("T-3", "SUMMER24")):
            new = ticket(ann, ticket_id=ticket_id, promo_code=code)
            logged = await actions.log_sale(connection, hotel, new, NOW, **books)
        await welcomed(connection, hotel, str(ann.email), KINDS, NOW, **books)
        await connection.execute(FIND, {"member_id": str(ann.member_id)})
        values = {
            "program_id": world.program_id,
            "location_id": hotel.location_id,
            "member_id": ann.member_id,
            "number": ann.number,
            "promo_id": promo.promo_id,
            "promo_ids": [promo.promo_id],
            "since": NOW - 28 * DAY,
            "now": NOW,
            "ticket_id": "H-777",
            "sale_id": logged.sale_id,
            "sale": await written_sale(world),
            "items": ITEMS,
            "preferences": ITEMS,
            # Foreign keys are looked up with early plans too, so small tables take longer to fill.
            "customers": CUSTOMERS // 2 if is_known_to_be_small else CUSTOMERS,
            "sales": SALES // 5 if is_known_to_be_small else SALES,
        }
        for statement in BULK:
            await owner.execute(statement, values)
        await plan_anew(connection)
        for again in ("select 1", "analyze"):
            await owner.execute(again.encode())
            for prepared in PREPARED:
                plan = await plan_of(connection, prepared, values)
                check(prepared, plan, PAGES_MAX)
                visits = [node for node in nodes(plan) if node.get("Index Name") == "visits_of_member"]
                assert {node["Node Type"] for node in visits} <= {"Index Only Scan"}, prepared.text


ITEMS = '[{"product_name": "Guinness", "product_group": "Drinks", "quantity": 1, "stock_type": "wet"}]'


async def written_sale(world: SalesWorld) -> str:
    """The row of the first sale as the till's next one, which has no ticket."""
    [(row,)] = await world.rows(
        "select (to_jsonb(s) || '{\"ticket_id\": null}')::text from sales s where ticket_id = 'T-1'"
    )
    return str(row)
