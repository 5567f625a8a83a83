"""What is written on a command line, as values, and what cannot be read."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from regulars.cli import parsing
from regulars.cli.failures import CommandFailed, ExitCode

READ: list[tuple[Callable[[str, str], Any], dict[str, Any]]] = [
    (
        parsing.duration_of,
        {
            "0": timedelta(0),
            "90s": timedelta(seconds=90),
            "30m": timedelta(minutes=30),
            "24h": timedelta(days=1),
            "7d": timedelta(days=7),
            "0d": timedelta(0),
        },
    ),
    (parsing.decimal_of, {"10": Decimal(10), "10.50": Decimal("10.50"), "0": Decimal(0)}),
    (parsing.percent_of, {"15": Decimal(15), "7.5%": Decimal("7.5"), "100": Decimal(100)}),
    (parsing.percents_of, {"8/15": (Decimal(8), Decimal(15)), "0/7.25": (Decimal(0), Decimal("7.25"))}),
    (parsing.count_of, {"0": 0, "100": 100}),
    (
        parsing.moment_of,
        {
            "2026-06-01": datetime(2026, 6, 1),
            "2026-06-01T17:30": datetime(2026, 6, 1, 17, 30),
            "2026-06-01 17:30:15": datetime(2026, 6, 1, 17, 30, 15),
        },
    ),
    (
        parsing.last_moment_of,
        {
            "2026-06-01": datetime(2026, 6, 1, 23, 59, 59),
            "2026-06-01T00:00": datetime(2026, 6, 1),
            "2026-06-01T17:30": datetime(2026, 6, 1, 17, 30),
        },
    ),
    (parsing.time_of, {"17:00": time(17), "23:59:59": time(23, 59, 59), "00:00": time(0)}),
    (
        parsing.weekdays_of,
        {
            "mon": {1},
            "Mon, WED": {1, 3},
            "mon-fri": {1, 2, 3, 4, 5},
            "sat-mon": {6, 7, 1},
            "mon-sun": {1, 2, 3, 4, 5, 6, 7},
            "fri-sun,wed": {3, 5, 6, 7},
        },
    ),
    (parsing.phone_region_of, {"GB": "GB", "ie": "IE"}),
]

UNREADABLE: list[tuple[Callable[[str, str], Any], list[str]]] = [
    (parsing.duration_of, ["", "h", "-1h", "1.5h", "10", "1w", "٣h", "9999999d", " 1h"]),
    (parsing.decimal_of, ["", "ten", "-1", "1,5", "1e3", "nan", "inf", "٣", ".5", "1_0", "1" * 14]),
    (parsing.percent_of, ["", "%", "15 %", "-5", "15%%"]),
    (parsing.percents_of, ["", "8", "8/", "/8", "8/15/20", "8 / 15", "-8/15"]),
    (parsing.count_of, ["", "-1", "1.0", "١", "many", "1" * 14]),
    (
        parsing.moment_of,
        [
            "",
            "tomorrow",
            "2026-02-30",
            "2026-06-01T",
            "2026-06-01T25:00",
            "2026-06-01T17:00Z",
            "2026-06-01T17:00+01:00",
            "2026-6-1",
            "20260601",
            "2026-W23-1",
            "0000-01-01",
        ],
    ),
    (parsing.last_moment_of, ["", "2026-02-30", "2026-06-01 "]),
    (parsing.time_of, ["", "24:00", "17", "5:00", "17:60", "17:00Z", "5pm"]),
    (parsing.weekdays_of, ["", "monday", "mon-", "-mon", "mon,", "mon-fri-sun", "1"]),
    (parsing.phone_region_of, ["", "UK", "GBR", "ZZ", "+44"]),
]


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [(read, text, value) for read, values in READ for text, value in values.items()],
)
def test_what_can_be_read(read: Callable[[str, str], Any], text: str, value: Any) -> None:
    assert read(text, "--option") == value


@pytest.mark.parametrize(("read", "text"), [(read, text) for read, texts in UNREADABLE for text in texts])
def test_what_cannot_be_read_says_how_to_write_it(read: Callable[[str, str], Any], text: str) -> None:
    with pytest.raises(CommandFailed, match="write it as") as failed:
        read(text, "--option")
    assert str(failed.value).startswith(f"--option {text}") and failed.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("High Street Hotel", "high-street-hotel"),
        ("Café Zoë & Bar", "cafe-zoe-bar"),
        ("  --No. 4!--  ", "no-4"),
        ("北京", ""),
        ("x" * 62 + " yz", "x" * 62),
    ],
)
def test_slugs_made_of_names(name: str, slug: str) -> None:
    assert parsing.slug_of(name) == slug
