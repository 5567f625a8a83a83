"""What tier a customer has at a hotel, and what it gives there. Pure.

The tier is the better of what the visiting and the home hotel's thresholds give; the rates and the next
tier are the visiting hotel's (contract of Loyalty Hub, notes, "Tiers"). What the notes leave open:

- A hotel without a scheme of its own runs on the default one, the figures of High Street, as the hotel
  visited and as a home: what it gives its guests at its own bar, it gives them elsewhere.
- A program without tiers has the three default ones.
- A hotel need not have a rule for each tier. Its own visits never lead to a tier that it has no rule for;
  whoever is lifted there by the home hotel has the tier's name and the rates of the next one below it.
- A home hotel that was switched off still counts, and so do visits to it: it is its tills that may no
  longer call, while its customers keep what they had, until they are given another home.
"""

from collections.abc import Sequence
from decimal import Decimal

from regulars.features.tiers.model import NextTier, Scheme, Standing, Tier, TierBook, TierRule

STAFF = "Staff"
"""What staff have for a tier; no tier of the ladder is called so."""

DEFAULT_TIERS = (Tier(1, "Member", 1), Tier(2, "Loyalty", 2), Tier(3, "Regular", 3))
DEFAULT_RULES = (
    TierRule(1, 0, Decimal(5), Decimal(10)),
    TierRule(2, 4, Decimal(8), Decimal(15)),
    TierRule(3, 8, Decimal(12), Decimal(20)),
)
DEFAULT_PERIOD_DAYS = 28
DEFAULT_STAFF_WET_PERCENT = Decimal(25)
DEFAULT_STAFF_DRY_PERCENT = Decimal(30)


def standing(visits: int, book: TierBook, visiting_id: int, home_id: int | None) -> Standing:
    """What a customer with so many visits is and gets at the visiting hotel.

    `visits` are those to any hotel of the program within the visiting hotel's period, which
    `scheme_at` tells. A customer without a home has the visiting hotel's tier.
    """
    assert visits >= 0
    tiers = book.tiers or DEFAULT_TIERS
    ranks = {tier.tier_id: rank for rank, tier in enumerate(tiers)}
    visiting = scheme_at(book, visiting_id)
    home = visiting if home_id is None else scheme_at(book, home_id)
    rank = max(ranks[_reached(scheme, visits).tier_id] for scheme in (visiting, home))
    rates = [rule for rule in visiting.rules if ranks[rule.tier_id] <= rank][-1]
    above = next((rule for rule in visiting.rules if ranks[rule.tier_id] > rank), None)
    return Standing(
        tier=tiers[rank].name,
        staff=False,
        wet_percent=rates.wet_percent,
        dry_percent=rates.dry_percent,
        visits=visits,
        period_days=visiting.period_days,
        next_tier=(
            None
            if above is None
            else NextTier(tiers[ranks[above.tier_id]].name, above.visits_min, above.visits_min - visits)
        ),
    )


def staff_standing(book: TierBook, visiting_id: int) -> Standing:
    """What staff of any hotel get at the visiting one: its staff rates, whatever their visits."""
    scheme = scheme_at(book, visiting_id)
    return Standing(STAFF, True, scheme.staff_wet_percent, scheme.staff_dry_percent, 0, 0, None)


def scheme_at(book: TierBook, location_id: int) -> Scheme:
    """What holds at a hotel: its own scheme, or the default one while it has none."""
    return book.schemes.get(location_id) or default_scheme(book.tiers, location_id)


def default_scheme(tiers: Sequence[Tier], location_id: int) -> Scheme:
    """The default scheme over these tiers, lowest first; a fourth tier and those above have no rule in it."""
    rules = tuple(
        TierRule(tier.tier_id, rule.visits_min, rule.wet_percent, rule.dry_percent)
        for tier, rule in zip(tiers or DEFAULT_TIERS, DEFAULT_RULES, strict=False)
    )
    return Scheme(
        location_id, DEFAULT_PERIOD_DAYS, rules, DEFAULT_STAFF_WET_PERCENT, DEFAULT_STAFF_DRY_PERCENT
    )


def _reached(scheme: Scheme, visits: int) -> TierRule:
    return [rule for rule in scheme.rules if rule.visits_min <= visits][-1]
