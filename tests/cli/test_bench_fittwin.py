"""`regulars bench fittwin` runs to its end, measures what it says, and leaves nothing behind."""

from pathlib import Path

from tests.cli.benchmarks import measured, rows_of

SMALL = (
    *("--seconds", "1", "--warm-up-seconds", "1", "--turns", "1", "--clients", "4", "--workers", "1"),
    *("--events", "5000", "--rewards", "1000"),
)


def test_fittwin_measures_everything_and_no_request_fails(
    database_url: str, data: Path, tmp_path: Path
) -> None:
    said = measured("fittwin", database_url, data, tmp_path / "table.md", *SMALL)

    rows = rows_of(said)
    assert [(row[0], row[1]) for row in rows] == [
        ("pgbench, validate", "4"),
        ("pgbench, click", "4"),
        ("validate, 1 worker", "4"),
        ("click, 1 worker", "4"),
        ("validate, tenth", "4"),
        ("validate, grown tenfold", "4"),
        ("click, tenth", "4"),
        ("click, grown tenfold", "4"),
        ("bare INSERT … SELECT", "1"),
        ("maturing rewards", "1"),
    ]
    for what, _, *figures, ratio, failures in rows:
        assert all(float(figure.strip("× ").replace(",", "")) > 0 for figure in figures), what
        assert failures == "0", what
        assert bool(ratio) == (what.endswith("worker") or what == "maturing rewards"), what
    assert "referrals verified after the run: 0 findings" in said
    assert "an order of its own by one of 50 RIDs, on which there were 5,000 events" in said
