from datetime import date

import pytest

from regulars.base.days import to_day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1990-05-15", date(1990, 5, 15)),
        ("2024-02-29", date(2024, 2, 29)),
        ("0001-01-01", date(1, 1, 1)),
        ("9999-12-31", date(9999, 12, 31)),
        ("2023-02-29", None),
        ("0000-00-00", None),
        ("19900515", None),
        ("1990-W20-2", None),
        ("1990-5-15", None),
        ("1990-05-15T00:00", None),
        (" 1990-05-15", None),
        ("1990-05-15\n", None),
        ("\u0661\u0669\u0669\u0660-05-15", None),
        ("", None),
    ],
)
def test_days_are_written_in_one_way(text: str, day: date | None) -> None:
    assert to_day(text) == day
