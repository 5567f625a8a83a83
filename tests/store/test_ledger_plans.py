"""What the ledger reads costs the same however long the history is: plans and buffers, not times.

Connections keep generic plans, so each statement is first planned on empty tables, as on the day of an
installation, and looked at again when one member alone has 50,000 transfers.
"""

from collections import defaultdict
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import pytest

from regulars.base.clock import utc_now
from regulars.base.ids import id_floor, new_id
from regulars.db.database import Connection, Database
from regulars.db.pipeline import Pipeline, Sent
from regulars.db.transactions import BEGIN, COMMIT
from regulars.features.ledger import (
    actions,
    crediting,
    posting,
    store_accounts,
    store_bulk,
    store_earning,
    store_lists,
    store_posting,
    store_reading,
    store_upkeep,
)
from regulars.features.ledger.model import AccountReference, HoldStatus, Transfer
from regulars.features.ledger.model_bulk import ROWS_MAX, BulkEarn, BulkEarnRow
from regulars.features.ledger.model_lists import HistoryFilter
from tests.support.ledger import NOW, TILL, claim, earn, refund
from tests.support.ledger_world import LedgerWorld
from tests.support.plans import check, keep_first_plans, nodes, plan_of

TRANSFERS = 50_000
OTHER_MEMBERS = 2_000
PLANNED_AFTER = 6
"""psycopg prepares a statement when it comes for the sixth time."""

BULK: list[LiteralString] = [
    """
    insert into accounts (program_id, account_id, member_id, asset, updated_at)
    select m.program_id, gen_random_uuid(), m.member_id, 'points', m.created_at from members m
    on conflict do nothing
    """,
    """
    insert into transfers (program_id, transfer_id, account_id, version, verb, action, amount, balance_after,
        counterparty, source, effective_at, created_at)
    select a.program_id, (t.milliseconds || '70008000' || lpad(to_hex(n), 12, '0'))::uuid, a.account_id, n,
        case mod(n, 2) when 1 then 'earn' else 'redeem' end, 'a', 2 * mod(n, 2) - 1, mod(n, 2),
        'issuance', 'till', t.at, t.at
    from accounts a, generate_series(1, %(transfers)s) n,
        lateral (select a.updated_at + n * interval '1 minute') s (at),
        lateral (
            select s.at, lpad(to_hex((extract(epoch from s.at) * 1000)::bigint), 12, '0')
        ) t (at, milliseconds)
    where a.member_id = %(member_id)s
    """,
    """
    insert into redemptions (program_id, transfer_id, account_id, redeemed, refunded, redeemed_at)
    select program_id, transfer_id, account_id, 1, mod(version, 4) / 2, created_at
    from transfers where verb = 'redeem'
    """,
    """
    insert into claims (program_id, scope, key, fingerprint, transfer_id, created_at)
    select program_id, 'request:1', transfer_id::text, '', transfer_id, created_at from transfers
    """,
    """
    insert into holds (program_id, hold_id, account_id, amount, status, created_at, closed_at)
    select program_id, transfer_id, account_id, 1, 'released', created_at, created_at
    from transfers
    """,
]


async def plan_everything(world: LedgerWorld, connection: Connection, account: AccountReference) -> None:
    """Every statement is run often enough to be planned for good."""
    program_id = world.program_id
    wanted = HistoryFilter(member_id=account.member_id, since=NOW, until=NOW, offset=49_000)
    everything = store_lists.LAST_ID
    for number in range(PLANNED_AFTER):
        keyed = claim(f"key-{number}")
        await posting.post(connection, program_id, [refund(everything, 1, account, keyed)], world.clock)
        await posting.post(connection, program_id, [earn(1, account, keyed)], world.clock)
        await posting.post(connection, program_id, [earn(1, account), earn(1, account)], world.clock)
        await actions.account_state(connection, program_id, account, NOW)
        await actions.list_history(connection, program_id, wanted)
        await actions.list_history(connection, program_id, HistoryFilter())
        await actions.balance_at(connection, program_id, account, NOW)
        await actions.period_totals(connection, program_id, account, since=NOW)
        await actions.list_redemptions(connection, program_id, account, limit=50)
        for member_id in (account.member_id, None):
            await actions.list_holds(
                connection, program_id, statuses=[HoldStatus.PENDING], now=NOW, member_id=member_id
            )
        await actions.find_transfer(connection, program_id, everything)
        await store_upkeep.accounts_with_due_holds(connection, NOW, 10)
        await actions.forget_claims(connection, NOW, 10)


