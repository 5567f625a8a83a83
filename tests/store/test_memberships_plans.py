"""What memberships and Stripe's events read and write costs the same however many there are.

Connections keep generic plans, so each statement is first planned on empty tables, as on the day of an
installation. The connection plans anew as it ages, first without statistics of the tables that have grown.
"""

from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg

from regulars.db.connection import Connection
from regulars.db.database import Database
from regulars.db.pipeline import Pipeline, Statement
from regulars.db.transactions import BEGIN, ROLLBACK
from regulars.features.memberships import store, store_checkouts, store_grants, store_periods
from regulars.features.payments import store as store_events
from tests.support.memberships import NOW, MembershipWorld
from tests.support.plans import Plan, check, keep_first_plans, nodes, plan_anew, plan_for_good, plan_of
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

MANY = bounded(20_000, 1_000_000)
PAGES_MAX = 60
PAGES_OF_A_CHUNK_MAX = 9 * 100

BULK: list[LiteralString] = [
    """
    insert into members (program_id, member_id, number, name, created_at, updated_at)
    select %(program_id)s, gen_random_uuid(), 1000 + n, '', now(), now() from generate_series(1, %(many)s) n
    """,
    """
    insert into memberships (
        program_id, subscription_id, member_id, location_id, sold_at_location_id, status, stripe_status,
        stripe_customer_id, period_start, period_end, period_is_paid, started_at, question_number, updated_at
    )
    select program_id, 'sub_' || number, member_id, %(location_id)s, %(location_id)s,
        case when number %% 4 = 0 then 'canceled' else 'active' end, 'active', 'cus_1', %(now)s, %(now)s,
        true, %(now)s - number * interval '1 minute', 1, %(now)s
    from members where number > 1000
    """,
    """
    insert into membership_periods (
        program_id, subscription_id, period_start, invoice_id, paid_minor, granted, updated_at
    )
    select program_id, subscription_id, period_start - n * interval '30 days', 'in_1', 999, 1, now()
    from memberships, generate_series(0, 2) n
    on conflict do nothing
    """,
    """
    insert into membership_charges (
        program_id, charge_id, subscription_id, period_start, refunded_minor, disputed, question_number
    )
    select program_id, 'ch_' || row_number() over (), subscription_id, period_start, 1, false, 1
    from membership_periods
    """,
    """
    insert into membership_checkouts (
        program_id, member_id, location_id, checkout_key, terms, session_id, url, created_at, expires_at
    )
    select program_id, member_id, location_id, gen_random_uuid(), '', 'cs_1', 'https://', now(), now()
    from memberships
    on conflict do nothing
    """,
    """
    insert into stripe_events (program_id, consumer, event_id, received_at)
    select %(program_id)s, 'memberships', 'evt_' || n, now() from generate_series(1, %(many)s) n
    """,
]

SENT: list[Statement] = [
    store.READ_STATUSES,
    store.INSERT_MEMBERSHIP,
    store.LOCK_MEMBERSHIP,
    store.UPDATE_MEMBERSHIP,
    store_periods.READ_PERIOD,
    store_periods.READ_CHARGES,
    store_periods.WRITE_PERIOD,
    store_periods.WRITE_CHARGE,
    store_events.INSERT_EVENT,
]
ASKED: list[LiteralString] = [
    store._COLUMNS,
    store.LATEST_CUSTOMER,
    store_checkouts.TAKE_CHECKOUT,
    store_checkouts.SELECT_CHECKOUT,
    store_checkouts.FINISH_CHECKOUT,
    store_checkouts.ABANDON_CHECKOUT,
]


async def prepare(connection: Connection, statement: Statement, values: dict[str, Any]) -> None:
    """The connection plans the statement as it does when it comes for the first time; nothing is written."""
    texts = {name: _text(values[name]) for name in statement.parameters}
    pipeline = Pipeline(connection)
    pipeline.send(BEGIN)
    if statement is store_grants.MARK_GRANTED:
        pipeline.send(store_grants.IN_ORDER)
    pipeline.send(statement, texts)
    pipeline.send(ROLLBACK)
    await pipeline.flush()


