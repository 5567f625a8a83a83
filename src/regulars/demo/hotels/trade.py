"""Lets the demo's hotels trade: every visit is a sale, logged as a till's would be.

Each has its ticket, so a second run finds what the first one logged and does the rest.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from regulars.db.database import Connection, Database
from regulars.demo.hotels.guests import JOHN_RFID, Guest
from regulars.demo.hotels.offers import gifts_of, offers_of
from regulars.demo.hotels.places import find_hotels
from regulars.demo.hotels.tills import Tills
from regulars.demo.hotels.visits import moment, visits_of
from regulars.demo.unhurried import unhurried
from regulars.features.access.model import Location, Program
from regulars.features.members import actions as members
from regulars.features.members.model import Member
from regulars.features.promos.actions import PromoCache
from regulars.features.promos.model import Assignment, PromoBook
from regulars.features.sales import actions as sales
from regulars.features.sales.model_history import PastSale
from regulars.features.tiers.actions import load_book

_PAGE = 1000
_PART = 250
_LEAVING_MINUTE = 15 * 60


async def trade(
    database: Database,
    program: Program,
    guests: Sequence[Guest],
    *,
    until: datetime,
    seed: int,
    show_progress: Callable[[float], None],
) -> None:
    """Logs all sales before `until`; `show_progress` is told what part of 1.0 is done."""
    promo_book = await PromoCache(database).get(program.program_id)
    async with database.connection() as connection, unhurried(connection):
        tier_book = await load_book(connection, program.program_id)
        hotels = await find_hotels(connection, program.program_id)
        enrolled = await enrolled_guests(connection, program.program_id, len(guests))
        today = until.astimezone(ZoneInfo(program.time_zone)).date()
        gifts = _gifts(promo_book, guests, enrolled, hotels, today)
        tills = Tills(hotels, tier_book, promo_book, guests, gifts)
        visits = visits_of(guests, until, program.time_zone, seed)
        for done in range(0, len(visits), _PART):
            past = [
                PastSale(
                    hotels[visit.hotel], tills.ring_up(visit, enrolled[visit.guest].number, seed), visit.at
                )
                for visit in visits[done : done + _PART]
            ]
            await sales.log_history(connection, past, tier_book=tier_book, promo_book=promo_book)
            show_progress((done + len(past)) / len(visits))


async def see_off(connection: Connection, program: Program, guests: Sequence[Guest], until: datetime) -> None:
    """Switches off the guests who leave, some days after their last visit."""
    zone = ZoneInfo(program.time_zone)
    today = until.astimezone(zone).date()
    enrolled = await enrolled_guests(connection, program.program_id, len(guests))
    for guest, member in zip(guests, enrolled, strict=True):
        if guest.leaves:
            at = moment(today - timedelta(days=guest.last_days_ago // 2), _LEAVING_MINUTE, zone)
            await members.set_active(connection, program.program_id, member.member_id, active=False, now=at)


async def enrolled_guests(connection: Connection, program_id: int, count: int) -> list[Member]:
    """The guests in the order in which they joined; their numbers follow on John Smith's."""
    john = await members.find(connection, program_id, "rfid", JOHN_RFID)
    assert john is not None
    found: list[Member] = []
    while len(found) < count:
        after = found[-1].number if found else john.number - 1
        found += await members.search(
            connection, program_id, limit=min(_PAGE, count - len(found)), after=after
        )
    return found


def _gifts(
    promo_book: PromoBook,
    guests: Sequence[Guest],
    enrolled: Sequence[Member],
    hotels: dict[str, Location],
    today: date,
) -> dict[int, list[Assignment]]:
    """What each guest was given."""
    gifts: defaultdict[int, list[Assignment]] = defaultdict(list)
    for offer in offers_of(today, {slug: hotel.location_id for slug, hotel in hotels.items()}):
        promo = promo_book.by_code[offer.terms.code]
        for number, gift in gifts_of(offer, guests, today):
            given = Assignment(promo.promo_id, enrolled[number].member_id, gift.expires_at)
            gifts[number].append(given)
    return gifts
