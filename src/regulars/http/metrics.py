"""Counts requests and their latency, over all worker processes."""

import os
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

_SHARED_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = CONTENT_TYPE_LATEST

# When a counter began is asked of nobody here, and doubles the page.
disable_created_metrics()  # type: ignore[no-untyped-call]

_REQUESTS = Counter(
    "regulars_http_requests",
    "Requests answered, by contract, method, route and class of status.",
    ("contract", "method", "route", "status"),
)
_SECONDS = Histogram(
    "regulars_http_request_duration_seconds",
    "Seconds from the first byte of a request's headers to the last byte of its answer.",
    ("contract", "method", "route"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)


class RouteMetrics:
    """The counter and the histogram of one route and one class of status, found once."""

    __slots__ = ("_requests", "_seconds")

    def __init__(self, contract: str, method: str, route: str, status_class: int) -> None:
        self._requests = _REQUESTS.labels(contract, method, route, f"{status_class}xx")
        self._seconds = _SECONDS.labels(contract, method, route)

    def record(self, duration_seconds: float) -> None:
        """Counts one request."""
        self._requests.inc()
        self._seconds.observe(duration_seconds)


def share_metrics(directory: Path) -> None:
    """Lets the worker processes started after this call add up their metrics in `directory`.

    Called by the parent of several workers, before it starts them. What an earlier run left there is
    removed, for counters begin at zero with the server.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for leftover in directory.glob("*.db"):
        leftover.unlink()
    os.environ[_SHARED_DIRECTORY] = str(directory)


def exposition() -> bytes:
    """All metrics in Prometheus' text format: of all workers where they share, else of this process."""
    if _SHARED_DIRECTORY not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
