"""What our rules make of a ticket: discounts to the minor unit, accounts, preferences."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.features.promos.model import Promo, Rates
from regulars.features.sales.model import NewSale, Preference, SaleItem, StockType
from regulars.features.sales.rules_reckoning import discount_minor, preferences_of, reckon
from regulars.features.tiers.model import Standing
from tests.support.promos import bonus_terms, code_terms, numbered

WET, DRY = StockType.WET, StockType.DRY
TICKET = NewSale(customer_number=42, total_minor=4550, wet_minor=1800, dry_minor=2750)
LOYAL = Standing("Loyalty", False, Decimal(10), Decimal(20), 3, 28, None)
STAFF = Standing("Staff", True, Decimal(25), Decimal(30), 0, 0, None)
CODE, BONUS = numbered(code_terms(), 7), numbered(bonus_terms(), 8)


@pytest.mark.parametrize(
    ("total", "percent", "discount"),
    [
        (1800, "15", 270),
        (2750, "20", 550),
        (0, "15", 0),
        (1800, "0", 0),
        (1800, "100", 1800),
        (10, "5", 1),  # 0.5 of a penny
        (30, "5", 2),  # 1.5: halves go up, not to the even neighbour
        (50, "5", 3),  # 2.5
        (49, "1", 0),
        (333, "33.33", 111),
        (10**11, "99.99", 99_990_000_000),
        (10**11, "6.9375", 6_937_500_000),
        (None, "15", None),
    ],
)
def test_discounts_are_rounded_half_up(total: int | None, percent: str, discount: int | None) -> None:
    assert discount_minor(total, Decimal(percent)) == discount


@given(st.integers(0, 10**11), st.decimals(0, 100, places=4))
def test_a_discount_is_part_of_its_total(total: int, percent: Decimal) -> None:
    discount = discount_minor(total, percent)
    assert discount is not None and 0 <= discount <= total
    assert abs(discount - total * percent / 100) <= Decimal("0.5")


@pytest.mark.parametrize(
    ("standing", "promo", "objection", "expected"),
    [
        (LOYAL, None, None, ("discount", "#2303", "#3303")),
        (LOYAL, BONUS, None, ("discount", "#2303", "#3303")),
        (LOYAL, CODE, None, ("promo", "#2305", "#3305")),
        (LOYAL, CODE, "expired", ("discount", "#2303", "#3303")),
        (STAFF, None, None, ("staff", "#2306", "#3306")),
        (STAFF, CODE, None, ("staff", "#2306", "#3306")),
    ],
)
def test_accounts_follow_where_the_discount_comes_from(
    standing: Standing, promo: Promo | None, objection: str | None, expected: tuple[str, str, str]
) -> None:
    rates = Rates(standing.wet_percent, standing.dry_percent)
    ours = reckon(TICKET, standing, rates, promo=promo, promo_objection=objection, promo_unknown=False)
    assert (ours.discount_type, ours.wet_account, ours.dry_account) == expected
    assert ours.promo_id == (promo and promo.promo_id)


def test_discounts_are_those_of_the_rates_and_the_totals_that_were_told() -> None:
    rates = Rates(Decimal(15), Decimal(20))
    ours = reckon(TICKET, LOYAL, rates, promo=None, promo_objection=None, promo_unknown=False)
    assert (ours.tier, ours.visits, ours.wet_discount_minor, ours.dry_discount_minor) == (
        "Loyalty", 3, 270, 550,
    )  # fmt: skip
    bare = NewSale(customer_number=42, total_minor=4550)
    ours = reckon(bare, LOYAL, rates, promo=None, promo_objection=None, promo_unknown=False)
    assert (ours.wet_discount_minor, ours.dry_discount_minor) == (None, None)


def test_preferences_count_each_product_once_in_one_order() -> None:
    items = [
        SaleItem("Stout", Decimal(2), WET, "Drinks"),
        SaleItem("Pie", Decimal(1), DRY, "Mains"),
        SaleItem("Stout", Decimal("0.5"), WET, "Drinks"),
        SaleItem("Stout", Decimal(1), WET, "Bottles"),
        SaleItem("Stout", Decimal(1), DRY, "Drinks"),
        SaleItem("", Decimal(1), DRY, "Mains"),
        SaleItem("Returned", Decimal(0), DRY, "Mains"),
    ]
    expected = (
        Preference("Pie", "Mains", DRY, Decimal(1)),
        Preference("Stout", "Bottles", WET, Decimal(1)),
        Preference("Stout", "Drinks", DRY, Decimal(1)),
        Preference("Stout", "Drinks", WET, Decimal("2.5")),
    )
    assert preferences_of(items) == preferences_of(items[::-1]) == expected