async def long_history(world: LedgerWorld) -> AccountReference:
    """One member with 50,000 transfers, a few of them through the ledger, among 2,000 members."""
    account, *_ = await world.accounts(1 + OTHER_MEMBERS)
    async with world.owner() as connection:
        for table in ("accounts", "transfers", "holds", "redemptions", "claims"):
            await connection.execute(f"alter table {table} set (autovacuum_enabled = off)".encode())
        for statement in BULK:
            await connection.execute(statement, {"member_id": account.member_id, "transfers": TRANSFERS})
        await connection.execute("select brin_summarize_new_values('claims_by_age')")
        await connection.execute(
            "update accounts set version = %s, credited = %s, debited = %s where member_id = %s",
            [TRANSFERS, TRANSFERS // 2, TRANSFERS // 2, account.member_id],
        )
    return account


Case = tuple[LiteralString, int, dict[str, Any]]


def cases(account: AccountReference, account_id: UUID, transfer: Transfer) -> list[Case]:
    """Each statement with values that need few rows of many, and how many pages it may touch."""
    member = {"member_id": account.member_id, "asset": "points", "location_id": 0}
    references = {"references": _json([account])}
    page = {"limit": 50, "offset": 0, "skip": 0}
    late, transfer_id = transfer.created_at, transfer.transfer_id
    keys = _json([{"scope": "request:1", "key": key} for key in (str(transfer_id), "none")])
    row = {
        "account_id": account_id, "balance": 0, "held": 0, "credited": 0, "debited": 0, "owed": 0,
        "version": TRANSFERS, "updated_at": NOW,
    }  # fmt: skip
    write = {"transfers": "[]", "claims": "[]", "account_ids": f"{{{account_id}}}", "accounts": _json([row])}
    always = {"since": store_reading.EPOCH, "until": store_reading.FOREVER}
    lately = {"since": late, "until": store_reading.FOREVER}
    program = {"asset": "points", "since_id": id_floor(NOW), "until_id": store_lists.LAST_ID}
    holds = {"before": store_lists.LAST_ID, "now": NOW, "lapsed": False, "limit": 50}
    some, none = {"statuses": ["released", "captured"]}, {"statuses": ["pending"]}
    return [
        (store_accounts.LOCK_ACCOUNTS.text, 10, references),
        (store_accounts.READ_POSITIONS.text, 25, references),
        (store_accounts.READ_ACCOUNTS, 25, references),
        (store_accounts.READ_CLAIMS.text, 20, {"claims": keys}),
        (store_accounts.READ_TARGETS.text, 12, {"targets": _json([{"transfer_id": transfer_id}])}),
        (store_posting.WRITE_POSTINGS.text, 20, write),
        (store_posting.WRITE_ACCOUNT.text, 15, row),
        (store_reading.HISTORY_OF_ACCOUNT, 20, member | page | {"skip": 49_000}),
        (store_reading.HISTORY_OF_ACCOUNT, 250, member | page | {"since": late, "until": late}),
        (store_reading.HISTORY_OF_ACCOUNT, 25, member | page | {"before": transfer_id}),
        (store_reading.HISTORY_OF_PROGRAM, 250, program | page | always),
        (store_reading.HISTORY_OF_PROGRAM, 250, program | page | lately | {"since_id": id_floor(late)}),
        (store_reading.BALANCE_AT, 120, member | {"at": late}),
        (store_reading.PERIOD_TOTALS, 120, member | {"since": late}),
        (store_lists.LIST_REDEMPTIONS, 450, member | {"before": store_lists.LAST_ID, "limit": 50}),
        (store_reading.FIND_TRANSFER, 12, {"transfer_id": transfer_id}),
        (store_lists.HOLDS_OF_PROGRAM, 250, holds | some),
        (store_lists.HOLDS_OF_PROGRAM, 12, holds | none),
        (store_lists.HOLDS_OF_MEMBER, 60, holds | some | {"member_id": account.member_id}),
        (store_upkeep.DUE_HOLDS, 12, {"now": late, "limit": 500}),
        (store_upkeep.FORGET_CLAIMS, 25, {"older_than": NOW, "limit": 500}),
    ]


def _json(rows: Any) -> str:
    return msgspec.json.encode(rows).decode()


async def test_plans_made_on_empty_tables_serve_a_long_history(database: Database, database_url: str) -> None:
    world = await LedgerWorld.create(database, database_url)
    async with database.connection() as connection, world.owner() as owner:
        await keep_first_plans(connection, owner)
        await plan_everything(world, connection, await world.account())
        account = await long_history(world)
        wanted = HistoryFilter(member_id=account.member_id, limit=1, offset=9)
        [row] = await actions.list_history(connection, world.program_id, wanted)
        for statement in ("select 1", "analyze"):
            await owner.execute(statement.encode())
            for query, buffers_max, values in cases(account, row.transfer.account_id, row.transfer):
                known = defaultdict(lambda: None, values | {"program_id": world.program_id})
                plan = await plan_of(connection, query, known)
                check(query, plan, buffers_max)


async def test_a_bulk_earn_reads_the_accounts_of_its_rows_only(database: Database, database_url: str) -> None:
    world = await LedgerWorld.create(database, database_url)
    async with database.connection() as connection, world.owner() as owner:
        await keep_first_plans(connection, owner)
        for _ in range(PLANNED_AFTER):
            await credit(connection, world.program_id, [new_id()])
        await long_history(world)
        await owner.execute("analyze")
        cursor = await owner.execute("select member_id from accounts order by member_id limit 10")
        values = await credit(connection, world.program_id, [row[0] for row in await cursor.fetchall()])
        plan = await plan_of(connection, store_bulk.CREDIT, values)

    check(store_bulk.CREDIT, plan, 400)
    [credited] = [node for node in nodes(plan) if node.get("Subplan Name") == "CTE credited"]
    joins = [node["Node Type"] for node in nodes(credited) if node["Node Type"].endswith(("Join", "Loop"))]
    assert joins == ["Nested Loop", "Hash Join"], "claims are looked up, accounts meet their rows in a hash"
    [accounts] = [
        node for node in nodes(plan) if node.get("Relation Name") == "accounts" and "Index Name" in node
    ]
    assert "member_id = ANY" in accounts["Index Cond"], "each account by its member, in their order"


@pytest.mark.parametrize(("rows", "is_told"), [(1, False), (1, True), (10, True)])
async def test_unrelated_earns_read_the_accounts_of_their_rows_only(
    database: Database, database_url: str, rows: int, is_told: bool
) -> None:
    world = await LedgerWorld.create(database, database_url)
    async with database.connection() as connection, world.owner() as owner:
        await keep_first_plans(connection, owner)
        for _ in range(PLANNED_AFTER):
            await send_earns(connection, world.program_id, [new_id() for _ in range(rows)], is_told)
        await long_history(world)
        await owner.execute("analyze")
        cursor = await owner.execute("select member_id from accounts order by member_id limit %s", [rows])
        members = [row[0] for row in await cursor.fetchall()]
        earns = await send_earns(connection, world.program_id, members, is_told)
        plan = await plan_of(connection, earns.statement, values_of(earns))

    check(earns.statement, plan, 60 * rows)
    [accounts] = [
        node for node in nodes(plan) if node.get("Relation Name") == "accounts" and "Index Name" in node
    ]
    if rows > 1:
        assert "member_id = ANY" in accounts["Index Cond"], "each account by its member, in their order"


async def test_a_first_bulk_earn_on_a_new_database_takes_no_time(
    database: Database, database_url: str
) -> None:
    """Nothing is known of its tables yet; compared with each other, its rows once took half a minute."""
    world = await LedgerWorld.create(database, database_url)
    rows = [
        BulkEarnRow(account.member_id, 1, claim(str(place)))
        for place, account in enumerate(await world.accounts(ROWS_MAX))
    ]
    bulk = BulkEarn(action="grant", attribution=TILL, rows=rows)

    async with database.connection() as connection:
        await connection.execute("set statement_timeout = '8s'")
        outcome = await crediting.credit(connection, world.program_id, bulk, utc_now)

    assert (outcome.posted, outcome.declined) == (ROWS_MAX, {})
    assert await world.findings() == []


async def credit(connection: Connection, program_id: int, member_ids: list[UUID]) -> dict[str, Any]:
    """The parameters with which a point was given to each."""
    rows = [BulkEarnRow(member_id, 1, claim(str(member_id))) for member_id in member_ids]
    pipeline = Pipeline(connection)
    pipeline.send(BEGIN)
    bulk = BulkEarn(action="grant", attribution=TILL, rows=rows)
    sent = store_bulk.send_credits(pipeline, program_id, bulk, rows, utc_now())
    pipeline.send(COMMIT)
    await pipeline.flush()
    return values_of(sent)


async def send_earns(connection: Connection, program_id: int, member_ids: list[UUID], is_told: bool) -> Sent:
    """The statement with which each earned a point under a new claim."""
    commands = [earn(1, AccountReference(each), claim(str(new_id()))) for each in member_ids]
    pipeline = Pipeline(connection)
    ids = [new_id() for _ in commands]
    sent = store_earning.send_earns(
        pipeline, program_id, commands, ids, utc_now(), lock_seconds_max=1, is_told=is_told
    )
    await pipeline.flush()
    return sent


def values_of(sent: Sent) -> dict[str, Any]:
    """The parameters of a statement by their names."""
    values = [None if value is None else value.decode() for value in sent.values]
    return dict(zip(sent.statement.parameters, values, strict=True))
