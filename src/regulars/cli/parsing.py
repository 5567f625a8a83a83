"""What is written on a command line, as values. Whatever cannot be read is a CommandFailed that says how.

Only the writing is checked here: whether the values are allowed is for the features to say.
"""

import re
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import NoReturn
from uuid import UUID

from regulars.cli.failures import CommandFailed, ExitCode

NONE = "none"
"""What is written where a condition is taken away."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NUMBER = re.compile(r"[0-9]{1,13}(\.[0-9]{1,20})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?", re.ASCII)


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


def unreadable(option: str, text: str, instead: str) -> NoReturn:
    """Raises the CommandFailed that says how the option is written."""
    raise CommandFailed(f"{option} {text}: write it as {instead}", ExitCode.USAGE)


def duration_of(text: str, option: str) -> timedelta:
    """A duration written as 90s, 30m, 24h, 7d, or 0."""
    number, unit = (text[:-1], text[-1]) if text and text[-1] in _SECONDS else (text, "")
    if not (number.isascii() and number.isdigit()) or len(number) > 6 or not (unit or int(number) == 0):
        unreadable(option, text, "90s, 30m, 24h or 7d")
    return timedelta(seconds=int(number) * _SECONDS.get(unit, 1))


def decimal_of(text: str, option: str) -> Decimal:
    """A number from 0 on, written with a point: 10 or 10.50."""
    if not _NUMBER.fullmatch(text):
        unreadable(option, text, "a number such as 10 or 10.50")
    return Decimal(text)


def percent_of(text: str, option: str) -> Decimal:
    """A percentage, with or without its sign: 15, 7.5 or 15%."""
    if not _NUMBER.fullmatch(text.removesuffix("%")):
        unreadable(option, text, "a percentage such as 15 or 7.5")
    return Decimal(text.removesuffix("%"))


def percents_of(text: str, option: str) -> tuple[Decimal, Decimal]:
    """Two percentages, on drinks and on food: 8/15."""
    wet, slash, dry = text.partition("/")
    if not slash or not _NUMBER.fullmatch(wet) or not _NUMBER.fullmatch(dry):
        unreadable(option, text, "WET/DRY, such as 8/15")
    return Decimal(wet), Decimal(dry)


def count_of(text: str, option: str) -> int:
    """A whole number from 0 on."""
    if not (text.isascii() and text.isdigit()) or len(text) > 13:
        unreadable(option, text, "a whole number such as 100")
    return int(text)


def moment_of(text: str, option: str) -> datetime:
    """A date with or without a time, on a clock without a zone; a date alone is its first moment."""
    return _moment(text, option, time(0, 0))


def last_moment_of(text: str, option: str) -> datetime:
    """As `moment_of`, but a date alone is the last second of it."""
    return _moment(text, option, time(23, 59, 59))


def _moment(text: str, option: str, usual: time) -> datetime:
    day, _, clock = text.replace("T", " ").partition(" ")
    if _DATE.fullmatch(day) and (not clock or _TIME.fullmatch(clock)) and text[-1] not in "T ":
        try:
            moment = datetime.fromisoformat(f"{day} {clock}".strip())
        except ValueError:
            unreadable(option, text, "a date that there is, such as 2026-06-30 or 2026-06-30T17:00")
        return moment if clock else datetime.combine(moment, usual)
    unreadable(option, text, "2026-06-30 or 2026-06-30T17:00")


def time_of(text: str, option: str) -> time:
    """A time of day: 17:00, or 17:00:30."""
    if _TIME.fullmatch(text):
        try:
            return time.fromisoformat(text)
        except ValueError:
            pass
    unreadable(option, text, "a time from 00:00 to 23:59, such as 17:00")


def weekdays_of(text: str, option: str) -> frozenset[int]:
    """Days of the week, numbered from 1, Monday: mon,wed or fri-sun; sat-mon goes over the weekend's end."""
    numbers: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = part.strip().partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            unreadable(option, text, "mon,wed or mon-fri")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        numbers |= {(begin + step) % 7 + 1 for step in range((end - begin) % 7 + 1)}
    return frozenset(numbers)


def phone_region_of(text: str, option: str) -> str:
    """A country whose phone numbers are known, by its ISO 3166-1 code in whatever case."""
    from regulars.base.phone import is_region

    region = text.upper()
    if not is_region(region):
        unreadable(option, text, "a country of ISO 3166-1, such as GB or IE")
    return region


def id_of(text: str, option: str) -> UUID:
    """A UUID in its one usual spelling, in either case."""
    if not _UUID.fullmatch(text.strip()):
        unreadable(option, text, "a UUID, as the list shows it")
    return UUID(text.strip())


def slug_of(name: str) -> str:
    """A short name made of a long one: "Café Zoë & Bar" is cafe-zoe-bar. Empty when nothing can be made."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].rstrip("-")
