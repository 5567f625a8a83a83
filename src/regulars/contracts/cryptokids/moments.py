"""Reads the instants that history is asked for: ISO 8601 dates and times, or epoch milliseconds."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, tzinfo=UTC)

_MILLISECONDS = re.compile(r"[+-]?\d{1,24}", re.ASCII)
_COMPACT_DATE = re.compile(r"\d{8}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{4}-?W\d{2}-?\d", re.ASCII)
_WEEK = re.compile(r"\d{4}-?W\d{2}", re.ASCII)
_ORDINAL = re.compile(r"(\d{4})-(\d{3})", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_LOST_PLUS = re.compile(r"(T.*\d) (\d{2}(?::?\d{2})?)$", re.ASCII)


class Span(msgspec.Struct, frozen=True):
    """What a text names: from `start` up to, not including, `end`. Both are in UTC."""

    start: datetime
    end: datetime


def read_span(text: str, zone: ZoneInfo) -> Span | None:
    """What `text` names: an instant lasts one millisecond, a date, week or month all of its days.

    Days are those of `zone`, and so is a time that names no offset. A number counts milliseconds since
    1970, except that eight digits which make a date are that date (20260731). None when it cannot be
    read; what lies before 1970 or after the year 9999 is moved to that bound.
    """
    text = text.strip()
    try:
        named = _read_days(text, zone) or _read_milliseconds(text) or _read_instant(text, zone)
    except (ValueError, OverflowError):
        return None
    # Bounded before it is converted: the calendar's first and last days have no equivalent elsewhere.
    start, end = (min(max(at, FIRST), LAST).astimezone(UTC) for at in (named.start, named.end))
    return Span(start=start, end=end)


def _read_days(text: str, zone: ZoneInfo) -> Span | None:
    if month := _MONTH.fullmatch(text):
        first = date(int(month[1]), int(month[2]), 1)
        return _days(first, ((first + timedelta(days=31)).replace(day=1) - first).days, zone)
    if ordinal := _ORDINAL.fullmatch(text):
        return _days(date(int(ordinal[1]), 1, 1) + timedelta(days=int(ordinal[2]) - 1), 1, zone)
    if _WEEK.fullmatch(text):
        return _days(date.fromisoformat(text), 7, zone)
    if _DATE.fullmatch(text):
        return _days(date.fromisoformat(text), 1, zone)
    if _COMPACT_DATE.fullmatch(text):
        try:
            return _days(date.fromisoformat(text), 1, zone)
        except ValueError:
            return None
    return None


def _days(first: date, count: int, zone: ZoneInfo) -> Span:
    after = first + timedelta(days=min(count, (date.max - first).days))
    return Span(
        start=datetime.combine(first, time.min, tzinfo=zone),
        end=datetime.combine(after, time.min, tzinfo=zone),
    )


def _read_milliseconds(text: str) -> Span | None:
    if not _MILLISECONDS.fullmatch(text):
        return None
    last = (LAST - FIRST) // timedelta(milliseconds=1)
    start = FIRST + timedelta(milliseconds=min(max(int(text), 0), last))
    return Span(start=start, end=start + timedelta(milliseconds=1))


def _read_instant(text: str, zone: ZoneInfo) -> Span:
    # A plus sign that nobody escaped arrives as a space.
    start = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text))
    if start.tzinfo is None:
        start = start.replace(tzinfo=zone)
    return Span(start=start, end=start + timedelta(milliseconds=1))
