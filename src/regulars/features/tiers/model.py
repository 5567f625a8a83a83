"""What tiers talks about. Percentages are of the price, from 0 to 100, with two decimals at most."""

from decimal import Decimal

from msgspec import Struct


class Tier(Struct, frozen=True):
    """A step of a program's ladder; the higher the position, the better the tier."""

    tier_id: int
    name: str
    position: int


class TierRule(Struct, frozen=True):
    """From how many visits a hotel counts a customer to a tier, and what it gives on drinks and food."""

    tier_id: int
    visits_min: int
    wet_percent: Decimal
    dry_percent: Decimal


class Scheme(Struct, frozen=True):
    """What one hotel has set. `rules` go up the ladder, with thresholds that rise, the first one at 0.

    Visits count for `period_days`.
    """

    location_id: int
    period_days: int
    rules: tuple[TierRule, ...]
    staff_wet_percent: Decimal
    staff_dry_percent: Decimal


class TierBook(Struct, frozen=True):
    """Everything that one program has set: its tiers by position, and the schemes of its hotels by id."""

    tiers: tuple[Tier, ...]
    schemes: dict[int, Scheme]


class NextTier(Struct, frozen=True):
    """The tier above a customer's own, and how many more visits it takes."""

    name: str
    visits_required: int
    visits_to_go: int


class Standing(Struct, frozen=True):
    """What a customer is and gets at one hotel; `visits` are those of the last `period_days`."""

    tier: str
    staff: bool
    wet_percent: Decimal
    dry_percent: Decimal
    visits: int
    period_days: int
    next_tier: NextTier | None
