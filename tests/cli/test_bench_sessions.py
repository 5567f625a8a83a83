"""`regulars bench sessions` runs to its end, measures what it says, and leaves nothing behind."""

import subprocess
from pathlib import Path

from tests.cli.processes import COMMAND, environment
from tests.cli.test_bench import RUN_SECONDS_MAX, databases_of_benchmarks, rows_of

SMALL = (
    *("--seconds", "1", "--warm-up-seconds", "1", "--clients", "4", "--workers", "1"),
    *("--customers", "200", "--orders", "1000", "--memberships", "1500", "--cards", "60"),
)

CARDS = ["signing a card, 1 core", "pushing to a phone", "fetching a card, 1 worker"]


def run(database_url: str, data: Path, table: Path, *more: str) -> list[list[str]]:
    """The rows of the table, once the benchmark has ended well and left nothing behind."""
    done = subprocess.run(
        [*COMMAND, "bench", "sessions", "--data", str(data), "--markdown", str(table), *SMALL, *more],
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        env=environment(
            REGULARS_DATABASE_URL=database_url, REGULARS_SECRET_KEY="a secret key of 32 characters...."
        ),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert databases_of_benchmarks(database_url) == []
    return rows_of(table.read_text())


def test_sessions_measures_everything_and_no_request_fails(
    database_url: str, data: Path, tmp_path: Path
) -> None:
    table = tmp_path / "table.md"
    rows = run(database_url, data, table)
    assert [(row[0], row[1]) for row in rows] == [
        ("pgbench, earn", "4"),
        ("pgbench, apply", "4"),
        ("earn, 1 worker", "4"),
        ("apply, 1 worker", "4"),
        ("bare INSERT … SELECT", "1"),
        ("monthly grant", "1"),
        ("monthly grant, again", "1"),
        ("signing a card, 1 core", "1"),
        ("pushing to a phone", "1"),
        ("fetching a card, 1 worker", "4"),
    ]
    yardsticks = {"pgbench, earn", "pgbench, apply", "bare INSERT … SELECT", "signing a card, 1 core"}
    for what, _, *figures, ratio, failures in rows:
        assert all(float(figure.replace(",", "")) > 0 for figure in figures), what
        assert failures == "0", what
        assert bool(ratio) == (what not in yardsticks), what
    said = table.read_text()
    assert "orders and holds verified after the run: 0 findings" in said
    assert "grants verified after the run: 0 findings" in said
    assert "while it granted 1,500 rewards" in said and "checked 1,500 memberships, and granted none" in said
    assert "60 pushes arrived over 1 connection" in said


def test_one_part_is_measured_alone(database_url: str, data: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.md"
    rows = run(database_url, data, table, "--only", "cards")
    assert [row[0] for row in rows] == CARDS
    said = table.read_text()
    assert "60 pushes arrived over 1 connection" in said
    assert "monthly grant" not in said and "pgbench" not in said
