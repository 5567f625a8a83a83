"""What a sale and an identification read of promos costs the same however many customers there are.

Connections keep generic plans, so each statement is first planned on empty tables, as on the day of an
installation, and looked at again when 20,000 customers have used and been given every promo.
"""

import re
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from regulars.db.database import Connection, Database
from regulars.features.promos import store_uses
from tests.support.enrolment import NOW
from tests.support.promos import PromoWorld, code_terms

PLANNED_AFTER = 6
"""psycopg prepares a statement when it comes for the sixth time."""
PAGES_MAX = 40

BULK: list[LiteralString] = [
    """
    insert into members (program_id, member_id, number, name, created_at, updated_at)
    select %(program_id)s, gen_random_uuid(), 1000 + n, '', now(), now() from generate_series(1, 20000) n
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

LOOKUPS: list[LiteralString] = [
    store_uses.CONSUME,
    store_uses.SELECT_USES,
    store_uses.SELECT_OF_MEMBER,
    store_uses.SELECT_OF_PROMO,
]


async def test_plans_made_on_empty_tables_serve_many_customers(database: Database, database_url: str) -> None:
    world = await PromoWorld.create(database)
    promos = [await world.promo(code_terms(f"CODE{number}")) for number in range(3)]
    values = {
        "program_id": world.program_id,
        "promo_id": promos[0].promo_id,
        "promo_ids": [promo.promo_id for promo in promos],
        "member_id": await world.customer(),
        "after": None,
        "limit": 10,
        "now": NOW,
    }
    owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with database.connection() as connection, owner:
        for statement in LOOKUPS:
            for _ in range(PLANNED_AFTER):
                await connection.execute(statement, values)
        for statement in BULK:
            await owner.execute(statement, values)
        for again in ("select 1", "analyze"):
            await owner.execute(again.encode())
            for statement in LOOKUPS:
                check(statement, await plan_of(connection, statement, values))


async def plan_of(connection: Connection, statement: LiteralString, values: dict[str, Any]) -> dict[str, Any]:
    """How the plan that the connection keeps for a statement runs with these values."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    text = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", statement)
    cursor = await connection.execute(
        "select name from pg_prepared_statements where statement = %s and generic_plans > 0", [text]
    )
    row = await cursor.fetchone()
    assert row is not None, "the statement has no generic plan"
    parameters = sql.SQL(", ").join(sql.Literal(values[name]) for name in names)
    query = sql.SQL("explain (analyze, buffers, format json) execute {}({})")
    cursor = await connection.execute(query.format(sql.Identifier(row[0]), parameters))
    row = await cursor.fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def check(statement: str, plan: dict[str, Any]) -> None:
    """The plan reads no table of customers whole and touches few pages."""
    whole = {node.get("Relation Name") for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
    assert not whole & {"members", "promo_member_uses", "promo_assignments"}, statement
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    assert pages <= PAGES_MAX, f"touches {pages} pages: {statement}"


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]
