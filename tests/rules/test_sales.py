"""What amounts, quantities and texts a till may send, and how they are kept."""

import math
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.base.money import minor_digits
from regulars.base.refusals import Refused
from regulars.features.sales.model import AMOUNT_MINOR_MAX, NewSale, SaleItem, StockType
from regulars.features.sales.rules import checked_sale, fingerprint, stock_type_of, to_minor, to_quantity

SALE = NewSale(customer_number=42, total_minor=4550)
ITEM = SaleItem("Guinness", Decimal(2), StockType.WET)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("GBP", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("BHD", 3), ("CLF", 4), ("ZZZ", 2)],
)
def test_currencies_have_their_decimals(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (45.50, "GBP", 4550),
        (45.499999999, "GBP", 4550),
        (0.1 + 0.2, "GBP", 30),
        (45, "GBP", 4500),
        (Decimal("45.50"), "GBP", 4550),
        (Decimal("45.500000000000000000000000000000000"), "GBP", 4550),
        (0, "GBP", 0),
        (-0.0, "GBP", 0),
        (1500, "JPY", 1500),
        (1500.0, "JPY", 1500),
        (1.234, "KWD", 1234),
        (999_999_999.99, "GBP", 99_999_999_999),
        (1e9, "GBP", AMOUNT_MINOR_MAX),
        (10**11, "JPY", AMOUNT_MINOR_MAX),
        (1e-300, "GBP", 0),
    ],
)
def test_an_amount_is_kept_in_minor_units(amount: Decimal | float, currency: str, minor: int) -> None:
    kept = to_minor(amount, currency, "total_amount")
    assert (kept, type(kept)) == (minor, int)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        (math.nan, "GBP"),
        (math.inf, "GBP"),
        (-math.inf, "GBP"),
        (Decimal("NaN"), "GBP"),
        (Decimal("sNaN"), "GBP"),
        (Decimal("-Infinity"), "GBP"),
        (-0.01, "GBP"),
        (-1, "GBP"),
        (45.505, "GBP"),
        (45.50001, "GBP"),
        (Decimal("45.50000002"), "GBP"),
        (0.001, "GBP"),
        (1500.5, "JPY"),
        (1.2345, "KWD"),
        (1_000_000_000.01, "GBP"),
        (10**11 + 1, "JPY"),
        (10**4000, "GBP"),
        (Decimal("1e999999"), "GBP"),
        (Decimal("1e999999999"), "GBP"),
        (1.7e308, "JPY"),
        (True, "GBP"),
    ],
)
def test_an_amount_that_is_none_is_refused(amount: Decimal | float, currency: str) -> None:
    with pytest.raises(Refused) as refused:
        to_minor(amount, currency, "total_amount")
    assert (refused.value.code, refused.value.details) == ("invalid_amount", {"field": "total_amount"})


@given(st.integers(0, AMOUNT_MINOR_MAX), st.sampled_from(["JPY", "GBP", "KWD", "CLF"]))
def test_every_amount_survives_the_wire(minor: int, currency: str) -> None:
    digits = minor_digits(currency)
    assert to_minor(minor / 10**digits, currency, "total_amount") == minor
    assert to_minor(Decimal(minor).scaleb(-digits), currency, "total_amount") == minor


@given(st.floats() | st.decimals() | st.integers(), st.sampled_from(["JPY", "GBP", "KWD"]))
def test_any_number_is_kept_or_refused(amount: Any, currency: str) -> None:
    with suppress(Refused):
        minor = to_minor(amount, currency, "total_amount")
        assert 0 <= minor <= AMOUNT_MINOR_MAX
        assert abs(Decimal(amount).scaleb(minor_digits(currency)) - minor) < Decimal("0.0001")


@pytest.mark.parametrize(
    ("quantity", "kept"), [(2, "2.000"), (0.5, "0.500"), (0.568, "0.568"), (0, "0.000"), (1e6, "1000000.000")]
)
def test_a_quantity_has_three_decimals(quantity: float, kept: str) -> None:
    assert str(to_quantity(quantity, "quantity")) == kept


