"""`regulars verify` finds a fault that was planted behind the server's back."""

from pathlib import Path
from uuid import UUID

import psycopg

from regulars.db.embedded import EmbeddedPostgres
from tests.cli.processes import Server, run, variables


def test_a_planted_fault_is_found_and_gone_when_mended(demo: Server, demo_directory: Path) -> None:
    assert variables(demo_directory / "demo.env")
    with EmbeddedPostgres(demo_directory) as embedded:
        account = some_account(embedded.conninfo)
        change_balance(embedded.conninfo, account, by=1)
        try:
            found = run("verify", "--data", str(demo_directory))
        finally:
            change_balance(embedded.conninfo, account, by=-1)
    assert found.returncode == 1
    assert "balance is the sum of the transfers" in found.stdout
    assert found.stderr == ""
    mended = run("verify", "--data", str(demo_directory))
    assert (mended.returncode, "the books add up" in mended.stdout) == (0, True), mended.stdout


def some_account(conninfo: str) -> UUID:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("select account_id from accounts where balance > 100 limit 1").fetchone()
    assert row is not None
    account_id: UUID = row[0]
    return account_id


def change_balance(conninfo: str, account_id: UUID, by: int) -> None:
    with psycopg.connect(conninfo) as connection:
        # Both together, because a check of the table refuses either of them alone.
        connection.execute(
            "update accounts set balance = balance + %(by)s, credited = credited + %(by)s"
            " where account_id = %(account_id)s",
            {"by": by, "account_id": account_id},
        )
