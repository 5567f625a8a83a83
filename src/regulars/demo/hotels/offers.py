"""The demo's promos: those of the published examples under their published ids, and one of every other sort.

At the High Street Hotel nothing that John Smith is offered comes and goes with the time of day, so that the
published example has the same answer whenever it is tried.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from regulars.demo.hotels.guests import JOHN, OPENED_DAYS_AGO, Guest
from regulars.demo.hotels.places import HIGH_STREET, NUMBER_FOUR
from regulars.features.promos.model import PromoKind, PromoTerms

BIRTHDAY_SEASON_DAYS = 30
"""Whose birthday is within so many days has been given something for it."""

LAPSED_DAYS_MIN, LAPSED_DAYS_MAX = 40, 160
"""Who stopped coming so long ago has been asked back."""

_CODE, _BONUS = PromoKind.PROMO_CODE, PromoKind.LOYALTY_BONUS
_TUESDAY_TO_THURSDAY, _FRIDAY_AND_SATURDAY = frozenset((2, 3, 4)), frozenset((5, 6))


class Gift(msgspec.Struct, frozen=True):
    """That a guest was given a promo, until when on the hotels' clocks."""

    expires_at: datetime | None


class Offer(msgspec.Struct, frozen=True):
    """A promo to make, and what says which guests it is given to, if it is."""

    terms: PromoTerms
    gift_for: Callable[[Guest, date], Gift | None] = lambda guest, today: None


def offers_of(today: date, location_ids: dict[str, int]) -> list[Offer]:
    """The promos in the order in which they are made; `location_ids` are those of the hotels by slug."""
    return [*_offers_up_to_summer(today, location_ids), *_offers_from_summer_on(today, location_ids)]


def gifts_of(offer: Offer, guests: Sequence[Guest], today: date) -> Iterator[tuple[int, Gift]]:
    """Which guests the promo is given to, by the order in which they joined."""
    for number, guest in enumerate(guests):
        gift = None if guest.staff else offer.gift_for(guest, today)
        if gift is not None:
            yield number, gift


def _offers_up_to_summer(today: date, location_ids: dict[str, int]) -> list[Offer]:
    opened, number_four = today - timedelta(days=OPENED_DAYS_AGO), location_ids[NUMBER_FOUR.slug]
    return [
        Offer(_code("OPENING20", "Opening weeks", "20% off everything", 20, 20,
                    valid_from=_morning(opened), valid_until=_evening(opened, 60))),
        Offer(_code("NIGHTOWL", "Night owl", "A quarter off late drinks, Fridays and Saturdays", 25, 0,
                    time_from=time(22), time_until=time(2), weekdays=_FRIDAY_AND_SATURDAY,
                    location_ids=frozenset((number_four,)))),
        Offer(_code("FIRST20", "First twenty", "30% off food for the first twenty", 0, 30,
                    valid_from=_morning(opened, 90), usage_limit=20)),
        Offer(_bonus("MIDWEEK", "Midweek supper", "Extra 5% on food, Tuesday to Thursday evenings", add_dry=5,
                     requires_membership=True, time_from=time(17), time_until=time(21, 30),
                     weekdays=_TUESDAY_TO_THURSDAY)),
        Offer(_bonus("CP_LUNCH2X", "Lunch Boost", "Extra 5% at lunch", add_wet=5, add_dry=5,
                     assigned_only=True, valid_until=_evening(today, 180)), _for_the_keenest),
        Offer(_code("COMEBACK20", "We miss you", "20% off your next visit", 20, 20,
                    assigned_only=True, valid_from=_morning(today, -LAPSED_DAYS_MIN),
                    usage_limit_per_customer=1), _for_the_lapsed),
        Offer(_code("BIRTHDAY20", "Happy birthday", "20% off around your birthday", 20, 20,
                    assigned_only=True, valid_from=_morning(today, -BIRTHDAY_SEASON_DAYS),
                    usage_limit_per_customer=1), _for_birthdays),
    ]  # fmt: skip


def _offers_from_summer_on(today: date, location_ids: dict[str, int]) -> list[Offer]:
    high_street = location_ids[HIGH_STREET.slug]
    return [
        Offer(_code("GALA25", "Gala night", "A quarter off, once the tickets are out", 25, 25,
                    valid_from=_morning(today, 60), valid_until=_evening(today, 61))),
        Offer(_bonus("LUNCH2X", "Double Lunch Discount", "Twice your own discount", multiplier=2,
                     valid_until=_evening(today, 180))),
        Offer(_code("SUMMER24", "Summer Special", "15% off everything", 15, 15,
                    valid_from=_morning(today, -45), valid_until=_evening(today, 180))),
        Offer(_code("FEAST25", "Table for four", "A quarter off food from £60", 10, 25,
                    requires_membership=True, min_spend_minor=6000)),
        Offer(_code("PINT200", "Two hundred pints", "A third off drinks, three times each", 33, 0,
                    valid_from=_morning(today, -120), usage_limit=200, usage_limit_per_customer=3,
                    location_ids=frozenset((high_street,)))),
        Offer(_code("PAPER10", "Paper voucher", "From the leaflet, withdrawn", 10, 10, active=False)),
    ]  # fmt: skip


def _for_the_keenest(guest: Guest, today: date) -> Gift | None:
    return Gift(None) if guest is JOHN or guest.visits_per_week > 2.5 else None


def _for_the_lapsed(guest: Guest, today: date) -> Gift | None:
    lapsed = (
        LAPSED_DAYS_MIN < guest.last_days_ago <= LAPSED_DAYS_MAX and not guest.leaves and guest is not JOHN
    )
    return Gift(_evening(today, 21)) if lapsed else None


def _for_birthdays(guest: Guest, today: date) -> Gift | None:
    if guest.birth_date is None:
        return None
    # Who was born on a leap day is given something on the day before it.
    day = min(guest.birth_date.day, 28)
    birthdays = [guest.birth_date.replace(year=today.year + years, day=day) for years in (-1, 0, 1)]
    nearest = min(birthdays, key=lambda birthday: abs(birthday - today))
    in_season = abs(nearest - today).days <= BIRTHDAY_SEASON_DAYS
    return Gift(_evening(nearest, 14)) if in_season else None


def _code(code: str, name: str, description: str, wet: int, dry: int, **more: Any) -> PromoTerms:
    terms = {"code": code, "name": name, "description": description, **more}
    return PromoTerms(kind=_CODE, wet_percent=Decimal(wet), dry_percent=Decimal(dry), **terms)


def _bonus(
    code: str,
    name: str,
    description: str,
    *,
    add_wet: int = 0,
    add_dry: int = 0,
    multiplier: int = 0,
    **more: Any,
) -> PromoTerms:
    terms = {"code": code, "name": name, "description": description, **more}
    return PromoTerms(
        kind=_BONUS,
        bonus_add_wet=Decimal(add_wet),
        bonus_add_dry=Decimal(add_dry),
        bonus_multiplier=Decimal(multiplier),
        **terms,
    )


def _morning(day: date, days_later: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=days_later), time())


def _evening(day: date, days_later: int = 0) -> datetime:
    """The last second of that day."""
    return datetime.combine(day + timedelta(days=days_later), time(23, 59, 59))
