"""What is ordered at the demo's kiosks: by customers, and by people who tell nobody who they are."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from regulars.demo.hotels.visits import moment
from regulars.demo.kiosks.customers import OPENED_DAYS_AGO, Customer
from regulars.demo.kiosks.venues import SOHO, TEMPLE_BAR, VENUES, Venue

STRANGERS_PER_DAY = 1.4
"""Orders at each venue that nobody gave a number for, for every hundred customers of the demo."""

REFUNDED_AFTER = timedelta(hours=20)

_WEEKDAYS = (0.8, 0.8, 0.9, 1.0, 1.3, 1.4, 0.8)
"""How busy each day is, Monday first; they add up to a week."""

_OPENS_MINUTE, _OPEN_MINUTES = 8 * 60, 12 * 60
_BY_CART, _WANTS_REWARD, _REFUNDED = 0.1, 0.5, 0.03
_VENUES = {venue.slug: venue for venue in VENUES}


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One order. `by_cart`: the customer was linked to the cart, and the payment does not name the customer.

    `wants_reward`: the customer has one taken off, if there is one.
    `refunded_part` is what went back of what was paid, from 0 to 1.
    """

    at: datetime
    venue: str
    order_id: str
    total_minor: int
    by_cart: bool = False
    wants_reward: bool = False
    refunded_part: float = 0.0

    @property
    def cart_session_id(self) -> str:
        """The cart that the order came from."""
        return f"cart_{self.order_id}"

    @property
    def payment_event_id(self) -> str:
        """The event of its payment."""
        return f"evt_{self.order_id}"


class Refund(msgspec.Struct, frozen=True):
    """So much of an order that went back, in all."""

    at: datetime
    visit: Visit

    @property
    def refunded_minor(self) -> int:
        """The sum; where a reward was taken off the order, a little more than was paid at most."""
        return int(self.visit.total_minor * self.visit.refunded_part)


def refunds_of(visits: Sequence[Visit], until: datetime) -> list[Refund]:
    """What went back of these orders before `until`."""
    refunds = [Refund(visit.at + REFUNDED_AFTER, visit) for visit in visits if visit.refunded_part > 0]
    return [refund for refund in refunds if refund.at < until]


def visits_of(customer: Customer, until: datetime, seed: int) -> list[Visit]:
    """Every order of the customer before `until`, oldest first, whoever else there is."""
    random = Random(f"{seed}/{customer.number}")
    today = until.astimezone(ZoneInfo(_VENUES[customer.home].time_zone)).date()
    visits = (
        _visit(customer, today - timedelta(days=days_ago), random)
        for days_ago in range(customer.joined_days_ago, -1, -1)
        if days_ago == customer.joined_days_ago
        or random.random() < _chance(customer.orders_per_week / 7, today - timedelta(days=days_ago))
    )
    return sorted((visit for visit in visits if visit.at < until), key=lambda visit: visit.at)


def orders_of_strangers(count: int, until: datetime, seed: int) -> list[list[Visit]]:
    """The orders that nobody gave a number for, in a demo of `count` customers, for each venue and month."""
    return [
        [visit for visit in month if visit.at < until]
        for venue in VENUES
        for month in _months_of_strangers(venue, count, until, Random(f"{seed}/{venue.slug}"))
    ]


def _months_of_strangers(
    venue: Venue, count: int, until: datetime, random: Random
) -> Iterator[Sequence[Visit]]:
    zone = ZoneInfo(venue.time_zone)
    today = until.astimezone(zone).date()
    month: list[Visit] = []
    for days_ago in range(OPENED_DAYS_AGO, -1, -1):
        day = today - timedelta(days=days_ago)
        expected = _chance(STRANGERS_PER_DAY * count / 100, day)
        orders = int(expected) + (random.random() < expected % 1)
        month += [_order(venue, day, f"w{number}", random) for number in range(orders)]
        if days_ago % 30 == 0:
            yield month
            month = []


def _visit(customer: Customer, day: date, random: Random) -> Visit:
    away = TEMPLE_BAR if customer.home == SOHO.slug else SOHO
    venue = away if random.random() < customer.roams else _VENUES[customer.home]
    order = _order(venue, day, f"k{customer.number}", random)
    return replace(
        order,
        by_cart=random.random() < _BY_CART,
        wants_reward=random.random() < _WANTS_REWARD,
        refunded_part=random.choice((1.0, 0.5)) if random.random() < _REFUNDED else 0.0,
    )


def _order(venue: Venue, day: date, suffix: str, random: Random) -> Visit:
    minute = _OPENS_MINUTE + random.randrange(_OPEN_MINUTES)
    return Visit(
        at=moment(day, minute, ZoneInfo(venue.time_zone)) + timedelta(seconds=random.randrange(60)),
        venue=venue.slug,
        order_id=f"{venue.order_prefix}-{day:%y%m%d}-{suffix}",
        total_minor=int(random.triangular(*venue.spends_minor, venue.spends_minor[0] * 3)),
    )


def _chance(per_day: float, day: date) -> float:
    return per_day * _WEEKDAYS[day.weekday()]
