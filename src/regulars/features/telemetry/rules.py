"""How counts become a summary. Pure.

Rates are rounded to four decimals (a hundredth of a percent), average durations to a tenth of a
millisecond. Verbs that were never called are not listed. The most frequent come first, equal ones by
name, so that the same counts always make the same summary.
"""

from collections import Counter
from collections.abc import Iterable

from regulars.features.telemetry.model import (
    FAILURES_MAX,
    FAILURES_OF_VERB_MAX,
    CoreHealth,
    FailureCount,
    VerbCount,
    VerbHealth,
)


def summarise(counts: Iterable[VerbCount]) -> CoreHealth:
    """The summary of a program's counts."""
    by_verb: dict[str, list[VerbCount]] = {}
    for count in counts:
        by_verb.setdefault(count.verb, []).append(count)
    everything = [count for group in by_verb.values() for count in group]
    verbs = [_verb_health(verb, group) for verb, group in by_verb.items()]
    total = sum(health.count for health in verbs)
    failures = sum(health.failures for health in verbs)
    return CoreHealth(
        since=min((count.since for count in everything), default=None),
        count=total,
        failures=failures,
        error_rate=_rate(failures, total),
        verbs=tuple(sorted(verbs, key=lambda health: (-health.count, health.verb))),
        top_failures=_top_failures(everything, FAILURES_MAX),
    )


def _verb_health(verb: str, counts: list[VerbCount]) -> VerbHealth:
    total = sum(count.count for count in counts)
    failures = sum(count.count for count in counts if count.failure)
    microseconds = sum(count.duration_microseconds_total for count in counts)
    return VerbHealth(
        verb=verb,
        count=total,
        failures=failures,
        error_rate=_rate(failures, total),
        duration_average_milliseconds=round(microseconds / 1000 / total, 1) if total else 0.0,
        top_failures=_top_failures(counts, FAILURES_OF_VERB_MAX),
    )


def _top_failures(counts: Iterable[VerbCount], length: int) -> tuple[FailureCount, ...]:
    totals: Counter[str] = Counter()
    for count in counts:
        if count.failure:
            totals[count.failure] += count.count
    ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    return tuple(FailureCount(message, count) for message, count in ranked[:length])


def _rate(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
