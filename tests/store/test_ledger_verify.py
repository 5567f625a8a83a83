"""`verify` finds nothing in a ledger that adds up, and each invariant that is broken behind its back."""

import asyncio
from collections.abc import Iterator

import pytest

from regulars.db.database import Connection, Database, server_conninfo
from regulars.db.invariants import SHOWN_MAX
from regulars.features.ledger import actions
from regulars.features.ledger.verify import CHECKS, check
from tests.support.ledger import NOW, adjust, capture, claim, earn, redeem, refund, release, reserve
from tests.support.ledger_world import LedgerWorld, create_program
from tests.support.postgres import PostgresServer

BALANCE = "I1 balance is the sum of the transfers"
CHAIN = "I1 every transfer continues the one before"
HELD = "I2 held is the sum of the pending holds"
OWED = "I2 nothing is owed that could have been paid"
KEYS = "I3 one transfer for each key"
BOOKS = "I4 the books sum to zero"
HOLDS = "I5 one end for each hold"
STEPS = "I5 every step of a hold has its hold"
REFUNDS = "I6 refunds stay within their redeem"
REDEEMS = "I6 every refund has its redeem"
CLAIMS = "I8 claims answer with their own transfer"

COPY_OF_TRANSFER = """
insert into transfers (program_id, transfer_id, account_id, version, verb, action, amount, balance_after,
    counterparty, parent_id, hold_id, source, effective_at, created_at)
select program_id, gen_random_uuid(), {account_id}, {version}, '{verb}', action, {amount}, {balance},
    counterparty, {parent_id}, {hold_id}, source, created_at, created_at
from transfers where verb = '{like}' limit 1
"""


def copy_of(like: str, **changes: str) -> str:
    columns = {
        "account_id": "account_id", "version": "version + 100", "verb": like, "amount": "amount",
        "balance": "balance_after", "parent_id": "parent_id", "hold_id": "hold_id",
    }  # fmt: skip
    return COPY_OF_TRANSFER.format(like=like, **(columns | changes))


SECOND_CLAIM = """
insert into claims (program_id, scope, key, fingerprint, transfer_id, created_at)
select program_id, 'request:9', key, fingerprint, transfer_id, created_at from claims
where transfer_id is not null limit 1
"""
MANY_TRANSFERS = """
insert into transfers (program_id, transfer_id, account_id, version, verb, action, amount, balance_after,
    counterparty, source, effective_at, created_at)
select 2, gen_random_uuid(), account_id, 10 + n, 'earn', 'a', 1, 0, 'issuance', 'till', now(), now()
from accounts, generate_series(1, 50) n where program_id = 2
"""

PLANTED: list[tuple[str, str]] = [
    ("update accounts set balance = balance + 1, credited = credited + 1", BALANCE),
    ("update accounts set balance = balance + 1, credited = credited + 1", BOOKS),
    ("update accounts set credited = credited + 1, debited = debited + 1", BALANCE),
    ("update accounts set version = version + 1", BALANCE),
    ("delete from transfers where version = 1", BALANCE),
    ("delete from transfers where version = 2", CHAIN),
    (copy_of("earn", account_id="gen_random_uuid()", version="1", amount="5", balance="5"), BALANCE),
    (copy_of("earn", account_id="gen_random_uuid()", version="1", amount="5", balance="5"), BOOKS),
    ("update transfers set balance_after = balance_after + 1 where version = 2", CHAIN),
    ("update transfers set amount = amount + 1 where version = 1", CHAIN),
    ("update transfers set created_at = created_at - interval '1 day' where version = 3", CHAIN),
    ("update accounts set held = held + 1", HELD),
    ("update holds set amount = amount + 1 where status = 'pending'", HELD),
    ("update holds set status = 'expired', closed_at = created_at where status = 'pending'", HELD),
    ("delete from holds where status = 'pending'", HELD),
    ("update accounts set owed = 1", OWED),
    (SECOND_CLAIM, KEYS),
    ("update holds set status = 'expired', closed_at = created_at where status = 'pending'", HOLDS),
    ("update holds set status = 'pending', closed_at = null where status = 'released'", HOLDS),
    ("update holds set captured = captured - 1 where status = 'captured'", HOLDS),
    ("delete from transfers where verb = 'release'", HOLDS),
    ("delete from transfers where verb = 'reserve'", HOLDS),
    (copy_of("release", verb="expire"), HOLDS),
    (copy_of("reserve", hold_id="gen_random_uuid()"), STEPS),
    (copy_of("reserve", hold_id="null"), STEPS),
    (copy_of("earn", hold_id="(select hold_id from holds limit 1)"), STEPS),
    ("update redemptions set refunded = refunded + 1 where refunded < redeemed", REFUNDS),
    ("update redemptions set redeemed = redeemed + 1", REFUNDS),
    ("delete from redemptions", REFUNDS),
    ("delete from transfers where verb = 'redeem'", REDEEMS),
    ("delete from transfers where verb = 'refund'", REFUNDS),
    (copy_of("refund"), REFUNDS),
    (copy_of("refund", parent_id="gen_random_uuid()"), REDEEMS),
    (copy_of("refund", parent_id="null"), REDEEMS),
    (copy_of("refund", parent_id="(select transfer_id from transfers where verb = 'adjust')"), REDEEMS),
    ("update transfers set account_id = gen_random_uuid() where verb = 'refund'", REDEEMS),
    ("update claims set key = 'other' where transfer_id is not null", CLAIMS),
    ("update claims set transfer_id = gen_random_uuid() where transfer_id is not null", CLAIMS),
]


