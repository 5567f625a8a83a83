"""Windows of the day and weekdays, as the clock on the hotel's wall shows them."""

from collections import Counter
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from regulars.features.promos.model import Promo, Reason, Uses
from regulars.features.promos.rules import local_time, objection, weekday_of_window
from tests.support.promos import aware, code_terms, numbered

MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 1, 4, 5, 6, 7


def promo_between(start: str | None, end: str | None, *weekdays: int) -> Promo:
    times: dict[str, Any] = {
        "time_from": time.fromisoformat(start) if start else None,
        "time_until": time.fromisoformat(end) if end else None,
    }
    return numbered(code_terms(**times, weekdays=frozenset(weekdays)))


def reason_at(promo: Promo, at: datetime) -> Reason | None:
    return objection(promo, at=at, location_id=1, member=False, total_minor=None, uses=Uses())


@pytest.mark.parametrize(
    ("start", "end", "clock", "is_open"),
    [
        ("12:00", "14:00", "11:59:59.999999", False),
        ("12:00", "14:00", "12:00:00", True),
        ("12:00", "14:00", "14:00:00", True),
        ("12:00", "14:00", "14:00:00.999999", True),
        ("12:00", "14:00", "14:00:01", False),
        ("22:00", "02:00", "21:59:59", False),
        ("22:00", "02:00", "22:00:00", True),
        ("22:00", "02:00", "23:59:59.999999", True),
        ("22:00", "02:00", "00:00:00", True),
        ("22:00", "02:00", "02:00:00", True),
        ("22:00", "02:00", "02:00:01", False),
        ("22:00", "02:00", "12:00:00", False),
        ("22:00", "00:00", "23:59:59", True),
        ("22:00", "00:00", "00:00:00", True),
        ("22:00", "00:00", "00:00:01", False),
        ("00:00", "23:59:59", "00:00:00", True),
        ("00:00", "23:59:59", "23:59:59.999999", True),
        ("17:00", None, "16:59:59", False),
        ("17:00", None, "23:59:59.5", True),
        ("17:00", None, "00:00:00", False),
        (None, "11:00", "00:00:00", True),
        (None, "11:00", "11:00:01", False),
        (None, None, "03:33:33", True),
    ],
)
def test_a_window_of_the_day(start: str | None, end: str | None, clock: str, is_open: bool) -> None:
    at = datetime.combine(datetime(2026, 6, 3), time.fromisoformat(clock))
    assert reason_at(promo_between(start, end), at) is (None if is_open else Reason.WRONG_TIME)


@pytest.mark.parametrize(
    ("weekday", "at", "expected"),
    [
        # 2026-06-05 is a Friday. After midnight counts the day on which the window began.
        (FRIDAY, "2026-06-05 22:00", None),
        (FRIDAY, "2026-06-06 01:00", None),
        (FRIDAY, "2026-06-06 02:00", None),
        (FRIDAY, "2026-06-05 01:00", Reason.WRONG_DAY),
        (FRIDAY, "2026-06-06 22:00", Reason.WRONG_DAY),
        (FRIDAY, "2026-06-05 12:00", Reason.WRONG_TIME),
        (SATURDAY, "2026-06-06 01:00", Reason.WRONG_DAY),
        (THURSDAY, "2026-06-05 01:00", None),
        # A week has no edge: Sunday's night ends on Monday.
        (SUNDAY, "2026-06-08 01:00", None),
        (MONDAY, "2026-06-08 01:00", Reason.WRONG_DAY),
    ],
)
def test_weekdays_of_a_window_that_crosses_midnight(weekday: int, at: str, expected: Reason | None) -> None:
    assert reason_at(promo_between("22:00", "02:00", weekday), datetime.fromisoformat(at)) is expected


def test_every_weekday_by_its_number() -> None:
    monday = datetime(2026, 6, 1, 12)
    for number in range(1, 8):
        days = [
            day
            for day in range(7)
            if reason_at(promo_between(None, None, number), monday + timedelta(days=day)) is None
        ]
        assert days == [number - 1]