@pytest.mark.parametrize("quantity", [-1, -0.5, 0.0005, 1_000_001, math.nan, math.inf, True])
def test_a_quantity_that_is_none_is_refused(quantity: float) -> None:
    with pytest.raises(Refused) as refused:
        to_quantity(quantity, "items[3].quantity")
    assert refused.value.code == "invalid_quantity"
    assert refused.value.details == {"field": "items[3].quantity"}


@pytest.mark.parametrize(
    ("text", "stock_type"),
    [
        ("wet", StockType.WET),
        (" WET ", StockType.WET),
        ("dry", StockType.DRY),
        ("merchandise", StockType.DRY),
        ("", StockType.DRY),
        (None, StockType.DRY),
    ],
)
def test_what_is_not_wet_is_dry(text: str | None, stock_type: StockType) -> None:
    assert stock_type_of(text) == stock_type


def changed(**changes: Any) -> NewSale:
    return NewSale(**{"customer_number": 42, "total_minor": 4550, **changes})


def item(**changes: Any) -> NewSale:
    given = {"product_name": "Guinness", "quantity": Decimal(2), "stock_type": StockType.WET, **changes}
    return changed(items=(SaleItem(**given),))


@pytest.mark.parametrize(
    ("new", "code", "details"),
    [
        (changed(total_minor=-1), "invalid_amount", {"field": "total_minor"}),
        (changed(total_minor=AMOUNT_MINOR_MAX + 1), "invalid_amount", {"field": "total_minor"}),
        (changed(wet_minor=-1), "invalid_amount", {"field": "wet_minor"}),
        (
            changed(claimed_dry_discount_minor=-1),
            "invalid_amount",
            {"field": "claimed_dry_discount_minor"},
        ),
        (changed(ticket_id="T" * 201), "invalid_text", {"field": "ticket_id"}),
        (changed(claimed_tier="T" * 201), "invalid_text", {"field": "claimed_tier"}),
        (changed(promo_code="T" * 201), "invalid_text", {"field": "promo_code"}),
        (changed(items=(ITEM,) * 1001), "too_many_items", {"items_max": 1000}),
        (item(product_name="T" * 201), "invalid_text", {"field": "product_name"}),
        (item(product_group="T" * 201), "invalid_text", {"field": "product_group"}),
        (item(quantity=Decimal(-1)), "invalid_quantity", {"field": "quantity"}),
        (item(price_minor=-1), "invalid_amount", {"field": "price_minor"}),
    ],
)
def test_a_sale_that_cannot_be_kept_is_refused(new: NewSale, code: str, details: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        checked_sale(new)
    assert (refused.value.code, refused.value.details) == (code, details)


def test_texts_are_trimmed_and_empty_ones_were_not_sent() -> None:
    ale = SaleItem(" A ", Decimal(1), StockType.WET)
    kept = checked_sale(changed(ticket_id=" T-1 ", promo_code="  ", items=(ale,)))
    assert (kept.ticket_id, kept.promo_code, kept.items[0].product_name) == ("T-1", None, "A")


def test_one_sale_told_in_two_ways_has_one_fingerprint() -> None:
    told = changed(ticket_id="T-1", items=(SaleItem("A", Decimal(2), StockType.WET),))
    again = changed(ticket_id="T-1 ", promo_code="", items=(SaleItem("A", Decimal("2.0"), StockType.WET),))
    assert fingerprint(checked_sale(told)) == fingerprint(checked_sale(again))


@pytest.mark.parametrize(
    "other",
    [
        changed(total_minor=4551),
        changed(customer_number=43),
        changed(wet_minor=0),
        changed(claimed_tier="Loyalty"),
        changed(items=(ITEM,)),
    ],
)
def test_another_sale_has_another_fingerprint(other: NewSale) -> None:
    assert fingerprint(checked_sale(other)) != fingerprint(checked_sale(SALE))


def test_a_fingerprint_stays_what_it_is_across_versions() -> None:
    """Tills repeat tickets that were logged before an update; fields added since must not change these."""
    new = checked_sale(changed(ticket_id="T-1", items=(ITEM,)))
    digest = "43e060001526fb1364ebaa618efd385588deba3abf83abeda8673074fb1b4a4d"
    assert fingerprint(new).hex() == digest