async def fill(world: LedgerWorld) -> None:
    """An account on which everything happened, and another program's."""
    account = await world.account()
    captured, released, expired = (reserve(amount, account) for amount in (5, 6, 7))
    lapsing = reserve(2, account, expires_at=NOW)
    await world.post(
        earn(100, account, claim()), redeem(500, account, claim("refused")), redeem(20, account), lapsing
    )
    redeem_id = (await world.state(account)).redemptions[0].transfer_id
    world.clock.advance(days=1)
    await world.post(
        adjust(-3, account), captured, released, expired, capture(captured.hold_id, 4, account),
        release(released.hold_id, account), refund(redeem_id, 3, account), refund(redeem_id, 2, account),
    )  # fmt: skip
    second = await create_program(world.database, "second")
    [stranger] = await world.accounts(1, second)
    await world.ledger.post_batch(second, [earn(9, stranger, claim())])


@pytest.fixture(scope="module")
def books(postgres: PostgresServer) -> Iterator[str]:
    """A ledger that adds up, with every kind of row."""

    async def prepare() -> None:
        database = await Database.open(url)
        await fill(await LedgerWorld.create(database, url))
        await database.close()

    with postgres.migrated_database() as url:
        asyncio.run(prepare())
        yield url


async def found(books: str, *faults: str) -> list[actions.Finding]:
    """What `verify` says of the books with faults planted in them, which are undone afterwards."""
    async with await Connection.connect(books) as connection:
        # Constraints of foreign keys are triggers too.
        await connection.execute("alter table holds drop constraint holds_program_id_account_id_fkey")
        for table in ("transfers", "holds"):
            await connection.execute(f"alter table {table} disable trigger user".encode())
        for fault in faults:
            cursor = await connection.execute(fault.encode())
            assert cursor.rowcount > 0, "the fault was not planted"
        findings = await check(connection)
        await connection.rollback()
    return findings


async def test_a_ledger_that_adds_up_has_no_findings(books: str) -> None:
    assert await found(books) == []
    async with await Connection.connect(server_conninfo(books), autocommit=True) as connection:
        assert await actions.verify(connection) == []


async def test_an_empty_ledger_has_no_findings(database: Database) -> None:
    async with database.connection() as connection:
        assert await actions.verify(connection) == []


@pytest.mark.parametrize(("fault", "invariant"), PLANTED)
async def test_a_planted_fault_is_found(books: str, fault: str, invariant: str) -> None:
    findings = await found(books, fault)

    assert invariant in {finding.invariant for finding in findings}
    assert all(finding.detail and finding.program_id in (1, 2) for finding in findings)


def test_every_check_is_tried() -> None:
    assert {invariant for _, invariant in PLANTED} == set(CHECKS)


async def test_findings_say_which_program_and_are_bounded(books: str) -> None:
    findings = [finding for finding in await found(books, MANY_TRANSFERS) if finding.invariant == CHAIN]

    assert len(findings) == SHOWN_MAX
    assert {finding.program_id for finding in findings} == {2}
