"""What stores read and write costs the same however long the history is.

Connections keep generic plans, so each statement is first planned on empty tables, as on the day of an
installation. When one member of many has a quarter of all loans, the connection plans anew, which it does as
it ages, first without statistics of them.
"""

from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from regulars.db.arrays import plain_array
from regulars.db.database import Database
from regulars.db.parameters import bytea
from regulars.db.pipeline import Statement
from regulars.features.lending import store_borrowers, store_due, store_loans, store_reading
from regulars.features.photos import store_claims
from regulars.features.replays import store as replays
from tests.support.ledger import NOW
from tests.support.lending import Wardrobes
from tests.support.plans import check, keep_first_plans, plan_anew, plan_for_good, plan_now, plan_of
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

PAGES_MAX = 60
MEMBERS = bounded(3_000, 100_000)
LOANS = bounded(20_000, 1_000_000)

BULK: list[LiteralString] = [
    """
    insert into members (program_id, member_id, number, name, created_at, updated_at)
    select %(program_id)s, gen_random_uuid(), 1000 + n, '', now(), now()
    from generate_series(1, %(members)s) n
    """,
    """
    insert into borrowers (
        program_id, member_id, plan, status, cycle_anchor_at, cycle_starts_at, cycle_ends_at, created_at,
        updated_at
    )
    select program_id, member_id, 'PLUS', 'ACTIVE', %(now)s, %(now)s, %(until)s, %(now)s, %(now)s
    from members where number > 1000
    """,
    """
    insert into loans (
        program_id, loan_id, member_id, store_location, checked_out_at, due_at, returned_at, reminded_at
    )
    select %(program_id)s, gen_random_uuid(),
        case when n %% 4 = 0 then %(member_id)s::uuid else m.ids[1 + n %% %(members)s] end, 'A', t.at,
        t.at + interval '30 days', t.at + interval '3 days', t.at + interval '2 days'
    from generate_series(1, %(loans)s) n,
        lateral (select %(now)s::timestamptz - interval '60 days' - n * interval '1 minute') t (at),
        (select array_agg(member_id) from members where number > 1000) m (ids)
    """,
    """
    insert into photos (
        program_id, photo_id, purpose, extension, width, height, size_bytes, thumbnail_size_bytes, owner_id,
        created_at, used_at
    )
    select program_id, loan_id, 'loan', 'jpg', 1, 1, 1, 1, member_id, checked_out_at, checked_out_at
    from loans where returned_at is not null
    """,
    """
    insert into loan_photos (program_id, loan_id, position, photo_id)
    select program_id, loan_id, 1, loan_id from loans where returned_at is not null
    """,
    """
    insert into replays (program_id, scope, key, fingerprint, status, body, subject_id, created_at)
    select program_id, 'store', loan_id::text, 'x', 200, 'x', member_id, checked_out_at from loans
    """,
]

LOOK_UPS: list[Statement] = [
    store_borrowers.LOCK,
    store_borrowers.UPDATE,
    store_loans.LOCK,
    store_loans.RETURN,
    store_reading.OPEN,
    store_due.REMIND,
    store_due.CALL_OVERDUE,
    store_claims.LOCK,
    store_claims.USE,
    replays.READ_CLAIM,
    replays.UPDATE_ANSWER,
    replays.FORGET,
]
OWN: dict[Statement, dict[str, Any]] = {replays.UPDATE_ANSWER: {"status": 200}}
TEXTS: list[LiteralString] = [store_borrowers.HOLD]
INSERTS: list[Statement] = [
    store_loans.INSERT,
    store_loans.INSERT_PHOTOS,
    replays.INSERT_CLAIM,
]
OF_ONE_MEMBER = [store_reading.ALL, replays.DELETE_OF_SUBJECT]
"""These read or delete all that there is of one member, and nothing else."""


async def test_plans_made_early_serve_a_long_history(database: Database, database_url: str) -> None:
    shop = await Wardrobes.create(database)
    ann, ben = await shop.borrower(), await shop.borrower()
    lent = await shop.checkout(ben)
    owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with database.connection() as connection, owner:
        await keep_first_plans(connection, owner)
        values = values_for(shop, ben, lent.loan.loan_id, lent.photos[0].photo_id)
        for statement in (*LOOK_UPS, *OF_ONE_MEMBER):
            await plan_now(connection, statement, values | OWN.get(statement, {}))
        for text in TEXTS:
            await plan_for_good(connection, text, values)
        bulk = values | {"member_id": ann, "members": MEMBERS, "loans": LOANS}
        for text in BULK:
            await owner.execute(text, bulk)
        await owner.execute("select brin_summarize_new_values('replays_by_age')")
        await plan_anew(connection)
        for again in ("select 1", "analyze"):
            await owner.execute(again.encode())
            for statement in (*LOOK_UPS, *OF_ONE_MEMBER):
                sent = values | OWN.get(statement, {})
                check(statement, await plan_of(connection, statement, sent), PAGES_MAX)
            for text in TEXTS:
                check(text, await plan_of(connection, text, values), PAGES_MAX)


def values_for(shop: Wardrobes, ben: UUID, loan_id: UUID, photo_id: UUID) -> dict[str, Any]:
    """What every statement that looks something up is sent with."""
    return {
        "program_id": shop.program_id, "member_id": ben, "loan_id": loan_id, "subject_id": ben,
        "photo_ids": plain_array([str(photo_id)]).decode(), "plan": "PLUS", "status": "ACTIVE",
        "cycle_anchor_at": NOW, "cycle_starts_at": NOW, "cycle_ends_at": NOW + timedelta(days=31),
        "items_used": 1, "swaps_used": 0, "items_out": 1, "told_cycle_at": None, "store_location": None,
        "updated_at": NOW, "now": NOW, "until": NOW + timedelta(days=40), "limit": 10, "swapped_for": None,
        "scope": "store", "key": "k", "body": bytea(b"x").decode(), "older_than": NOW - timedelta(days=3000),
    }  # fmt: skip


def test_every_statement_is_looked_at() -> None:
    """Those that insert one row have nothing to find but their keys."""
    sent = {
        statement
        for store in (store_borrowers, store_loans, store_reading, store_due, store_claims, replays)
        for statement in vars(store).values()
        if isinstance(statement, Statement)
    }
    assert sent == {*LOOK_UPS, *INSERTS, *OF_ONE_MEMBER}
