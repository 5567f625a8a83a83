"""What stores read and write costs the same however long the history is.

Connections keep generic plans, so each statement is first planned on empty tables, as on the day of an
installation, and again when there are many rows, first without statistics of them.
"""

from datetime import timedelta
from typing import Any, LiteralString

import psycopg

from regulars.db.arrays import plain_array
from regulars.db.database import Database
from regulars.db.parameters import bytea
from regulars.db.pipeline import Statement
from regulars.features.referrals import (
    store_clicks,
    store_conversions,
    store_flags,
    store_maturing,
    store_products,
    store_referrals,
)
from tests.support.ledger import NOW
from tests.support.plans import check, keep_first_plans, plan_anew, plan_for_good, plan_now, plan_of
from tests.support.referrals import Shop
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

PAGES_MAX = 120
OWNERS = bounded(2_000, 100_000)
ROWS = bounded(20_000, 1_000_000)

BULK: list[LiteralString] = [
    """
    insert into members (program_id, member_id, number, name, created_at, updated_at)
    select %(program_id)s, gen_random_uuid(), 1000 + n, '', now(), now() from generate_series(1, %(owners)s) n
    """,
    """
    insert into referrers (program_id, member_id, person, created_at)
    select program_id, member_id, decode(replace(member_id::text, '-', ''), 'hex'), %(now)s
    from members where number > 1000
    """,
    """
    insert into referrals (
        program_id, rid, owner_id, product_id, status, reward_type, reward_value, currency, hold_days,
        created_at, expires_at
    )
    select program_id, translate(substr(encode(sha256(member_id::text::bytea), 'base64'), 1, 22), '+/', '-_'),
        member_id, %(product_id)s, 'active', 'storeCredit', 1000, 'USD', 30, %(now)s, %(until)s
    from members where number > 1000
    """,
    """
    insert into referral_events (program_id, rid, number, event_id, type, occurred_at)
    select %(program_id)s,
        case when n %% 4 = 0 then %(rid)s else r.rids[1 + n %% %(owners)s] end, 1000 + n, gen_random_uuid(),
        'click', %(now)s
    from generate_series(1, %(rows)s) n, (select array_agg(rid) from referrals) r (rids)
    """,
    """
    insert into referral_clicks (program_id, rid, device, counted_at)
    select program_id, rid, decode(md5(number::text), 'hex'), occurred_at from referral_events
    """,
    """
    insert into referral_sightings (program_id, kind, source, role, person, seen_at)
    select %(program_id)s, 'device',
        case when n %% 4 = 0 then %(device)s else decode(md5(n::text), 'hex') end, 'buyer',
        decode(md5(n::text), 'hex'), %(now)s
    from generate_series(1, %(rows)s) n
    """,
    """
    insert into referral_conversions (
        program_id, order_id, rid, owner_id, status, currency, reward_type, reward_amount, created_at,
        confirmed_at, order_total, hold_until, reward_status, payable_at
    )
    select %(program_id)s, 'order-' || n, r.rid, r.owner_id, 'confirmed', 'USD', 'storeCredit', 1000, %(now)s,
        %(now)s, 100, %(now)s::timestamptz + n * interval '1 s',
        case when n %% 4 = 0 then 'pending_hold' else 'payable' end,
        case when n %% 4 = 0 then null else %(now)s::timestamptz end
    from generate_series(1, %(rows)s) n,
        (select array_agg(rid), array_agg(owner_id) from referrals) a (rids, ids),
        lateral (select a.rids[1 + n %% %(owners)s], a.ids[1 + n %% %(owners)s]) r (rid, owner_id)
    """,
    """
    insert into fraud_flags (program_id, flag_id, rid, order_id, rule, status, created_at)
    select program_id, gen_random_uuid(), rid, order_id, 'shared_device', 'open', %(now)s
    from referral_conversions
    """,
]

