"""`regulars verify` finds a fault that was planted behind the server's back."""

from pathlib import Path

import psycopg

from regulars.db.embedded import EmbeddedPostgres
from tests.cli.processes import Server, run, variables


def test_a_planted_fault_is_found_and_gone_when_mended(demo: Server, demo_directory: Path) -> None:
    assert variables(demo_directory / "demo.env")
    with EmbeddedPostgres(demo_directory) as embedded:
        change_balances(embedded.conninfo, by=1)
        try:
            found = run("verify", "--data", str(demo_directory))
        finally:
            change_balances(embedded.conninfo, by=-1)
    assert found.returncode == 1
    assert "balance is the sum of the transfers" in found.stdout
    assert found.stderr == ""
    mended = run("verify", "--data", str(demo_directory))
    assert (mended.returncode, "the books add up" in mended.stdout) == (0, True)


def change_balances(conninfo: str, by: int) -> None:
    with psycopg.connect(conninfo) as connection:
        # Both together, because a check of the table refuses either of them alone.
        connection.execute(
            "update accounts set balance = balance + %(by)s, credited = credited + %(by)s"
            " where balance > 100",
            {"by": by},
        )
