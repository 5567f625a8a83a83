"""`regulars bench rejoes` runs to its end, measures what it says, and leaves nothing behind."""

import os
from pathlib import Path

from tests.cli.benchmarks import measured, rows_of

CORES = os.cpu_count() or 1
SMALL = (
    *("--seconds", "1", "--warm-up-seconds", "1", "--turns", "1", "--clients", "4", "--workers", "1"),
    *("--borrowers", "200", "--loans", "1000"),
)


def test_rejoes_measures_everything_and_no_request_fails(
    database_url: str, data: Path, tmp_path: Path
) -> None:
    said = measured("rejoes", database_url, data, tmp_path / "table.md", *SMALL)

    rows = rows_of(said)
    assert [(row[0], row[1]) for row in rows] == [
        ("pgbench, checkout", "4"),
        ("pgbench, return", "4"),
        ("checkout, 1 worker", "4"),
        ("return, 1 worker", "4"),
        (f"Pillow alone, {CORES} cores", str(CORES)),
        (f"decoder, {CORES} at once", str(CORES)),
        ("uploads over HTTP", str(2 * CORES)),
        ("uploads, beside others", str(2 * CORES)),
        ("others, no uploads", "4"),
        ("others, during uploads", "4"),
    ]
    for what, _, *figures, ratio, failures in rows:
        assert all(float(figure.replace(",", "")) > 0 for figure in figures), what
        assert failures == "0", what
        assert bool(ratio) == (not what.startswith(("pgbench", "Pillow", "others, no"))), what
    assert "loans verified after the run: 0 findings" in said
    assert "borrowers: 200, who brought back 1,000 garments" in said