@pytest.mark.parametrize(
    ("zone", "moment", "wall", "fold"),
    [
        # London: 01:00 to 02:00 is skipped on 2026-03-29 and repeated on 2026-10-25.
        ("Europe/London", "2026-03-29 00:59:59", "2026-03-29 00:59:59", 0),
        ("Europe/London", "2026-03-29 01:00", "2026-03-29 02:00", 0),
        ("Europe/London", "2026-10-25 00:30", "2026-10-25 01:30", 0),
        ("Europe/London", "2026-10-25 01:30", "2026-10-25 01:30", 1),
        # New York: 02:00 to 03:00 is skipped on 2026-03-08, 01:00 to 02:00 repeated on 2026-11-01.
        ("America/New_York", "2026-03-08 06:59:59", "2026-03-08 01:59:59", 0),
        ("America/New_York", "2026-03-08 07:00", "2026-03-08 03:00", 0),
        ("America/New_York", "2026-11-01 05:30", "2026-11-01 01:30", 0),
        ("America/New_York", "2026-11-01 06:30", "2026-11-01 01:30", 1),
    ],
)
def test_the_clock_on_the_wall(zone: str, moment: str, wall: str, fold: int) -> None:
    at = local_time(aware(moment), zone)
    assert (at.tzinfo, at.replace(fold=0), at.fold) == (None, datetime.fromisoformat(wall), fold)


@pytest.mark.parametrize(
    ("zone", "start", "end", "day", "minutes"),
    [
        # The minutes that a Saturday's or Sunday's window is open around a change, counted in real time.
        ("Europe/London", "22:00", "02:59:59", "2026-03-28", 4 * 60),
        ("Europe/London", "22:00", "02:59:59", "2026-10-24", 6 * 60),
        ("Europe/London", "22:00", "02:59:59", "2026-06-06", 5 * 60),
        ("Europe/London", "01:00", "01:59:59", "2026-03-29", 0),
        ("Europe/London", "01:00", "01:59:59", "2026-10-25", 2 * 60),
        ("America/New_York", "22:00", "02:59:59", "2026-03-07", 4 * 60),
        ("America/New_York", "22:00", "02:59:59", "2026-10-31", 6 * 60),
        ("America/New_York", "02:00", "02:59:59", "2026-03-08", 0),
        ("America/New_York", "01:00", "01:59:59", "2026-11-01", 2 * 60),
        # The whole of a day that has 23 or 25 hours.
        ("Europe/London", None, None, "2026-03-29", 23 * 60),
        ("Europe/London", None, None, "2026-10-25", 25 * 60),
        ("America/New_York", None, None, "2026-03-08", 23 * 60),
        ("America/New_York", None, None, "2026-11-01", 25 * 60),
    ],
)
def test_windows_over_a_change_of_daylight_saving(
    zone: str, start: str | None, end: str | None, day: str, minutes: int
) -> None:
    """A skipped hour never opens, a repeated one opens twice, and both belong to the night's own weekday."""
    on = datetime.fromisoformat(day)
    promo = promo_between(start, end, on.isoweekday())
    noon_before = aware(f"{day} 12:00") - timedelta(days=1)
    moments = [noon_before + timedelta(minutes=minute) for minute in range(60 * 60)]
    walls = [local_time(moment, zone) for moment in moments]

    assert sum(reason_at(promo, wall) is None for wall in walls) == minutes


def test_a_week_with_a_change_has_every_weekday() -> None:
    """In New York the evening of each day is the next day in UTC; the wall decides."""
    promo = promo_between("20:00", "03:59:59")
    start = aware("2026-10-28 12:00")
    walls = [local_time(start + timedelta(hours=hour), "America/New_York") for hour in range(7 * 24 + 1)]
    hours = Counter(weekday_of_window(promo, wall) for wall in walls)
    assert {weekday: hours[weekday] for weekday in range(1, 8)} == {1: 8, 2: 8, 3: 8, 4: 8, 5: 8, 6: 9, 7: 8}


@pytest.mark.parametrize(
    ("zone", "moment", "expected"),
    [
        ("Europe/London", "2026-08-31 22:59:59", None),
        ("Europe/London", "2026-08-31 23:00", Reason.EXPIRED),
        ("America/New_York", "2026-09-01 03:59:59", None),
        ("America/New_York", "2026-09-01 04:00", Reason.EXPIRED),
    ],
)
def test_one_last_day_ends_at_each_hotels_own_midnight(
    zone: str, moment: str, expected: Reason | None
) -> None:
    promo = numbered(code_terms(valid_until=datetime(2026, 8, 31, 23, 59, 59)))
    assert reason_at(promo, local_time(aware(moment), zone)) is expected
