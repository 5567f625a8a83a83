"""`regulars bench webhooks` runs to its end, loses no webhook, and leaves nothing behind."""

import subprocess
from pathlib import Path

from tests.cli.processes import COMMAND, environment
from tests.cli.test_bench import RUN_SECONDS_MAX, databases_of_benchmarks, rows_of


def test_webhooks_are_measured_beside_the_client(database_url: str, data: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.md"
    small = ("--events", "1600", "--turns", "1")
    done = subprocess.run(
        [*COMMAND, "bench", "webhooks", "--data", str(data), "--markdown", str(table), *small],
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
    assert [row[0] for row in rows] == [
        "HTTP client alone", "deliveries, 1 endpoint", "HTTP client alone", "deliveries, 8 endpoints",
    ]  # fmt: skip
    for what, _, *figures, ratio, failures in rows:
        assert all(float(figure.replace(",", "")) > 0 for figure in figures), what
        assert failures == "0" and bool(ratio) == what.startswith("deliveries"), what
    assert "every webhook arrived once" in table.read_text()
