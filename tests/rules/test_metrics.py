"""Metrics of several worker processes: one page shows their sum."""

import os
import subprocess
import sys
from pathlib import Path

WORK = "from regulars.http.metrics import RouteMetrics; RouteMetrics('till', 'GET', '/till', 2).record(0.003)"
SHOW = "from regulars.http.metrics import exposition; print(exposition().decode())"
SHARE = "import sys, pathlib, regulars.http.metrics as m; m.share_metrics(pathlib.Path(sys.argv[1]))"


def python(code: str, directory: Path, *arguments: str) -> str:
    """What a process prints that shares its metrics in `directory`."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(directory)}
    finished = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return finished.stdout


def test_the_metrics_of_all_workers_are_added_up_also_of_those_that_ended(tmp_path: Path) -> None:
    python(SHARE, tmp_path, str(tmp_path))
    for _ in range(2):
        python(WORK, tmp_path)
    labels = '{contract="till",method="GET",route="/till",status="2xx"}'
    shown = python(SHOW, tmp_path)
    assert f"regulars_http_requests_total{labels} 2.0" in shown
    assert (
        'regulars_http_request_duration_seconds_count{contract="till",method="GET",route="/till"} 2.0'
        in shown
    )


def test_a_server_that_starts_counts_from_zero(tmp_path: Path) -> None:
    python(WORK, tmp_path)
    python(SHARE, tmp_path, str(tmp_path))
    assert "regulars_http_requests_total{" not in python(SHOW, tmp_path)
