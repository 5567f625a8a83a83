"""`regulars bench` runs to its end, measures what it says, and leaves nothing behind."""

from pathlib import Path

import pytest

from regulars.bench.measure import Measured, typical
from regulars.bench.report import Growth, Row, markdown
from tests.cli.benchmarks import measured, rows_of
from tests.cli.processes import run

SMALL = (
    *("--seconds", "1", "--warm-up-seconds", "1", "--turns", "1", "--clients", "4", "--workers", "1"),
    *("--customers", "200", "--visits", "2000", "--sync-customers", "20000"),
)


def test_loyaltyhub_measures_everything_and_no_request_fails(
    database_url: str, data: Path, tmp_path: Path
) -> None:
    said = measured("loyaltyhub", database_url, data, tmp_path / "table.md", *SMALL)

    rows = rows_of(said)
    assert [(row[0], row[1]) for row in rows] == [
        ("pgbench, identify", "4"),
        ("pgbench, transaction", "4"),
        ("identify, 1 worker", "4"),
        ("transaction, 1 worker", "4"),
        ("identify, tenth", "4"),
        ("identify, grown tenfold", "4"),
        ("transaction, tenth", "4"),
        ("transaction, grown tenfold", "4"),
        ("psql COPY TO", "1"),
        ("sync, 1 worker", "1"),
    ]
    for what, _, *figures, ratio, failures in rows:
        assert all(float(figure.removeprefix("× ").replace(",", "")) > 0 for figure in figures), what
        assert failures == "0", what
        is_held_against_another = what.endswith("1 worker")
        assert bool(ratio) == is_held_against_another, what
    assert "the server streamed 20,000 customers" in said


@pytest.mark.parametrize("what", ["ledger", "loyaltyhub", "sessions"])
def test_what_is_measured_is_explained(what: str) -> None:
    shown = run("bench", what, "--help")
    assert shown.returncode == 0 and "--seconds" in shown.stdout and "--markdown" in shown.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("ledger", "--seconds", "0"),
        ("loyaltyhub", "--clients", "4", "0"),
        ("loyaltyhub", "--customers", "9"),
        ("sessions", "--customers", "9"),
        ("sessions", "--memberships", "0"),
        ("sessions", "--cards", "0"),
        ("till",),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments: tuple[str, ...]) -> None:
    refused = run("bench", *arguments)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr


def test_a_table_shows_rates_latencies_and_what_they_are_held_against() -> None:
    small, large = Measured(2_000, 1.0, 4.0), Measured(1_000, 1.5, 5.0, failures=3)
    rows: list[Row | Growth] = [
        Row("pgbench", 32, small),
        Row("server", None, large, 2_000),
        Growth("grown", 32, small, large),
        Row("beside nothing", 1, small, 0),
    ]
    assert rows_of(markdown("Title", rows, ["a note"])) == [
        ["pgbench", "32", "2,000", "1.00", "4.00", "", "0"],
        ["server", "", "1,000", "1.50", "5.00", "0.50", "3"],
        ["grown", "32", "× 0.50", "× 1.50", "× 1.25", "", "3"],
        ["beside nothing", "1", "2,000", "1.00", "4.00", "?", "0"],
    ]


def test_what_is_typical_of_several_turns_is_not_decided_by_one() -> None:
    turns = [Measured(100, 2, 9, 1), Measured(50, 9, 700), Measured(90, 1, 8, 2)]
    assert typical(turns) == Measured(90, 2, 9, 3)
