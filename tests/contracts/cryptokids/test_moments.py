"""What history's `from` and `to` may be written as."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.contracts.cryptokids.moments import FIRST, LAST, read_span

LONDON = ZoneInfo("Europe/London")
INSTANT = timedelta(milliseconds=1)
DAY = timedelta(days=1)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "start", "length"),
    [
        ("2026-07-31", at(2026, 7, 30, 23), DAY),
        ("2026-01-31", at(2026, 1, 31), DAY),
        ("2026-03-29", at(2026, 3, 29), timedelta(hours=23)),  # The clocks go forward.
        ("20260131", at(2026, 1, 31), DAY),
        ("2026-W05-6", at(2026, 1, 31), DAY),
        ("2026-W05", at(2026, 1, 26), 7 * DAY),
        ("2026-031", at(2026, 1, 31), DAY),
        ("2026-02", at(2026, 2, 1), 28 * DAY),
        ("2026-12", at(2026, 12, 1), 31 * DAY),
        ("2026-07-31T10:15:30Z", at(2026, 7, 31, 10, 15, 30), INSTANT),
        ("2026-07-31T10:15:30.123Z", at(2026, 7, 31, 10, 15, 30, 123000), INSTANT),
        ("2026-07-31T10:15", at(2026, 7, 31, 9, 15), INSTANT),
        ("2026-07-31 10:15", at(2026, 7, 31, 9, 15), INSTANT),
        ("2026-07-31T10:15+02:00", at(2026, 7, 31, 8, 15), INSTANT),
        ("2026-07-31T10:15 02:00", at(2026, 7, 31, 8, 15), INSTANT),
        ("1785492930123", at(2026, 7, 31, 10, 15, 30, 123000), INSTANT),
        (" 1785492930123 ", at(2026, 7, 31, 10, 15, 30, 123000), INSTANT),
        ("99999999", at(1970, 1, 2, 3, 46, 39, 999000), INSTANT),
        ("0", FIRST, INSTANT),
        ("-5", FIRST, INSTANT),
    ],
)
def test_a_text_names_a_span(text: str, start: datetime, length: timedelta) -> None:
    span = read_span(text, LONDON)
    assert span is not None
    assert (span.start, span.end) == (start, start + length)


@pytest.mark.parametrize("text", ["9999-12-31", "9" * 24, "9999-12-31T23:59:59Z"])
def test_the_far_future_is_the_last_bound(text: str) -> None:
    span = read_span(text, LONDON)
    assert span is not None
    assert span.end >= LAST


@pytest.mark.parametrize("text", ["0001-01-01", "0001-01-01T00:00+14:00", "1900-05-05"])
def test_the_far_past_is_the_first_bound(text: str) -> None:
    span = read_span(text, ZoneInfo("Pacific/Kiritimati"))
    assert span is not None
    assert span.start == FIRST


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-13-01",
        "2026-02-30",
        "2026-00",
        "31/07/2026",
        "1e3",
        "12.5",
        "NaN",
        "٢٠٢٦-٠١-٠١",
        "9" * 25,
    ],
)
def test_what_is_no_date_names_nothing(text: str) -> None:
    assert read_span(text, LONDON) is None


@given(st.text(max_size=40), st.sampled_from(["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"]))
def test_no_text_raises(text: str, zone: str) -> None:
    span = read_span(text, ZoneInfo(zone))
    assert span is None or FIRST <= span.start <= span.end <= LAST + INSTANT
