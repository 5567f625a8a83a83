"""What holds of every discount, whatever the hotel has set and the till names."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from regulars.features.promos.model import Promo, Rates
from regulars.features.promos.rules_offers import applied_bonus
from regulars.features.promos.rules_rates import applied
from regulars.features.sales.model import AMOUNT_MINOR_MAX, DiscountType, NewSale, Reckoning
from regulars.features.sales.rules_reckoning import discount_minor, reckon
from regulars.features.tiers.model import Standing
from tests.support.promos import NOON, bonus_terms, code_terms, numbered

percents = st.decimals(0, 100, places=2)
totals = st.none() | st.integers(0, AMOUNT_MINOR_MAX)
rates = st.builds(Rates, percents, percents)
codes = st.builds(lambda wet, dry: numbered(code_terms(wet_percent=wet, dry_percent=dry)), percents, percents)
bonuses = st.builds(
    lambda promo_id, multiplier, wet, dry: numbered(
        bonus_terms(bonus_multiplier=multiplier, bonus_add_wet=wet, bonus_add_dry=dry), promo_id
    ),
    st.integers(1, 9),
    st.decimals(0, 100, places=2),
    percents,
    percents,
)


def reckoned(base: Rates, promo: Promo | None, *totals: int | None, staff: bool = False) -> Reckoning:
    """What our rules give for a ticket of these totals, as logging a sale puts them together."""
    standing = Standing("Member", staff, base.wet_percent, base.dry_percent, 0, 28, None)
    new = NewSale(customer_number=1, total_minor=0, wet_minor=totals[0], dry_minor=totals[1])
    given_rates = (applied(base, promo) if promo is not None and not staff else None) or base
    return reckon(new, standing, given_rates, promo=promo, promo_objection=None, promo_unknown=False)


@given(rates, st.none() | codes | bonuses, totals, totals, st.booleans())
def test_a_discount_is_never_negative_and_never_more_than_its_total(
    base: Rates, promo: Promo | None, wet_minor: int | None, dry_minor: int | None, staff: bool
) -> None:
    ours = reckoned(base, promo, wet_minor, dry_minor, staff=staff)
    for percent, total, discount in (
        (ours.wet_percent, wet_minor, ours.wet_discount_minor),
        (ours.dry_percent, dry_minor, ours.dry_discount_minor),
    ):
        assert 0 <= percent <= 100
        if total is None or discount is None:
            assert total is discount is None
        else:
            assert 0 <= discount <= total
            # Half a minor unit at most is rounded.
            assert abs(Decimal(discount) - Decimal(total) * percent / 100) * 2 <= 1


@given(rates, bonuses, totals, totals)
def test_a_bonus_never_takes_anything_from_a_discount(
    base: Rates, bonus: Promo, wet_minor: int | None, dry_minor: int | None
) -> None:
    without, ours = reckoned(base, None, wet_minor, dry_minor), reckoned(base, bonus, wet_minor, dry_minor)
    assert (without.wet_discount_minor or 0) <= (ours.wet_discount_minor or 0)
    assert (without.dry_discount_minor or 0) <= (ours.dry_discount_minor or 0)
    assert ours.discount_type is DiscountType.DISCOUNT


@given(rates, st.lists(bonuses, unique_by=lambda promo: promo.promo_id))
def test_no_bonus_gives_more_than_the_one_that_identifying_gives(base: Rates, bonuses: list[Promo]) -> None:
    best = applied_bonus(base, bonuses, [], at=NOON, location_id=1, uses={})
    sums = {promo.promo_id: sum_of(applied(base, promo) or base) for promo in bonuses}
    if best is None:
        assert not bonuses or sum_of(base) == 0
    else:
        assert sums[best.promo_id] == max(sums.values()) >= sum_of(base)
        assert best.promo_id == min(one for one, total in sums.items() if total == max(sums.values()))


@given(percents, percents, st.integers(0, AMOUNT_MINOR_MAX))
def test_a_higher_rate_never_gives_less(one: Decimal, other: Decimal, total_minor: int) -> None:
    lower, higher = sorted((one, other))
    assert (discount_minor(total_minor, lower) or 0) <= (discount_minor(total_minor, higher) or 0)


def sum_of(both: Rates) -> Decimal:
    return both.wet_percent + both.dry_percent
