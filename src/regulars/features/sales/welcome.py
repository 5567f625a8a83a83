"""What a customer is due at a hotel before anything is sold: standing, bonus, and the codes on offer."""

from collections.abc import Sequence
from datetime import datetime

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


class Welcoming:
    """What the member whom a text names is due at a hotel, asked together with other questions.

    What has to be known of the member is asked before it is known who it is. The text is read as
    `members.recognise` does.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        hotel: Location,
        text: str,
        kinds: Sequence[str],
        now: datetime,
        *,
        tier_book: TierBook,
        promo_book: PromoBook,
    ) -> None:
        self._hotel, self._tier_book, self._promo_book = hotel, tier_book, promo_book
        self._at = promos.local_time(now, hotel.time_zone)
        self._recognition = members.Recognition(pipeline, hotel.program_id, text, kinds)
        if not self._recognition.is_asked:
            return
        since = window_start(tier_book, hotel.location_id, now)
        self._visits = store_welcome.send_visits(pipeline, hotel.program_id, since)
        limited = promos.limited_promo_ids(promo_book.promos, at=self._at, location_id=hotel.location_id)
        self._claims = promos.claims_of_found(pipeline, hotel.program_id, limited)

    @property
    def welcome(self) -> Welcome | None:
        """What is due now, or None when there is nobody; to be read once the pipeline was flushed."""
        recognised = self._recognition.recognised
        if recognised is None:
            return None
        member = recognised.member
        visits = int(self._visits.rows[0][0])
        customer = Customer(member.member_id, member.staff, member.home_location_id, visits)
        standing = standing_at(customer, self._tier_book, self._hotel.location_id)
        return _due(recognised, standing, self._claims, self._promo_book, self._hotel, self._at)


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
