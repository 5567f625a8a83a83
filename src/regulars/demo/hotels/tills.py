"""What the tills of the demo give each guest.

They know the rules and keep count of the visits by themselves, so what they claim is what our rules give.
They are tills of real life too: they hear late of what others used of a promo, so that one is used too often;
some sales are rung up offline, at the rates of a newcomer; some codes are misspelt.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

from msgspec.structs import replace

from regulars.demo.hotels.bills import Bill, Deal, bill_of, sale_of
from regulars.demo.hotels.guests import Guest
from regulars.demo.hotels.menu import MENUS, Meal, order
from regulars.demo.hotels.places import HOTELS
from regulars.demo.hotels.visits import Visit
from regulars.features.access.model import Location
from regulars.features.promos import actions as promos
from regulars.features.promos.model import Assignment, Promo, PromoBook, PromoKind, Rates, Uses
from regulars.features.sales.model import DiscountType, NewSale
from regulars.features.tiers import actions as tiers
from regulars.features.tiers.model import Standing, TierBook

TICKETS_BEFORE = 1000
"""How many tickets each till had printed before the hotel took part."""

BY_HEART = "LUNCH2X"
"""The bonus that some guests name at lunch, without its having been given to them."""

UNHEARD_USES = 2
"""How many of the latest uses of a promo a till has not heard of."""

_ASKS, _ASKS_FOR_A_GIFT, _NAMES_A_BONUS = 0.12, 0.75, 0.03
_OFFLINE, _MISSPELT, _TOTAL_ONLY = 0.015, 0.04, 0.01
_PREFIXES = {hotel.slug: hotel.ticket_prefix for hotel in HOTELS}


class Tills:
    """The tills of all hotels. `gifts` are the promos that each guest was given, by the guest's order."""

    def __init__(
        self,
        hotels: Mapping[str, Location],
        tier_book: TierBook,
        promo_book: PromoBook,
        guests: Sequence[Guest],
        gifts: Mapping[int, Sequence[Assignment]],
    ) -> None:
        self._hotels = hotels
        self._tier_book = tier_book
        self._promo_book = promo_book
        self._guests = guests
        self._gifts = gifts
        self._visits: defaultdict[int, list[datetime]] = defaultdict(list)
        self._tickets: Counter[str] = Counter()
        self._uses: Counter[tuple[int, int | None]] = Counter()

    def ring_up(self, visit: Visit, customer_number: int, seed: int) -> NewSale:
        """The sale of a visit, which comes after those that were rung up before."""
        random = Random(f"{seed}/{visit.guest}/{visit.at.isoformat()}")
        bill = bill_of(order(MENUS[visit.hotel], visit.meal, visit.guest, random))
        deal = self._deal(visit, bill, random)
        self._visits[visit.guest].append(visit.at)
        self._tickets[visit.hotel] += 1
        ticket_id = f"{_PREFIXES[visit.hotel]}-{TICKETS_BEFORE + self._tickets[visit.hotel]}"
        sale = sale_of(customer_number, ticket_id, bill, deal)
        if random.random() < _TOTAL_ONLY:
            # From a till that is too old to say more.
            return NewSale(customer_number=customer_number, ticket_id=ticket_id, total_minor=sale.total_minor)
        return sale

    def _deal(self, visit: Visit, bill: Bill, random: Random) -> Deal:
        guest, location_id = self._guests[visit.guest], self._hotels[visit.hotel].location_id
        standing = self._standing(guest, visit, location_id)
        base = Rates(standing.wet_percent, standing.dry_percent)
        if guest.staff:
            return Deal(DiscountType.STAFF, standing.tier, base)
        if random.random() < _OFFLINE:
            newcomer = tiers.standing(0, self._tier_book, location_id, None)
            rates = Rates(newcomer.wet_percent, newcomer.dry_percent)
            return Deal(DiscountType.DISCOUNT, newcomer.tier, rates)
        at = promos.local_time(visit.at, self._hotels[visit.hotel].time_zone)
        named = self._named_promo(visit, at, bill, base, random)
        if named is not None:
            return self._deal_under_code(visit.guest, named, base, standing.tier, random)
        bonus = promos.applied_bonus(
            base,
            self._promo_book.promos,
            self._gifts.get(visit.guest, ()),
            at=at,
            location_id=location_id,
            uses={},
        )
        rates = (promos.applied(base, bonus) if bonus is not None else None) or base
        return Deal(DiscountType.DISCOUNT, standing.tier, rates)

    def _standing(self, guest: Guest, visit: Visit, location_id: int) -> Standing:
        if guest.staff:
            return tiers.staff_standing(self._tier_book, location_id)
        period = timedelta(days=tiers.scheme_at(self._tier_book, location_id).period_days)
        visits = sum(at >= visit.at - period for at in self._visits[visit.guest])
        home_id = self._hotels[guest.home].location_id
        return tiers.standing(visits, self._tier_book, location_id, home_id)

    def _named_promo(
        self, visit: Visit, at: datetime, bill: Bill, base: Rates, random: Random
    ) -> Promo | None:
        """The promo that the guest asks for, which is the one that saves most, if it beats the tier."""
        if visit.meal is Meal.LUNCH and random.random() < _NAMES_A_BONUS:
            return self._promo_book.by_code[BY_HEART]
        keenness = random.random()
        if keenness > _ASKS_FOR_A_GIFT:
            return None
        offers = promos.available_promos(
            self._promo_book.promos,
            self._gifts.get(visit.guest, ()),
            at=at,
            location_id=self._hotels[visit.hotel].location_id,
            uses=self._known_uses(visit.guest),
        )
        savings = {
            offer.promo: sum(bill.saved_by(Rates(offer.promo.wet_percent, offer.promo.dry_percent)))
            for offer in offers
            if (offer.targeted or keenness < _ASKS)
            and bill.wet_minor + bill.dry_minor >= offer.promo.min_spend_minor
        }
        best = max(savings, key=savings.__getitem__, default=None)
        return best if best is not None and savings[best] > sum(bill.saved_by(base)) else None

    def _known_uses(self, guest: int) -> dict[int, Uses]:
        """What a till takes for used of each promo."""
        uses = self._uses
        return {
            promo.promo_id: Uses(
                max(0, uses[promo.promo_id, None] - UNHEARD_USES), uses[promo.promo_id, guest]
            )
            for promo in self._promo_book.promos
        }

    def _deal_under_code(self, guest: int, promo: Promo, base: Rates, tier: str, random: Random) -> Deal:
        rates = promos.applied(base, promo)
        assert rates is not None, "no tier of the demo is without a discount"
        is_code = promo.kind is PromoKind.PROMO_CODE
        deal = Deal(DiscountType.PROMO if is_code else DiscountType.DISCOUNT, tier, rates, promo.code)
        if random.random() < _MISSPELT:
            return replace(deal, code=promo.code[:2] + promo.code[3:])
        self._uses[promo.promo_id, None] += 1
        self._uses[promo.promo_id, guest] += 1
        return deal
