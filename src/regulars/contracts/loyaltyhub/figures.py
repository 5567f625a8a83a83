"""Percentages and money as this contract writes them: JSON numbers, and amounts in a sentence."""

from decimal import Decimal

from regulars.base.money import minor_digits
from regulars.base.refusals import Refused

Number = int | float

RATE_DECIMALS = 4
"""A rate has two decimals and so has a multiplier, so what a bonus makes of it has four."""
ROUNDING_ERROR_MAX = Decimal("0.000001")
"""How far off the nearest rate a number may be that a till has calculated in floats."""

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥", "INR": "₹"}


def to_number(value: Decimal) -> Number:
    """The value as JSON shows it: 15 for a whole one, 12.5 for another; nothing is rounded."""
    return int(value) if value == value.to_integral_value() else float(value)


def to_amount(minor: int, currency: str) -> Number:
    """So many minor units of the currency, in its major unit: 1050 pence are 10.5."""
    return to_number(Decimal(minor).scaleb(-minor_digits(currency)))


def to_price(minor: int, currency: str) -> str:
    """The amount as people read it: £10.00, ¥1000, CHF 10.00."""
    digits = minor_digits(currency)
    return f"{SYMBOLS.get(currency, currency + ' ')}{Decimal(minor).scaleb(-digits):.{digits}f}"


def to_rate(value: float, field: str) -> Decimal:
    """The percentage that a till sends. Refused as `invalid_rate` with the `field`.

    That is what is not from 0 to 100, or has more than four decimals beyond what floats are off.
    """
    if not 0 <= value <= 100:
        raise Refused("invalid_rate", field=field)
    # The shortest text of a float is what the till meant.
    exact = Decimal(repr(value))
    nearest = round(exact, RATE_DECIMALS)
    if abs(exact - nearest) > ROUNDING_ERROR_MAX:
        raise Refused("invalid_rate", field=field)
    return nearest
