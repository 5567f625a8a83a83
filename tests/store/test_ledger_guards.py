"""What the database itself refuses, whatever the code above it does."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from regulars.db.database import Database, server_conninfo
from tests.support.ledger import claim, earn, redeem, reserve
from tests.support.ledger_world import LedgerWorld
from tests.support.postgres import PostgresServer

Refusal = type[psycopg.Error]
Connection = psycopg.Connection[tuple[object, ...]]

TRANSFER = """
insert into transfers (program_id, transfer_id, account_id, version, verb, action, amount, balance_after,
    counterparty, source, effective_at, created_at)
select program_id, {id}, account_id, {version}, '{verb}', 'a', {amount}, {balance}, 'issuance', 'till',
    now(), now()
from accounts
"""


def transfer(
    verb: str, amount: int, balance: int = 10, version: int = 9, identity: str = "gen_random_uuid()"
) -> str:
    return TRANSFER.format(id=identity, version=version, verb=verb, amount=amount, balance=balance)


BROKEN_RULES: list[tuple[str, Refusal, str]] = [
    (
        "update accounts set balance = -1, debited = 14, held = -1",
        errors.CheckViolation,
        "balance_is_not_negative",
    ),
    (
        "update accounts set balance = 9007199254740992, credited = 9007199254740992, debited = 0",
        errors.CheckViolation,
        "balance_is_not_negative",
    ),
    ("update accounts set balance = 9", errors.CheckViolation, "balance_is_credited_less_debited"),
    ("update accounts set credited = 11", errors.CheckViolation, "balance_is_credited_less_debited"),
    ("update accounts set held = 11", errors.CheckViolation, "held_is_part_of_balance"),
    ("update accounts set held = -1", errors.CheckViolation, "held_is_part_of_balance"),
    ("update accounts set version = -1", errors.CheckViolation, "version_is_not_negative"),
    (
        (
            "insert into accounts (program_id, account_id, member_id, asset, updated_at) "
            "select program_id, gen_random_uuid(), member_id, asset, now() from accounts"
        ),
        errors.UniqueViolation,
        "accounts_program_id_member_id_asset_location_id_key",
    ),
    (
        (
            "insert into accounts (program_id, account_id, member_id, asset, updated_at) "
            "select program_id, gen_random_uuid(), gen_random_uuid(), asset, now() from accounts"
        ),
        errors.ForeignKeyViolation,
        "accounts_program_id_member_id_fkey",
    ),
    (transfer("earn", 0), errors.CheckViolation, "sign_fits_verb"),
    (transfer("earn", -1), errors.CheckViolation, "sign_fits_verb"),
    (transfer("refund", 0), errors.CheckViolation, "sign_fits_verb"),
    (transfer("redeem", 0), errors.CheckViolation, "sign_fits_verb"),
    (transfer("redeem", 1), errors.CheckViolation, "sign_fits_verb"),
    (transfer("capture", 1), errors.CheckViolation, "sign_fits_verb"),
    (transfer("adjust", 0), errors.CheckViolation, "sign_fits_verb"),
    (transfer("reserve", 1), errors.CheckViolation, "sign_fits_verb"),
    (transfer("release", -1), errors.CheckViolation, "sign_fits_verb"),
    (transfer("expire", -1), errors.CheckViolation, "sign_fits_verb"),
    (transfer("gift", 0), errors.CheckViolation, "verb_is_known"),
    (transfer("earn", 1, balance=-1), errors.CheckViolation, "balance_after_is_not_negative"),
    (transfer("earn", 1, version=0), errors.CheckViolation, "version_is_positive"),
    (transfer("earn", 1, version=1), errors.UniqueViolation, "transfers_program_id_account_id_version_key"),
    (
        transfer("earn", 1, identity="(select transfer_id from transfers where version = 1)"),
        errors.UniqueViolation,
        "transfers_pkey",
    ),
    ("update holds set status = 'lost', closed_at = now()", errors.CheckViolation, "status_is_known"),
    (
        "update holds set status = 'captured', closed_at = now()",
        errors.CheckViolation,
        "captured_when_captured",
    ),
    (
        "update holds set captured = 1, closed_at = now(), status = 'released'",
        errors.CheckViolation,
        "captured_when",
    ),
    (
        "update holds set captured = 5, closed_at = now(), status = 'captured'",
        errors.CheckViolation,
        "captured_is_part_of_amount",
    ),
    ("update holds set status = 'released'", errors.CheckViolation, "closed_when_not_pending"),
    ("update holds set closed_at = now()", errors.CheckViolation, "closed_when_not_pending"),
    ("update holds set amount = 1", errors.IntegrityConstraintViolation, "holds end once"),
    ("update redemptions set refunded = 4", errors.CheckViolation, "refunds_do_not_exceed_the_redeem"),
    ("update redemptions set refunded = -1", errors.CheckViolation, "refunds_do_not_exceed_the_redeem"),
    (
        (
            "insert into claims (program_id, scope, key, fingerprint, refusal, created_at) "
            "select program_id, scope, key, fingerprint, '{}', now() from claims"
        ),
        errors.UniqueViolation,
        "claims_pkey",
    ),
    (
        (
            "insert into claims (program_id, scope, key, fingerprint, created_at) "
            "select program_id, scope, 'other', fingerprint, now() from claims"
        ),
        errors.CheckViolation,
        "one_outcome",
    ),
]

RIGHTS_NOT_GIVEN = [
    "update transfers set note = 'changed'",
    "delete from transfers",
    "truncate transfers",
    "delete from accounts",
    "delete from holds",
    "delete from redemptions",
    "update claims set key = 'other'",
    "alter table transfers disable trigger all",
    "drop table transfers",
]


@pytest.fixture(scope="module")
def books(postgres: PostgresServer) -> Iterator[str]:
    """A database with one account: 10 of 13 points left, 4 of them held, 3 refundable, one claim."""

    async def prepare() -> None:
        database = await Database.open(url)
        world = await LedgerWorld.create(database, url)
        account = await world.account()
        await world.post(earn(13, account, claim()), redeem(3, account), reserve(4, account))
        assert await world.findings() == []
        await database.close()

    with postgres.migrated_database() as url:
        asyncio.run(prepare())
        yield url


@pytest.fixture
def server(books: str) -> Iterator[Connection]:
    """A connection as the server has them; what it did is undone."""
    with psycopg.connect(server_conninfo(books)) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def owner(books: str) -> Iterator[Connection]:
    """A connection that owns the tables, as nobody has while the server runs; what it did is undone."""
    with psycopg.connect(books) as connection:
        yield connection
        connection.rollback()


def run(connection: Connection, statement: str) -> None:
    connection.execute(statement.encode())


@pytest.mark.parametrize(("statement", "refusal", "constraint"), BROKEN_RULES)
def test_rows_that_break_a_rule_are_refused(
    server: Connection, statement: str, refusal: Refusal, constraint: str
) -> None:
    with pytest.raises(refusal, match=constraint):
        run(server, statement)


@pytest.mark.parametrize("statement", RIGHTS_NOT_GIVEN)
def test_the_server_has_no_right_to_rewrite_the_books(server: Connection, statement: str) -> None:
    server.execute("set regulars.redacting = on")
    with pytest.raises(errors.InsufficientPrivilege):
        run(server, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "update transfers set amount = amount + 1",
        "update transfers set note = null",
        "delete from transfers",
        "truncate transfers",
        "truncate transfers, accounts, holds, redemptions, claims",
    ],
)
def test_transfers_are_append_only_for_their_owner_too(owner: Connection, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
        run(owner, statement)


@pytest.mark.parametrize(
    "change",
    [
        "note = 'rewritten'",
        "note = null, amount = 1",
        "note = null, actor = null",
        "note = null, metadata = '{}'",
    ],
)
def test_redacting_blanks_notes_and_changes_nothing_else(owner: Connection, change: str) -> None:
    owner.execute("set regulars.redacting = on")
    with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
        run(owner, f"update transfers set {change}")


def test_redacting_ends_with_its_call(owner: Connection) -> None:
    owner.execute("select redact_notes(program_id, member_id) from accounts")
    with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
        owner.execute("update transfers set note = null")


@pytest.mark.parametrize("status", ["captured", "released", "expired"])
def test_a_hold_that_ended_stays_ended(owner: Connection, status: str) -> None:
    captured = "4" if status == "captured" else "null"
    run(owner, f"update holds set status = '{status}', captured = {captured}, closed_at = now()")
    with pytest.raises(errors.IntegrityConstraintViolation, match="holds end once"):
        run(owner, "update holds set status = 'pending', captured = null, closed_at = null")
