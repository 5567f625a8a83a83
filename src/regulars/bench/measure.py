"""What one measurement says."""

from collections.abc import Sequence
from statistics import median

import msgspec


class Measured(msgspec.Struct, frozen=True):
    """A rate per second with the median and the 99th percentile of the latency in milliseconds."""

    rate: float
    median_milliseconds: float
    p99_milliseconds: float
    failures: int = 0


def typical(turns: Sequence[Measured]) -> Measured:
    """The median of each figure over several turns, so that one checkpoint does not decide it."""
    return Measured(
        median(turn.rate for turn in turns),
        median(turn.median_milliseconds for turn in turns),
        median(turn.p99_milliseconds for turn in turns),
        sum(turn.failures for turn in turns),
    )


def percentile(ascending: Sequence[float], fraction: float) -> float:
    """The smallest value that at least `fraction` of the sorted values do not exceed."""
    if not ascending:
        return float("nan")
    return ascending[min(len(ascending) - 1, int(len(ascending) * fraction))]
