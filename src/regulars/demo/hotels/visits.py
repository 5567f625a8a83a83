"""When each guest of the demo comes, and where."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import msgspec

from regulars.demo.hotels.guests import Guest
from regulars.demo.hotels.menu import Meal
from regulars.demo.hotels.places import HIGH_STREET, NUMBER_FOUR

_WEEKDAYS = (0.6, 0.7, 0.9, 1.0, 1.5, 1.5, 0.8)
"""How busy each day is, Monday first; they add up to a week."""

_FRIDAY, _SATURDAY = 4, 5
_HOURS = {Meal.LUNCH: (12 * 60, 135), Meal.SUPPER: (17 * 60 + 15, 255), Meal.LATE: (21 * 60 + 50, 170)}
"""The first minute of the day for each meal, and how many follow; late ends after midnight."""


class Visit(msgspec.Struct, frozen=True):
    """One guest, by the order in which they joined, at one hotel."""

    at: datetime
    guest: int
    hotel: str
    meal: Meal


def visits_of(guests: Sequence[Guest], until: datetime, time_zone: str, seed: int) -> list[Visit]:
    """Every visit before `until`, oldest first. A guest's visits do not depend on who else there is."""
    zone = ZoneInfo(time_zone)
    visits = [
        visit
        for number, guest in enumerate(guests)
        for visit in _visits_of(
            number, guest, until.astimezone(zone).date(), zone, Random(f"{seed}/{number}")
        )
        if visit.at < until
    ]
    return sorted(visits, key=lambda visit: (visit.at, visit.guest))


def moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """So many minutes after the day began on the wall's clock, in UTC."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    return wall.replace(tzinfo=zone).astimezone(ZoneInfo("UTC"))


def _visits_of(number: int, guest: Guest, today: date, zone: ZoneInfo, random: Random) -> Iterator[Visit]:
    for days_ago in range(guest.joined_days_ago, -1, -1):
        day = today - timedelta(days=days_ago)
        chance = guest.visits_per_week / 7 * _WEEKDAYS[day.weekday()]
        comes = days_ago >= guest.last_days_ago and random.random() < chance
        if comes or days_ago in guest.recent_days_ago or days_ago == guest.joined_days_ago:
            yield _visit(number, guest, day, zone, random)


def _visit(number: int, guest: Guest, day: date, zone: ZoneInfo, random: Random) -> Visit:
    away = NUMBER_FOUR.slug if guest.home == HIGH_STREET.slug else HIGH_STREET.slug
    stays_up = day.weekday() in (_FRIDAY, _SATURDAY) and random.random() < 0.35
    meal = Meal.LATE if stays_up else random.choice((Meal.LUNCH, Meal.SUPPER, Meal.SUPPER))
    first, length = _HOURS[meal]
    at = moment(day, first + random.randrange(length), zone) + timedelta(seconds=random.randrange(60))
    return Visit(at, number, away if random.random() < guest.roams else guest.home, meal)
