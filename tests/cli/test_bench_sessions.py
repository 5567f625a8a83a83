"""`regulars bench sessions` runs to its end, measures what it says, and leaves nothing behind."""

from pathlib import Path

from tests.cli.benchmarks import measured, rows_of

SMALL = (
    *("--seconds", "1", "--warm-up-seconds", "1", "--turns", "1", "--clients", "4", "--workers", "1"),
    *("--customers", "200", "--orders", "1000", "--memberships", "1500", "--cards", "60"),
)

CARDS = ["signing a card, 1 core", "pushing to a phone", "fetching a card, 1 worker"]


def test_sessions_measures_everything_and_no_request_fails(
    database_url: str, data: Path, tmp_path: Path
) -> None:
    said = measured("sessions", database_url, data, tmp_path / "table.md", *SMALL)
    rows = rows_of(said)
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
    assert "orders and holds verified after the run: 0 findings" in said
    assert "grants verified after the run: 0 findings" in said
    assert "while it granted 1,500 rewards" in said and "checked 1,500 memberships, and granted none" in said
    assert "60 pushes arrived over 1 connection" in said


def test_one_part_is_measured_alone(database_url: str, data: Path, tmp_path: Path) -> None:
    said = measured("sessions", database_url, data, tmp_path / "table.md", *SMALL, "--only", "cards")
    rows = rows_of(said)
    assert [row[0] for row in rows] == CARDS
    assert "60 pushes arrived over 1 connection" in said
    assert "monthly grant" not in said and "pgbench" not in said
