"""What kiosks read and write costs the same however long the history is.

Connections keep generic plans, so each statement is first planned on empty tables, as on the day of an
installation, or on tables known to be small. When one customer of many has a quarter of all orders, the
connection plans anew, which it does as it ages, first without statistics of them.
"""

from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest

from regulars.db.database import Database
from regulars.db.pipeline import Statement
from regulars.features.kiosk import store_carts, store_customers, store_orders
from tests.support.kiosk import KioskWorld
from tests.support.ledger import NOW
from tests.support.plans import check, keep_first_plans, nodes, plan_anew, plan_for_good, plan_now, plan_of
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

PAGES_MAX = 60
CUSTOMERS = bounded(3_000, 100_000)
ORDERS = bounded(20_000, 1_000_000)

BULK: list[LiteralString] = [
    """
    insert into members (program_id, member_id, number, name, created_at, updated_at)
    select %(program_id)s, gen_random_uuid(), 1000 + n, '', now(), now()
    from generate_series(1, %(customers)s) n
    """,
    """
    insert into carts (program_id, location_id, cart_session_id, member_id, attached_at)
    select %(program_id)s, %(location_id)s, 'cart-' || n,
        case when n %% 4 = 0 then %(member_id)s::uuid else m.ids[1 + n %% %(customers)s] end, now()
    from generate_series(1, %(orders)s) n,
        (select array_agg(member_id) from members where number > 1000) m (ids)
    """,
    """
    insert into paid_orders (
        program_id, location_id, order_id, payment_event_id, status, total_minor, currency, paid_at,
        member_id, cart_session_id, created_at, earned_at, updated_at
    )
    select program_id, location_id, 'order-' || cart_session_id, 'event-' || cart_session_id, 'earned', 100,
        'GBP', t.at, member_id, cart_session_id, t.at, t.at, t.at
    from (select *, row_number() over () as n from carts where cart_session_id like 'cart-%%') c,
        lateral (select %(now)s::timestamptz - interval '2 days' - c.n * interval '1 minute') t (at)
    """,
    """
    insert into redeemed_orders (
        program_id, location_id, order_id, payment_event_id, member_id, rewards, redeemed_at
    )
    select program_id, location_id, order_id, payment_event_id, member_id, 1, updated_at from paid_orders
    where order_id like 'order-%%'
    """,
    """
    insert into cart_holds (
        program_id, location_id, hold_id, cart_session_id, member_id, venue_rewards, program_rewards,
        venue_hold_id, discount_minor, status, expires_at, order_id, created_at, closed_at
    )
    select program_id, location_id, gen_random_uuid(), cart_session_id, member_id, 1, 0, gen_random_uuid(),
        100, s.status, updated_at, case when s.status = 'redeemed' then order_id end, updated_at,
        case when s.status <> 'active' then updated_at end
    from paid_orders, lateral (
        select case when order_id like '%%7' then 'redeemed' else 'expired' end
    ) s (status)
    where order_id like 'order-%%'
    """,
    """
    insert into cart_holds (
        program_id, location_id, hold_id, cart_session_id, member_id, venue_rewards, program_rewards,
        venue_hold_id, discount_minor, status, expires_at, order_id, created_at, closed_at
    )
    select program_id, location_id, gen_random_uuid(), 'cart-8', member_id, 1, 0, gen_random_uuid(),
        100, 'expired', t.at, null, t.at, t.at
    from carts, generate_series(1, 100) n, lateral (select now() - n * interval '1 minute') t (at)
    where cart_session_id = 'cart-8'
    """,
    """
    insert into cart_hold_requests (
        program_id, location_id, scope, key, cart_session_id, member_id, reward_count, refusal, created_at
    )
    select program_id, location_id, 'kiosk', cart_session_id, cart_session_id, member_id, 1, 'x', attached_at
    from carts
    on conflict do nothing
    """,
]

