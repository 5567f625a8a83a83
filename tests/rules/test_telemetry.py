"""How counts become a summary."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from regulars.features.telemetry.model import FailureCount, VerbCount
from regulars.features.telemetry.rules import summarise

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def counted(verb: str, failure: str, count: int, microseconds: int = 0, days: int = 0) -> VerbCount:
    return VerbCount(verb, failure, count, microseconds, NOW + timedelta(days=days))


def test_no_counts() -> None:
    summary = summarise([])
    assert (summary.since, summary.count, summary.error_rate, summary.verbs) == (None, 0, 0.0, ())


def test_verbs_by_count_then_name_and_only_those_that_were_called() -> None:
    summary = summarise([counted("b", "", 5), counted("c", "", 9), counted("a", "", 3), counted("a", "X", 2)])
    assert [(verb.verb, verb.count) for verb in summary.verbs] == [("c", 9), ("a", 5), ("b", 5)]


def test_three_failures_of_a_verb_and_five_of_all() -> None:
    counts = [counted("earn", name, count) for name, count in zip("ABCDEF", [1, 6, 2, 6, 3, 1], strict=True)]
    summary = summarise([*counts, counted("redeem", "A", 5), counted("redeem", "", 100)])
    earn = next(verb for verb in summary.verbs if verb.verb == "earn")
    assert earn.top_failures == (FailureCount("B", 6), FailureCount("D", 6), FailureCount("E", 3))
    assert [(failure.message, failure.count) for failure in summary.top_failures] == [
        ("A", 6),
        ("B", 6),
        ("D", 6),
        ("E", 3),
        ("C", 2),
    ]


def test_rounding() -> None:
    summary = summarise([counted("earn", "", 2, 2_000), counted("earn", "X", 1, 1_160, days=-2)])
    assert summary.error_rate == 0.3333
    assert summary.verbs[0].duration_average_milliseconds == 1.1
    assert summary.since == NOW - timedelta(days=2)


@given(
    st.lists(
        st.builds(
            counted, st.sampled_from(["a", "b", "c"]), st.sampled_from(["", "X", "Y"]), st.integers(1, 10**9)
        ),
        unique_by=lambda count: (count.verb, count.failure),
    )
)
def test_the_whole_is_the_sum_of_its_parts(counts: list[VerbCount]) -> None:
    summary = summarise(counts)
    assert summary.count == sum(verb.count for verb in summary.verbs) == sum(count.count for count in counts)
    assert summary.failures == sum(failure.count for failure in summary.top_failures)
    assert 0 <= summary.error_rate <= 1
    assert summary == summarise(reversed(counts))
