"""What deliveries cost does not grow with how many there were, or wait.

Connections keep generic plans, so each statement is first planned on empty tables, as on the day of an
installation, and again when one endpoint of a few has most of very many deliveries.
"""

from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from regulars.db.database import Database
from regulars.db.pipeline import Statement
from regulars.features.webhooks import store, store_deliveries, store_endpoints, store_log
from tests.support.enrolment import NOW
from tests.support.plans import check, keep_first_plans, plan_anew, plan_for_good, plan_now, plan_of
from tests.support.soak import as_long_as_asked, bounded
from tests.support.webhook_endpoints import EVENT, Telling

pytestmark = as_long_as_asked

PAGES_MAX = 80
EVENTS = bounded(30_000, 1_000_000)

BULK: list[LiteralString] = [
    """
    insert into events (program_id, event_id, type, data, occurred_at, created_at)
    select %(program_id)s, lpad(to_hex(n), 32, '0')::uuid, 'loan.returned', '{}', t.at, t.at
    from generate_series(1000, 1000 + %(events)s) n,
        lateral (select %(now)s::timestamptz - (%(events)s + 2000 - n) * interval '1 second') t (at)
    """,
    """
    insert into webhook_deliveries (program_id, endpoint_id, event_id, created_at, state, attempts, due_at)
    select program_id, 1, event_id, created_at,
        case when n %% 4 = 0 then 'pending' when n %% 50 = 1 then 'failed' else 'delivered' end, 1,
        case when n %% 4 = 0 then created_at end
    from (select *, row_number() over () as n from events) e
    on conflict do nothing
    """,
]

LOOK_UPS: list[Statement] = [
    store.IS_WANTED,
    store_deliveries.NEXT,
    store_deliveries.TARGET,
    store_deliveries.CLAIM,
    store_deliveries.RELEASE,
    store_deliveries.FINISH,
    store_deliveries.MARK_DELIVERED,
    store_deliveries.DISABLE,
]
INSERTS: list[Statement] = [store.INSERT_EVENTS]
TEXTS: list[LiteralString] = [
    store_endpoints.ALL,
    store_endpoints.LOCK,
    store_endpoints.SECRETS,
    store_log.PENDING,
    store_log.PAST,
    store_log.ONE,
    store_log.REPLAY_ONE,
    store_log.REPLAY_FAILED,
]


async def test_plans_made_early_serve_a_long_history(database: Database, database_url: str) -> None:
    telling = await Telling.create(database)
    for path in ("1", "2", "3"):
        await telling.add(f"http://127.0.0.1:1/{path}")
    await telling.emit(EVENT)
    [(event_id,)] = await telling.rows("select event_id from events")
    values = values_for(telling, event_id)
    owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with database.connection() as connection, owner:
        await keep_first_plans(connection, owner)
        for statement in (*LOOK_UPS, *INSERTS):
            await plan_now(connection, statement, values)
        for text in TEXTS:
            await plan_for_good(connection, text, values)
        for text in BULK:
            await owner.execute(text, values | {"events": EVENTS})
        await plan_anew(connection)
        for again in ("select 1", "analyze"):
            await owner.execute(again.encode())
            for statement in (*LOOK_UPS, *INSERTS):
                check(statement, await plan_of(connection, statement, values), PAGES_MAX)
            for text in TEXTS:
                check(text, await plan_of(connection, text, values), PAGES_MAX)


def values_for(telling: Telling, event_id: UUID) -> dict[str, Any]:
    """What every statement is sent with."""
    lease_id = UUID(int=1)
    outcome = (
        f'[{{"program_id": {telling.program_id}, "endpoint_id": 1, "event_id": "{event_id}", '
        f'"lease_id": "{lease_id}", "state": "delivered", "failures": []}}]'
    )
    return {
        "program_id": telling.program_id, "endpoint_id": 1, "event_id": event_id, "now": NOW,
        "since": NOW - timedelta(days=3000), "lease_id": lease_id, "lease_until": NOW + timedelta(minutes=1),
        "limit": 3, "busy": "[]", "event_ids": f"{{{event_id}}}", "outcomes": outcome, "reason": "gone",
        "unless_since": NOW, "type": None, "events": "[]", "state": "failed",
    }  # fmt: skip


def test_every_statement_is_looked_at() -> None:
    sent = {
        statement
        for module in (store, store_deliveries)
        for statement in vars(module).values()
        if isinstance(statement, Statement)
    }
    assert sent == {*LOOK_UPS, *INSERTS}
