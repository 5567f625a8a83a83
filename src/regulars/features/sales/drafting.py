"""A sale before it is written: what has to be known of the customer, and what comes of it."""

from datetime import datetime

from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.db.pipeline import Pipeline, Sent
from regulars.features.access.model import Location
from regulars.features.promos import actions as promos
from regulars.features.promos.model import PromoBook
from regulars.features.sales import store
from regulars.features.sales.model import Customer, Entry, NewSale, ToldTier
from regulars.features.sales.reckoning import Due, standing_at, window_start
from regulars.features.sales.rules import fingerprint
from regulars.features.sales.rules_reckoning import preferences_of
from regulars.features.tiers.model import Standing, TierBook

NUMBER_MAX = 2**31 - 1


class Draft:
    """A sale whose customer is asked for, together with what the customer may claim: one round trip."""

    def __init__(
        self,
        pipeline: Pipeline,
        hotel: Location,
        new: NewSale,
        tier_book: TierBook,
        promo_book: PromoBook,
        now: datetime,
    ) -> None:
        self._hotel, self._new, self._tier_book, self._now = hotel, new, tier_book, now
        self._since = window_start(tier_book, hotel.location_id, now)
        self._customer = self._ask_for_customer(pipeline)
        at = promos.local_time(now, hotel.time_zone)
        self._due = Due(pipeline, hotel, new, promo_book, at)

    def entry(self) -> Entry:
        """All that is written of the sale, once the pipeline was flushed.

        Raises Refused: customer_not_found.
        """
        customer = store.customer_in(self._customer)
        if customer is None:
            raise Refused("customer_not_found")
        standing = self._standing(customer)
        return Entry(
            program_id=self._hotel.program_id,
            location_id=self._hotel.location_id,
            currency=self._hotel.currency,
            member_id=customer.member_id,
            new=self._new,
            reckoning=self._due.reckoning(standing),
            preferences=preferences_of(self._new.items),
            fingerprint=fingerprint(self._new),
            sold_at=self._now,
            tier=self._tier_to_tell(customer, standing),
        )

    def _standing(self, customer: Customer) -> Standing:
        return standing_at(customer, self._tier_book, self._hotel.location_id)

    def _tier_to_tell(self, customer: Customer, before: Standing) -> ToldTier | None:
        """The tier that the customer has after this visit, unless others know it or nobody wants to."""
        after = self._standing(replace(customer, visits=customer.visits + 1))
        if not customer.is_told or customer.told_tier == after.tier:
            return None
        return ToldTier(
            member_id=customer.member_id,
            location_id=self._hotel.location_id,
            tier=after.tier,
            previous_tier=before.tier,
            visits=after.visits,
            counted_from=self._since,
            told_at=self._now,
        )

    def _ask_for_customer(self, pipeline: Pipeline) -> Sent:
        """Raises Refused: customer_not_found, for a number that nobody can have."""
        if not 0 < self._new.customer_number <= NUMBER_MAX:
            raise Refused("customer_not_found")
        return store.send_customer(pipeline, self._hotel, self._new.customer_number, self._since)
