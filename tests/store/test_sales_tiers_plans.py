"""Looking at tiers that are due costs the same however many are followed.

Connections keep generic plans, so each statement is first planned on empty tables, as on the day of an
installation. When very many members are followed, the connection plans anew, which it does as it ages, first
without statistics of them.
"""

from datetime import timedelta
from typing import Any, LiteralString

import msgspec
import psycopg

from regulars.db.arrays import plain_array
from regulars.db.database import Database
from regulars.db.pipeline import Statement
from regulars.features.members.model import Member
from regulars.features.sales import store, store_tiers
from tests.support.enrolment import NOW
from tests.support.plans import check, keep_first_plans, nodes, plan_anew, plan_for_good, plan_now, plan_of
from tests.support.sales import DAY
from tests.support.soak import as_long_as_asked, bounded
from tests.support.told_tiers import TierWorld

pytestmark = as_long_as_asked

PAGES_MAX = 80
CUSTOMERS = bounded(20_000, 300_000)

BULK: list[LiteralString] = [
    """
    insert into members (program_id, member_id, number, name, created_at, updated_at)
    select %(program_id)s, gen_random_uuid(), 1000 + n, '', now(), now()
    from generate_series(1, %(customers)s) n
    """,
    """
    insert into sales (
        program_id, location_id, member_id, fingerprint, currency, total_minor, promo_unknown, tier, visits,
        discount_type, wet_percent, dry_percent, wet_account, dry_account, sold_at
    )
    select %(program_id)s, %(location_id)s, member_id, '', 'GBP', 100, false, 'Member', 0, 'discount', 5, 10,
        '#2303', '#3303', %(now)s::timestamptz - n * interval '10 days'
    from members, generate_series(1, 4) n
    where number > 1000
    """,
    # One in ten has been due for long, and one in three is never.
    """
    insert into told_tiers (
        program_id, member_id, location_id, tier, previous_tier, counted_from, told_at
    )
    select program_id, member_id, %(location_id)s, 'Loyalty', 'Member',
        case when number %% 3 > 0
            then %(now)s::timestamptz - case when number %% 10 = 0 then interval '30 days' else '10 days' end
        end,
        %(now)s
    from members where number > 1000
    """,
]

STATEMENTS: list[Statement] = [
    store.READ_CUSTOMER,
    store_tiers.TELL,
    store_tiers.LOCK_DUE,
    store_tiers.WRITE,
    store_tiers.FORGET,
]


async def test_plans_made_early_serve_a_crowd(database: Database, database_url: str) -> None:
    world = await TierWorld.create(database)
    ann = await world.customer()
    await world.come(ann, *[NOW] * 4)
    owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with database.connection() as connection, owner:
        await keep_first_plans(connection, owner)
        values = values_for(world, ann)
        for statement in STATEMENTS:
            await plan_now(connection, statement, values)
        await plan_for_good(connection, store_tiers.SELECT_PROGRAMS, {})
        for text in BULK:
            await owner.execute(text, values | {"customers": CUSTOMERS})
        await plan_anew(connection)
        for again in ("select 1", "analyze"):
            await owner.execute(again.encode())
            for statement in STATEMENTS:
                check(statement, await plan_of(connection, statement, values), PAGES_MAX)
            programs = nodes(await plan_of(connection, store_tiers.SELECT_PROGRAMS, {}))
            whole = {node["Relation Name"] for node in programs if node["Node Type"] == "Seq Scan"}
            assert whole <= {"programs", "webhook_endpoints"}


def values_for(world: TierWorld, ann: Member) -> dict[str, Any]:
    """What every statement is sent with."""
    since = NOW - 28 * DAY
    hotels = [
        {"location_id": hotel.location_id, "since": since} for hotel in (world.high_street, world.number_four)
    ]
    tier = {
        "member_id": ann.member_id,
        "location_id": world.high_street.location_id,
        "tier": "Regular",
        "counted_from": since - timedelta(days=1),
        "told_at": NOW,
    }
    return tier | {
        "program_id": world.program_id,
        "previous_tier": "Loyalty",
        "number": ann.number,
        "since": since,
        "now": NOW,
        "hotels": msgspec.json.encode(hotels).decode(),
        "tiers": msgspec.json.encode([tier]).decode(),
        "member_ids": plain_array([ann.member_id.hex]).decode(),
        "limit": 5,
    }


def test_every_statement_is_looked_at() -> None:
    sent = {each for each in vars(store_tiers).values() if isinstance(each, Statement)}
    assert sent <= set(STATEMENTS)
