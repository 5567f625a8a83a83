"""What a bonus makes of a customer's rates, and which of several is the best."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.base.refusals import Refused
from regulars.features.promos.model import Promo, PromoTerms, Rates
from regulars.features.promos.rules_rates import applied, best_bonus, boosted
from regulars.features.promos.rules_terms import checked_terms
from tests.support.promos import bonus_terms, code_terms, numbered


def rates(wet: str | int, dry: str | int) -> Rates:
    return Rates(Decimal(wet), Decimal(dry))


def bonus(promo_id: int = 1, *, multiplier: str = "0", wet: str = "0", dry: str = "0") -> Promo:
    figures: dict[str, Any] = {
        "bonus_multiplier": Decimal(multiplier),
        "bonus_add_wet": Decimal(wet),
        "bonus_add_dry": Decimal(dry),
    }
    return numbered(bonus_terms(**figures), promo_id)


@pytest.mark.parametrize(
    ("base", "promo", "expected"),
    [
        # The published examples: 10/15 and a further 5 at lunch; 10/15 doubled.
        (rates(10, 15), bonus(wet="5", dry="5"), rates(15, 20)),
        (rates(10, 15), bonus(multiplier="2"), rates(20, 30)),
        # What is added wins over the multiplier, even where it is added to one rate only.
        (rates(10, 15), bonus(multiplier="2", wet="5", dry="5"), rates(15, 20)),
        (rates(10, 15), bonus(multiplier="2", wet="5"), rates(15, 15)),
        (rates(10, 15), bonus(multiplier="2", dry="0.01"), rates(10, "15.01")),
        # One base rate of zero is enough to have one.
        (rates(0, 15), bonus(wet="5"), rates(5, 15)),
        (rates(0, 15), bonus(multiplier="2"), rates(0, 30)),
        (rates(0, 0), bonus(wet="5", dry="5"), None),
        (rates(0, 0), bonus(multiplier="2"), None),
        # Capped at 100, each by itself.
        (rates(10, 60), bonus(multiplier="2"), rates(20, 100)),
        (rates(99, 100), bonus(wet="5", dry="5"), rates(100, 100)),
        # Nothing is rounded.
        (rates("10.33", "15.01"), bonus(multiplier="1.25"), rates("12.9125", "18.7625")),
        (rates("0.01", "0.01"), bonus(multiplier="1.01"), rates("0.0101", "0.0101")),
        # Should a multiplier below 1 ever come here, no rate is lowered.
        (rates(10, 15), bonus(multiplier="0.5"), rates(10, 15)),
    ],
)
def test_what_a_bonus_gives(base: Rates, promo: Promo, expected: Rates | None) -> None:
    assert boosted(base, promo) == expected
    assert applied(base, promo) == expected


@pytest.mark.parametrize("base", [rates(0, 0), rates(5, 10), rates(50, 60)])
def test_a_promo_code_replaces_the_rates(base: Rates) -> None:
    promo = numbered(code_terms(wet_percent=Decimal("7.5"), dry_percent=Decimal(0)))
    assert applied(base, promo) == rates("7.5", 0)


PERCENTS = st.decimals(0, 100, places=2)
FIGURES = {
    "bonus_multiplier": st.decimals(0, 100, places=2),
    "bonus_add_wet": PERCENTS,
    "bonus_add_dry": PERCENTS,
}


def is_acceptable(terms: PromoTerms) -> bool:
    try:
        checked_terms(terms)
    except Refused:
        return False
    return True


@given(st.builds(Rates, PERCENTS, PERCENTS), st.fixed_dictionaries(FIGURES))
def test_a_bonus_never_lowers_a_rate_and_stays_within_0_and_100(base: Rates, figures: dict[str, Any]) -> None:
    terms = bonus_terms(**figures)
    raised = boosted(base, numbered(terms))
    if base == rates(0, 0):
        assert raised is None
        return
    assert raised is not None
    assert base.wet_percent <= raised.wet_percent <= 100
    assert base.dry_percent <= raised.dry_percent <= 100
    if is_acceptable(terms) and max(base.wet_percent, base.dry_percent) < 100:
        exact = _by_hand(base, terms)
        assert raised == Rates(min(Decimal(100), exact.wet_percent), min(Decimal(100), exact.dry_percent))


def _by_hand(base: Rates, terms: PromoTerms) -> Rates:
    """The same sum in hundredths of a hundredth of a percent, in integers."""
    wet, dry = int(base.wet_percent * 100), int(base.dry_percent * 100)
    if terms.bonus_add_wet or terms.bonus_add_dry:
        wet, dry = (wet + int(terms.bonus_add_wet * 100)) * 100, (dry + int(terms.bonus_add_dry * 100)) * 100
    else:
        wet, dry = wet * int(terms.bonus_multiplier * 100), dry * int(terms.bonus_multiplier * 100)
    return Rates(Decimal(wet) / 10_000, Decimal(dry) / 10_000)


@pytest.mark.parametrize(
    ("base", "candidates", "best"),
    [
        (rates(10, 15), [], None),
        (rates(0, 0), [bonus(1, wet="50")], None),
        (rates(10, 15), [bonus(1, wet="5", dry="5"), bonus(2, multiplier="2")], 2),
        # The sum counts, not either rate.
        (rates(10, 15), [bonus(1, wet="20"), bonus(2, wet="12", dry="12")], 2),
        # A tie goes to the older one, wherever it stands.
        (rates(10, 15), [bonus(2, wet="10"), bonus(1, dry="10"), bonus(3, wet="5", dry="5")], 1),
        # Beyond the cap nothing is gained: 100 + 15 against 60 + 65.
        (rates(50, 15), [bonus(2, wet="90"), bonus(1, wet="10", dry="50")], 1),
        # Which one is best depends on the base: doubling 30/30 beats adding 20 each, doubling 10/10 does not.
        (rates(30, 30), [bonus(1, wet="20", dry="20"), bonus(2, multiplier="2")], 2),
        (rates(10, 10), [bonus(1, wet="20", dry="20"), bonus(2, multiplier="2")], 1),
        # Where all is capped, all tie.
        (rates(100, 100), [bonus(9, multiplier="2"), bonus(4, wet="1")], 4),
    ],
)
def test_the_best_bonus(base: Rates, candidates: list[Promo], best: int | None) -> None:
    for seed in range(3):
        shuffled = Random(seed).sample(candidates, len(candidates))
        chosen = best_bonus(base, shuffled)
        assert (chosen.promo_id if chosen else None) == best
