"""What a sale and an identification read of promos costs the same however many customers there are.

Connections keep generic plans, so each statement is first planned on empty tables, as on the day of an
installation. When 20,000 customers have used and been given every promo, the connection plans anew, which it
does as it ages, first without statistics of them.
"""

from typing import LiteralString

import psycopg

from regulars.db.database import Database
from regulars.features.promos import store_uses
from tests.support.enrolment import NOW
from tests.support.plans import check, keep_first_plans, plan_anew, plan_for_good, plan_of
from tests.support.promos import PromoWorld, code_terms

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
        await keep_first_plans(connection, owner)
        for statement in LOOKUPS:
            await plan_for_good(connection, statement, values)
        for statement in BULK:
            await owner.execute(statement, values)
        await plan_anew(connection)
        for again in ("select 1", "analyze"):
            await owner.execute(again.encode())
            for statement in LOOKUPS:
                plan = await plan_of(connection, statement, values)
                check(statement, plan, PAGES_MAX)
                assert plan["Actual Rows"] > 0, f"finds nothing: {statement}"