LOOK_UPS: list[Statement] = [
    store_referrals.LOCK_OWNER,
    store_referrals.SELECT_CURRENT,
    store_referrals.COUNT_SINCE,
    store_referrals.SET_STATUS,
    store_referrals.SELECT_ONE,
    store_referrals.LOCK_ONE,
    store_referrals.FIND_PROGRAM,
    store_referrals.COUNT_REWARDS,
    store_referrals.SELECT_EVENTS,
    store_clicks.COUNT_CLICK,
    store_clicks.SIGHT,
    store_clicks.SELECT_SIGHTED,
    store_clicks.COUNT_BUYERS,
    store_conversions.LOCK,
    store_conversions.LOCK_LIVE_OF_RID,
    store_conversions.UPDATE,
    store_conversions.COUNT_CONVERSION,
    store_conversions.COUNT_SOURCES,
    store_flags.LOCK,
    store_flags.SELECT_ONE,
    store_flags.DECIDE,
    store_flags.SELECT_QUEUE,
    store_flags.INSERT,
    store_maturing.LOCK_DUE,
    store_maturing.LOCK_THESE,
    store_maturing.MARK_PAYABLE,
    store_maturing.MARK_OWNERLESS,
    store_maturing.LOCK_UNSPENT,
    store_maturing.SELECT_OWNERS_OF_UNSPENT,
    store_maturing.MARK_PAID,
]
OWN: dict[Statement, dict[str, Any]] = {
    store_referrals.SET_STATUS: {"status": "revoked"},
    store_conversions.UPDATE: {"status": "confirmed"},
    store_conversions.COUNT_CONVERSION: {"order_id": "a new order"},
    store_flags.DECIDE: {"status": "cleared"},
    store_maturing.MARK_PAID: {"order_ids": "{order-1}"},
    store_flags.SELECT_QUEUE: {"after": "00000000-0000-0000-0000-000000000000"},
}
TEXTS: list[LiteralString] = [
    store_products.SELECT_ONE,
    store_products.SELECT_ALL,
    store_clicks.FORGET_CLICKS,
    store_clicks.FORGET_SIGHTINGS,
]
AGES: dict[LiteralString, dict[str, Any]] = {
    text: {"before": NOW - timedelta(days=1)}
    for text in (store_clicks.FORGET_CLICKS, store_clicks.FORGET_SIGHTINGS)
}
INSERTS: list[Statement] = [store_referrals.INSERT, store_conversions.INSERT]


async def test_plans_made_early_serve_a_long_history(database: Database, database_url: str) -> None:
    shop = await Shop.create(database, buyers_per_device_max=1)
    referral = await shop.referral()
    await shop.buy(referral.rid, "first", device="shared")
    await shop.buy(referral.rid, "order", device="shared")
    [flag] = await shop.flags()
    owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with database.connection() as connection, owner:
        await keep_first_plans(connection, owner)
        values = values_for(shop, referral) | {"flag_id": flag.flag_id}
        for statement in LOOK_UPS:
            await plan_now(connection, statement, values | OWN.get(statement, {}))
        for text in TEXTS:
            await plan_for_good(connection, text, values | AGES.get(text, {}))
        bulk = values | {"owners": OWNERS, "rows": ROWS, "until": NOW + timedelta(days=30)}
        for text in BULK:
            await owner.execute(text, bulk | {"device": shop.hashes.device("shared")})
        await plan_anew(connection)
        for again in ("select 1", "analyze"):
            await owner.execute(again.encode())
            for statement in LOOK_UPS:
                sent = values | OWN.get(statement, {})
                check(statement, await plan_of(connection, statement, sent), PAGES_MAX)
            for text in TEXTS:
                sent = values | AGES.get(text, {})
                check(text, await plan_of(connection, text, sent), PAGES_MAX)


def values_for(shop: Shop, referral: Any) -> dict[str, Any]:
    """What every statement that looks something up is sent with."""
    device, person = shop.hashes.device("shared"), shop.hashes.person("somebody")
    assert device is not None
    return {
        "program_id": shop.program_id, "member_id": referral.owner_id, "product_id": referral.product_id,
        "rid": referral.rid, "person": bytea(person).decode(), "now": NOW + timedelta(hours=1),
        "since": NOW - timedelta(days=1), "limit": 10, "status": "open", "before": 2**62,
        "device": bytea(device).decode(), "address": bytea(b"address").decode(), "counted_before": NOW,
        "event_id": referral.product_id, "role": "buyer", "order_id": "order", "after": "",
        "statuses": "{pending_hold,payable}", "owner_id": referral.owner_id, "reason": None,
        "buyer": bytea(person).decode(), "currency": "USD", "reward_type": "storeCredit",
        "reward_amount": 1000, "order_total": 12900, "delivered_at": None, "confirmed_at": NOW,
        "reward_status": "pending_hold", "hold_until": NOW, "payable_at": None, "paid_at": None,
        "ended_at": None, "ended_as": None, "taken_back": False, "decided_by": "ann", "observed": None,
        "rule": "shared_device", "after_hold": "-infinity", "after_order": "",
        "order_ids": plain_array(["order"]).decode(),
        "owner_ids": plain_array([str(referral.owner_id)]).decode(),
        "after_owner": "00000000-0000-0000-0000-000000000000", "after_currency": "",
    }  # fmt: skip


def test_every_statement_is_looked_at() -> None:
    """Those that insert one row have nothing to find but their keys."""
    sent = {
        statement
        for store in (store_referrals, store_clicks, store_conversions, store_flags, store_maturing)
        for statement in vars(store).values()
        if isinstance(statement, Statement)
    }
    assert sent == {*LOOK_UPS, *INSERTS}
