"""What a customer is due at a hotel before anything is sold: standing, bonus, and the codes on offer."""

from datetime import datetime

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.access.model import Location
from regulars.features.members.model import Member
from regulars.features.promos import actions as promos
from regulars.features.promos.model import PromoBook, Rates
from regulars.features.sales import store_welcome
from regulars.features.sales.model import Customer
from regulars.features.sales.model_welcome import Welcome
from regulars.features.sales.reckoning import standing_at, window_start
from regulars.features.tiers.model import Standing, TierBook


async def welcome(
    connection: Connection,
    hotel: Location,
    member: Member,
    now: datetime,
    *,
    tier_book: TierBook,
    promo_book: PromoBook,
) -> Welcome:
    """What the member is due at the hotel now. One round trip, and none for staff, who get no promos."""
    if member.staff:
        customer = Customer(member.member_id, True, member.home_location_id, 0)
        standing = standing_at(customer, tier_book, hotel.location_id)
        return Welcome(standing, _base(standing), None, [])
    at = promos.local_time(now, hotel.time_zone)
    since = window_start(tier_book, hotel.location_id, now)
    limited = promos.limited_promo_ids(promo_book.promos, at=at, location_id=hotel.location_id)
    visits, claims = await _asked(connection, member, since, limited)
    customer = Customer(member.member_id, False, member.home_location_id, visits)
    return _due(standing_at(customer, tier_book, hotel.location_id), claims, promo_book, hotel, at)


async def _asked(
    connection: Connection, member: Member, since: datetime, limited: list[int]
) -> tuple[int, promos.Claims]:
    """The visits since then, and what the member may claim, in one round trip."""
    pipeline = Pipeline(connection)
    visits = store_welcome.send_visits(pipeline, member.program_id, member.member_id, since)
    claims = promos.Claims(pipeline, member.program_id, limited, member.member_id)
    await pipeline.flush()
    return int(visits.rows[0][0]), claims


def _due(
    standing: Standing, claims: promos.Claims, book: PromoBook, hotel: Location, at: datetime
) -> Welcome:
    base, assignments, uses = _base(standing), claims.assignments, claims.uses
    bonus = promos.applied_bonus(
        base, book.promos, assignments, at=at, location_id=hotel.location_id, uses=uses
    )
    offers = promos.available_promos(
        book.promos, assignments, at=at, location_id=hotel.location_id, uses=uses
    )
    rates = promos.applied(base, bonus) if bonus is not None else None
    return Welcome(standing, rates or base, bonus, offers)


def _base(standing: Standing) -> Rates:
    return Rates(standing.wet_percent, standing.dry_percent)
