"""What a customer is due at a hotel before anything is sold: standing, bonus, and the codes on offer."""

from collections.abc import Sequence
from datetime import datetime

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.access.model import Location
from regulars.features.members import actions as members
from regulars.features.members.model_recognition import Recognised
from regulars.features.promos import actions as promos
from regulars.features.promos.model import PromoBook
from regulars.features.sales import store_welcome
from regulars.features.sales.model import Customer
from regulars.features.sales.model_welcome import Welcome
from regulars.features.sales.reckoning import base_rates, standing_at, window_start
from regulars.features.tiers.model import Standing, TierBook


async def welcome(
    connection: Connection,
    hotel: Location,
    text: str,
    kinds: Sequence[str],
    now: datetime,
    *,
    tier_book: TierBook,
    promo_book: PromoBook,
) -> Welcome | None:
    """What the member whom the text names (see `members.recognise`) is due at the hotel now, or None.

    One round trip: what has to be known of the member is asked before it is known who it is.
    """
    pipeline = Pipeline(connection)
    recognition = members.Recognition(pipeline, hotel.program_id, text, kinds)
    if not recognition.is_asked:
        return None
    since = window_start(tier_book, hotel.location_id, now)
    visits = store_welcome.send_visits(pipeline, hotel.program_id, since)
    at = promos.local_time(now, hotel.time_zone)
    limited = promos.limited_promo_ids(promo_book.promos, at=at, location_id=hotel.location_id)
    claims = promos.claims_of_found(pipeline, hotel.program_id, limited)
    await pipeline.flush()
    recognised = recognition.recognised
    if recognised is None:
        return None
    member = recognised.member
    customer = Customer(member.member_id, member.staff, member.home_location_id, int(visits.rows[0][0]))
    standing = standing_at(customer, tier_book, hotel.location_id)
    return _due(recognised, standing, claims, promo_book, hotel, at)


def _due(
    recognised: Recognised,
    standing: Standing,
    claims: promos.Claims,
    book: PromoBook,
    hotel: Location,
    at: datetime,
) -> Welcome:
    base = base_rates(standing)
    if standing.staff:
        # Staff get no promos.
        return Welcome(recognised, standing, base, None, [])
    assignments, uses = claims.assignments, claims.uses
    bonus = promos.applied_bonus(
        base, book.promos, assignments, at=at, location_id=hotel.location_id, uses=uses
    )
    offers = promos.available_promos(
        book.promos, assignments, at=at, location_id=hotel.location_id, uses=uses
    )
    rates = promos.applied(base, bonus) if bonus is not None else None
    return Welcome(recognised, standing, rates or base, bonus, offers)
