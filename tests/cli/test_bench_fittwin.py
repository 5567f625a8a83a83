"""`regulars bench fittwin` runs to its end, measures what it says, and leaves nothing behind."""

import subprocess
from pathlib import Path

from tests.cli.processes import COMMAND, environment
from tests.cli.test_bench import RUN_SECONDS_MAX, databases_of_benchmarks, rows_of

SMALL = (
    *("--seconds", "1", "--warm-up-seconds", "1", "--clients", "4", "--workers", "1"),
    *("--events", "5000", "--rewards", "1000"),
)


def test_fittwin_measures_everything_and_no_request_fails(
    database_url: str, data: Path, tmp_path: Path
) -> None:
    table = tmp_path / "table.md"
    done = subprocess.run(
        [*COMMAND, "bench", "fittwin", "--data", str(data), "--markdown", str(table), *SMALL],
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

    rows = rows_of(table.read_text())
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
    said = table.read_text()
    assert "referrals verified after the run: 0 findings" in said
    assert "an order of its own by one of 50 RIDs, on which there were 5,000 events" in said
