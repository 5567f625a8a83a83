"""What a customer is due at a hotel: the standing, the bonus, and the promo that the till names."""

from datetime import datetime, timedelta

from regulars.db.pipeline import Pipeline
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


class Due:
    """What a sale is due, where the database is asked together with other things.

    The reckoning can be read once the pipeline was flushed. The statement sent last before finds the
    customer, who is nobody yet: claims are asked for staff too, and left alone.
    """

    def __init__(
        self, pipeline: Pipeline, hotel: Location, new: NewSale, promo_book: PromoBook, at: datetime
    ) -> None:
        self._new, self._location_id, self._at = new, hotel.location_id, at
        self._named = promos.in_book(promo_book, new.promo_code) if new.promo_code is not None else None
        self._bonuses: list[Promo] = []
        if new.promo_code is None:
            self._bonuses = _open_bonuses(promo_book, hotel.location_id, at)
        self._claims = self._asked(pipeline, hotel.program_id)

    def reckoning(self, standing: Standing) -> Reckoning:
        """What our rules give: the tier's rates, those of the promo that the till names, or of a bonus."""
        base = base_rates(standing)
        objection, promo = None, self._named
        if promo is not None:
            objection = _objection(promo, self._location_id, self._at)
        elif self._new.promo_code is None and not standing.staff:
            promo = self._bonus(base)
        is_due = promo is not None and objection is None and not standing.staff
        return reckon(
            self._new,
            standing,
            (promos.applied(base, promo) if promo is not None and is_due else None) or base,
            promo=promo,
            promo_objection=objection,
            promo_unknown=self._new.promo_code is not None and promo is None,
        )

    def _asked(self, pipeline: Pipeline, program_id: int) -> promos.Claims:
        limited = promos.limited_promo_ids(self._bonuses, at=self._at, location_id=self._location_id)
        if limited or any(bonus.assigned_only or not bonus.requires_membership for bonus in self._bonuses):
            return promos.claims_of_found(pipeline, program_id, limited)
        # A bonus that everybody has without a limit says all by itself.
        return promos.Claims(None, None)

    def _bonus(self, base: Rates) -> Promo | None:
        """The bonus that identifying gives the customer, if any."""
        return promos.applied_bonus(
            base,
            self._bonuses,
            self._claims.assignments,
            at=self._at,
            location_id=self._location_id,
            uses=self._claims.uses,
        )


def base_rates(standing: Standing) -> Rates:
    """What the customer has without a promo."""
    return Rates(standing.wet_percent, standing.dry_percent)


def _open_bonuses(promo_book: PromoBook, location_id: int, at: datetime) -> list[Promo]:
    """The bonuses that somebody can have here and now."""
    return [
        promo
        for promo in promo_book.promos
        if promo.kind is PromoKind.LOYALTY_BONUS and _objection(promo, location_id, at) is None
    ]


def _objection(promo: Promo, location_id: int, at: datetime) -> str | None:
    """Why the promo is not valid here and now. The till asked the rest when it applied it."""
    return promos.objection(
        promo,
        at=at,
        location_id=location_id,
        member=True,
        total_minor=None,
        uses=Uses(),
        assigned=True,
    )