def _text(value: Any) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, list):
        return ("{" + ",".join(f'"{item}"' for item in value) + "}").encode()
    return b"t" if value is True else str(value).encode()


async def test_plans_made_early_serve_many_memberships(database: Database, database_url: str) -> None:
    async with MembershipWorld.open(database) as world:
        values = await values_for(world)
        owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
        async with database.connection() as connection, owner:
            await keep_first_plans(connection, owner)
            for sent in (*SENT, store_grants.SELECT_LIVE, store_grants.MARK_GRANTED):
                await prepare(connection, sent, values)
            for asked in ASKED:
                await plan_for_good(connection, asked, values)
            for filling in BULK:
                await owner.execute(filling, values)
            values |= await values_of_a_part(world)
            await plan_anew(connection)
            for again in ("select 1", "analyze"):
                await owner.execute(again.encode())
                for statement in SENT:
                    check(statement, await plan_of(connection, statement, values), PAGES_MAX)
                for text in ASKED:
                    check(text, await plan_of(connection, text, values), PAGES_MAX)
                plan = await plan_of(connection, store_grants.SELECT_LIVE, values)
                check(store_grants.SELECT_LIVE, plan, PAGES_OF_A_CHUNK_MAX)
                assert {node.get("Index Name") for node in nodes(plan)} == {None, "live_memberships"}
                assert not [node for node in nodes(plan) if "Sort" in node["Node Type"]]
                plan = await plan_of_marks(connection, values)
                check(store_grants.MARK_GRANTED, plan, PAGES_OF_A_CHUNK_MAX)
                assert {node.get("Index Name") for node in nodes(plan)} == {None, "live_memberships"}
                assert [node["Node Type"] for node in nodes(plan) if "Join" in node["Node Type"]] == [
                    "Hash Join"
                ]


async def plan_of_marks(connection: Connection, values: dict[str, Any]) -> Plan:
    """The plan under the settings that are sent with it."""
    ways = ("nestloop", "mergejoin", "bitmapscan")
    for way in ways:
        await connection.execute(f"set enable_{way} = off".encode())
    plan = await plan_of(connection, store_grants.MARK_GRANTED, values)
    for way in ways:
        await connection.execute(f"reset enable_{way}".encode())
    return plan


async def values_of_a_part(world: MembershipWorld) -> dict[str, Any]:
    """A part of the memberships, as the monthly job marks it."""
    part = await world.rows(
        "select member_id, subscription_id from memberships where status = 'active' order by 1, 2 limit 100"
    )
    return {
        "first_member_id": part[0][0],
        "last_member_id": part[-1][0],
        "subscription_ids": [subscription_id for _, subscription_id in part],
        "period_starts": [NOW] * len(part),
    }


async def values_for(world: MembershipWorld) -> dict[str, Any]:
    """Values for all statements together, about the one membership that there is at first."""
    ann = await world.member()
    subscription = await world.buy(ann)
    await world.tell_all()
    return {
        "program_id": world.program.program_id,
        "location_id": world.venue.location_id,
        "sold_at_location_id": world.venue.location_id,
        "member_id": ann,
        "subscription_id": subscription["id"],
        "first_member_id": ann,
        "last_member_id": ann,
        "subscription_ids": [subscription["id"]],
        "period_starts": [NOW],
        "status": "active",
        "stripe_status": "active",
        "stripe_customer_id": "cus_2",
        "period_start": NOW,
        "period_end": NOW + timedelta(days=30),
        "period_is_paid": True,
        "granted_period_start": NOW,
        "started_at": NOW,
        "question_number": 7,
        "now": NOW,
        "invoice_id": "in_1",
        "paid_minor": 999,
        "granted": 1,
        "taken_back": 0,
        "charge_id": "ch_777",
        "refunded_minor": 1,
        "disputed": True,
        "consumer": "memberships",
        "event_id": "evt_777",
        "checkout_key": uuid4(),
        "used_up_key": uuid4(),
        "terms": b"terms",
        "expires_at": NOW,
        "usable_until": NOW,
        "session_id": "cs_1",
        "url": "https://",
        "after_member_id": UUID(int=2**127),
        "after_subscription_id": "",
        "limit": 100,
        "many": MANY,
    }