LOOK_UPS: list[Statement] = [
    store_orders.LOCK_ORDERS,
    store_orders.FIND_CUSTOMERS,
    store_orders.UPDATE_ORDER,
    store_orders.READ_REDEEMED,
    store_carts.ATTACH,
    store_carts.OPEN_CART,
    store_carts.LOCK_CARTS,
    store_carts.LOCK_HOLDS,
    store_carts.READ_HOLD,
    store_carts.CLOSE_HOLD,
    store_carts.EXPIRE_HOLDS,
    store_carts.READ_REQUEST,
    store_carts.FORGET_REQUESTS,
    store_customers.FIND_CUSTOMER,
]
INSERTS: list[Statement] = [
    store_orders.INSERT_ORDER,
    store_orders.INSERT_REDEEMED,
    store_carts.INSERT_HOLD,
    store_carts.INSERT_REQUEST,
]


@pytest.mark.parametrize("is_known_to_be_small", [False, True])
async def test_plans_made_early_serve_a_long_history(
    database: Database, database_url: str, is_known_to_be_small: bool
) -> None:
    world = await KioskWorld.create(database)
    ann = await world.customer()
    owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with database.connection() as connection, owner:
        await keep_first_plans(connection, owner)
        if is_known_to_be_small:
            await use_a_little(world, ann)
            await owner.execute("vacuum analyze")
        values = values_for(world, ann)
        for statement in LOOK_UPS:
            await plan_now(connection, statement, values)
        await plan_for_good(connection, store_customers.COUNT, values)
        await fill(owner, values, is_known_to_be_small=is_known_to_be_small)
        await plan_anew(connection)
        for again in ("select 1", "analyze"):
            await owner.execute(again.encode())
            for statement in LOOK_UPS:
                # An order keeps its own event.
                own = {"payment_event_id": "event-cart-7"} if statement is store_orders.UPDATE_ORDER else {}
                check(statement, await plan_of(connection, statement, values | own), PAGES_MAX)
            counting = await plan_of(connection, store_customers.COUNT, values)
            check(store_customers.COUNT, counting, PAGES_MAX)
            used = {node.get("Index Name") for node in nodes(counting)}
            assert {"paid_orders_by_time", "redeemed_orders_by_time"} <= used


async def use_a_little(world: KioskWorld, ann: UUID) -> None:
    """A few rows in each table."""
    await world.give(ann, 9)
    for number in range(3):
        cart = f"small-{number}"
        await world.hold(cart, ann, key=cart)
        await world.redeem(world.order(), cart)
        await world.earn(world.order(100, ann, cart_session_id=cart))


async def fill(owner: Any, values: dict[str, Any], *, is_known_to_be_small: bool) -> None:
    """One customer of many with a quarter of all orders."""
    # Foreign keys are looked up with early plans too, so small tables take longer to fill.
    orders = ORDERS // 4 if is_known_to_be_small else ORDERS
    for statement in BULK:
        await owner.execute(statement, values | {"customers": CUSTOMERS, "orders": orders})
    await owner.execute("select brin_summarize_new_values('cart_hold_requests_by_age')")


def values_for(world: KioskWorld, ann: UUID) -> dict[str, Any]:
    """What every statement that looks something up is sent with."""
    return {
        "program_id": world.program_id, "location_id": world.venue.location_id, "member_id": ann,
        "order_id": "order-cart-7", "payment_event_id": "event-cart-9", "cart_session_id": "cart-8",
        "hold_id": UUID(int=7),
        "scope": "kiosk", "key": "cart-7", "now": NOW, "since": NOW,
        "older_than": NOW - timedelta(days=1), "limit": 10,
        "status": "earned", "total_minor": 100, "currency": "GBP", "paid_at": NOW, "points_earned": 0,
        "rewards_converted": 0, "earn_id": None, "refunded_minor": 0, "disputes": "[]",
        "points_taken_back": 0,
        "earned_at": NOW, "updated_at": NOW,
    }  # fmt: skip


def test_every_statement_is_looked_at() -> None:
    """Those that insert one row have nothing to find but their keys."""
    sent = {
        statement
        for store in (store_orders, store_carts, store_customers)
        for statement in vars(store).values()
        if isinstance(statement, Statement)
    }
    assert sent == {*LOOK_UPS, *INSERTS}
