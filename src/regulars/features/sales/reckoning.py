"""What a customer is due at a hotel: the standing, the bonus, and the promo that the till names."""

from datetime import datetime, timedelta

from regulars.db.database import Connection
from regulars.features.access.model import Location
from regulars.features.promos import actions as promos
from regulars.features.promos.model import Promo, PromoBook, PromoKind, Rates, Uses
from regulars.features.sales.model import Customer, NewSale, Reckoning
from regulars.features.sales.rules_reckoning import reckon
from regulars.features.tiers import actions as tiers
from regulars.features.tiers.model import Standing, TierBook


def window_start(tier_book: TierBook, location_id: int, now: datetime) -> datetime:
    """The first moment whose visits count at the hotel."""
    return now - timedelta(days=tiers.scheme_at(tier_book, location_id).period_days)


def standing_at(customer: Customer, tier_book: TierBook, location_id: int) -> Standing:
    """What the customer is and gets at the hotel."""
    if customer.staff:
        return tiers.staff_standing(tier_book, location_id)
    return tiers.standing(customer.visits, tier_book, location_id, customer.home_location_id)


async def reckoned(
    connection: Connection,
    hotel: Location,
    new: NewSale,
    customer: Customer,
    standing: Standing,
    promo_book: PromoBook,
    now: datetime,
) -> Reckoning:
    """What our rules give: the tier's rates, the rates of the promo that the till names, or those of a bonus.

    One round trip if the till names no promo and a bonus is open here and now that not everybody has, or
    that is limited; else none.
    """
    if new.promo_code is not None:
        promo = promos.in_book(promo_book, new.promo_code)
        objection = _objection(promo, hotel, now) if promo is not None else None
    else:
        promo, objection = await _bonus(connection, hotel, customer, standing, promo_book, now), None
    is_due = promo is not None and objection is None and not standing.staff
    base = Rates(standing.wet_percent, standing.dry_percent)
    return reckon(
        new,
        standing,
        (promos.applied(base, promo) if promo is not None and is_due else None) or base,
        promo=promo,
        promo_objection=objection,
        promo_unknown=new.promo_code is not None and promo is None,
    )


def _objection(promo: Promo, hotel: Location, now: datetime) -> str | None:
    """Why the promo is not valid here and now. The till asked the rest when it applied it."""
    return promos.objection(
        promo,
        at=promos.local_time(now, hotel.time_zone),
        location_id=hotel.location_id,
        member=True,
        total_minor=None,
        uses=Uses(),
        assigned=True,
    )


async def _bonus(
    connection: Connection,
    hotel: Location,
    customer: Customer,
    standing: Standing,
    promo_book: PromoBook,
    now: datetime,
) -> Promo | None:
    """The bonus that identifying gives the customer, if any."""
    bonuses = [
        promo
        for promo in promo_book.promos
        if promo.kind is PromoKind.LOYALTY_BONUS and _objection(promo, hotel, now) is None
    ]
    if standing.staff or not bonuses:
        return None
    at = promos.local_time(now, hotel.time_zone)
    limited = promos.limited_promo_ids(bonuses, at=at, location_id=hotel.location_id)
    # A bonus that everybody has without a limit says all by itself.
    is_personal = limited or any(bonus.assigned_only or not bonus.requires_membership for bonus in bonuses)
    asked_of = customer.member_id if is_personal else None
    claims = await promos.claims_of(connection, hotel.program_id, limited, asked_of)
    return promos.applied_bonus(
        Rates(standing.wet_percent, standing.dry_percent),
        bonuses,
        claims.assignments,
        at=at,
        location_id=hotel.location_id,
        uses=claims.uses,
    )
