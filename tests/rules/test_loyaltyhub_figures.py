"""Percentages and money on the wire of Loyalty Hub."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.base.refusals import Refused
from regulars.contracts.loyaltyhub.figures import to_amount, to_number, to_price, to_rate


@pytest.mark.parametrize(
    ("value", "written"),
    [("15", "15"), ("15.00", "15"), ("1E+2", "100"), ("0.00", "0"), ("12.50", "12.5"), ("8.1375", "8.1375")],
)
def test_whole_numbers_have_no_decimals(value: str, written: str) -> None:
    assert msgspec.json.encode(to_number(Decimal(value))).decode() == written


@pytest.mark.parametrize(
    ("minor", "currency", "amount", "price"),
    [
        (0, "GBP", 0, "£0.00"),
        (1, "GBP", 0.01, "£0.01"),
        (1050, "EUR", 10.5, "€10.50"),
        (123_456_700, "USD", 1_234_567, "$1234567.00"),
        (1000, "JPY", 1000, "¥1000"),
        (1500, "KWD", 1.5, "KWD 1.500"),
        (1000, "CHF", 10, "CHF 10.00"),
    ],
)
def test_money_has_the_decimals_of_its_currency(minor: int, currency: str, amount: float, price: str) -> None:
    assert (to_amount(minor, currency), to_price(minor, currency)) == (amount, price)
    assert type(to_amount(minor, currency)) is type(amount)


@pytest.mark.parametrize(
    ("sent", "rate"),
    [
        (0, "0"),
        (-0.0, "0"),
        (100, "100"),
        (12.5, "12.5"),
        (8.1375, "8.1375"),
        (0.1 + 0.2, "0.3"),
        (1e-300, "0"),
    ],
)
def test_rates(sent: float, rate: str) -> None:
    assert to_rate(sent, "base_wet_discount") == Decimal(rate)


@pytest.mark.parametrize(
    "sent", [-0.01, 100.01, 8.13755, 0.00009, float("nan"), float("inf"), float("-inf"), 1e300]
)
def test_rates_that_are_none(sent: float) -> None:
    with pytest.raises(Refused) as refusal:
        to_rate(sent, "base_wet_discount")
    assert (refusal.value.code, refusal.value.details) == ("invalid_rate", {"field": "base_wet_discount"})


@given(st.decimals(min_value=0, max_value=100, places=4))
def test_a_rate_survives_the_way_to_the_till_and_back(rate: Decimal) -> None:
    assert to_rate(to_number(rate), "base_wet_discount") == rate
