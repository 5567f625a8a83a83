"""What a promo makes of a customer's rates. Exact: nothing is rounded."""

from collections.abc import Sequence
from decimal import Decimal

from regulars.features.promos.model import ZERO, Promo, PromoKind, Rates

PERCENT_MAX = Decimal(100)


def applied(base: Rates, promo: Promo) -> Rates | None:
    """The rates with the promo: its own for a promo code, raised ones for a bonus (see `boosted`)."""
    if promo.kind is PromoKind.PROMO_CODE:
        return Rates(promo.wet_percent, promo.dry_percent)
    return boosted(base, promo)


def boosted(base: Rates, promo: Promo) -> Rates | None:
    """The rates that a loyalty bonus raises `base`, 0 to 100 each, to; None when both base rates are zero.

    Where the bonus adds to either rate, each gets what is added to it, and the multiplier is ignored; else
    the multiplier scales both. Capped at 100, and never below the base. Source: Loyalty Hub, notes on promos.
    """
    assert promo.kind is PromoKind.LOYALTY_BONUS
    if base.wet_percent == 0 and base.dry_percent == 0:
        return None
    if promo.bonus_add_wet > 0 or promo.bonus_add_dry > 0:
        raised = Rates(base.wet_percent + promo.bonus_add_wet, base.dry_percent + promo.bonus_add_dry)
    else:
        raised = Rates(base.wet_percent * promo.bonus_multiplier, base.dry_percent * promo.bonus_multiplier)
    return Rates(
        min(PERCENT_MAX, max(base.wet_percent, raised.wet_percent)),
        min(PERCENT_MAX, max(base.dry_percent, raised.dry_percent)),
    )


def best_bonus(base: Rates, candidates: Sequence[Promo]) -> Promo | None:
    """The bonus that gives the highest sum of both rates, the older one of two that give the same.

    None when there is no candidate, or nothing to raise.
    """

    def preference(promo: Promo) -> tuple[Decimal, int]:
        rates = boosted(base, promo)
        total = rates.wet_percent + rates.dry_percent if rates else ZERO
        return -total, promo.promo_id

    if base.wet_percent == 0 and base.dry_percent == 0:
        return None
    return min(candidates, key=preference, default=None)
