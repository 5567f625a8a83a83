"""What identifying and logging a sale read and write costs the same however long the history is.

Connections keep generic plans, so each statement is first planned on empty tables, as on the day of an
installation, and looked at again when one customer of many has had 20,000 sales.
"""

from typing import Any, LiteralString

import psycopg
from psycopg import sql

from regulars.db.database import Connection, Database
from regulars.db.pipeline import Statement
from regulars.features.sales import actions, store
from tests.support.enrolment import NOW
from tests.support.sales import DAY, SalesWorld, ticket

PAGES_MAX = 60

BULK: list[LiteralString] = [
    """
    insert into members (program_id, member_id, number, name, created_at, updated_at)
    select %(program_id)s, gen_random_uuid(), 1000 + n, '', now(), now() from generate_series(1, 2000) n
    """,
    """
    insert into sales (
        program_id, location_id, member_id, ticket_id, fingerprint, currency, total_minor, promo_unknown,
        tier, visits, discount_type, wet_percent, dry_percent, wet_account, dry_account, sold_at
    )
    select %(program_id)s, %(location_id)s,
        case when n %% 2 = 0 then %(member_id)s::uuid else (
            select member_id from members where program_id = %(program_id)s and number = 1000 + 1 + n %% 2000
        ) end,
        'H-' || n, '', 'GBP', 100, false, 'Member', 0, 'discount', 5, 10, '#2303', '#3303',
        %(now)s - interval '29 days' - n * interval '1 minute'
    from generate_series(1, 40000) n
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
    from members m, generate_series(1, 10) n
    """,
]


async def test_plans_made_on_empty_tables_serve_a_long_history(database: Database, database_url: str) -> None:
    world = await SalesWorld.create(database)
    ann = await world.customer()
    tier_book, promo_book = await world.books()
    program_id, hotel = world.program_id, world.high_street
    owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)

    async def log(connection: Connection, ticket_id: str) -> None:
        new = ticket(ann, ticket_id=ticket_id)
        for _ in range(2):
            await actions.log_sale(connection, hotel, new, NOW, tier_book=tier_book, promo_book=promo_book)
        await actions.visits_of(connection, program_id, ann.member_id, NOW - 28 * DAY)

    async with database.connection() as connection, owner:
        await log(connection, "T-1")
        values = {
            "program_id": program_id,
            "location_id": hotel.location_id,
            "member_id": ann.member_id,
            "number": ann.number,
            "since": NOW - 28 * DAY,
            "now": NOW,
            "ticket_id": "H-777",
            "sale_id": 777,
            "sale": await written_sale(world),
            "items": ITEMS,
            "preferences": ITEMS,
        }
        for statement in BULK:
            await owner.execute(statement, values)
        for again in ("select 1", "analyze"):
            await owner.execute(again.encode())
            for prepared in (store.COUNT_VISITS, store.READ_CUSTOMER, store.READ_TICKET, store.INSERT_SALE):
                check(prepared, await plan_of(connection, prepared, values))
        assert await world.visits(ann) == 1


ITEMS = '[{"product_name": "Guinness", "product_group": "Drinks", "quantity": 1, "stock_type": "wet"}]'


async def written_sale(world: SalesWorld) -> str:
    """The row of the first sale as the till's next one, which has no ticket."""
    [(row,)] = await world.rows(
        "select (to_jsonb(s) || '{\"ticket_id\": null}')::text from sales s where ticket_id = 'T-1'"
    )
    return str(row)


async def plan_of(connection: Connection, statement: Statement, values: dict[str, Any]) -> dict[str, Any]:
    """How the plan that the connection keeps for a statement runs with these values, which is then undone."""
    parameters = sql.SQL(", ").join(sql.Literal(values[name]) for name in statement.parameters)
    query = sql.SQL("explain (analyze, buffers, format json) execute {}({})")
    async with connection.transaction(force_rollback=True):
        name = sql.Identifier(statement.name.decode())
        cursor = await connection.execute(query.format(name, parameters))
        row = await cursor.fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def check(statement: Statement, plan: dict[str, Any]) -> None:
    """The plan reads no table whole, counts visits in the index, and touches few pages."""
    whole = [node.get("Relation Name") for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
    assert not whole, f"reads all of {whole}: {statement.text}"
    visits = [node["Node Type"] for node in nodes(plan) if node.get("Index Name") == "visits_of_member"]
    assert set(visits) <= {"Index Only Scan"}, statement.text
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    assert pages <= PAGES_MAX, f"touches {pages} pages: {statement.text}"


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]
