"""What a till may send: amounts and quantities as they are kept, and the texts of a ticket. Pure."""

import hashlib
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from regulars.base.money import minor_digits
from regulars.base.refusals import Refused
from regulars.features.sales.model import (
    AMOUNT_MINOR_MAX,
    QUANTITY_DECIMALS,
    QUANTITY_MAX,
    NewSale,
    SaleItem,
    StockType,
)

ITEMS_MAX = 1_000
TEXT_LENGTH_MAX = 200
ROUNDING_ERROR_MAX = Decimal("0.000001")
"""How far off the nearest unit a number may be that a till has added up in floats."""

_AMOUNTS = (
    "total_minor",
    "wet_minor",
    "dry_minor",
    "claimed_wet_discount_minor",
    "claimed_dry_discount_minor",
)
_TEXTS = ("ticket_id", "claimed_discount_type", "claimed_tier", "promo_code")


def to_minor(amount: Decimal | int | float, currency: str, field: str) -> int:
    """The amount in minor units: 45.5 pounds are 4550, 1500 yen are 1500.

    Refused as `invalid_amount` with the `field`: what is no number, is infinite, negative or above 10^11
    minor units, or has more decimals than the currency. What is within a millionth of a minor unit is
    taken for that unit, because tills add up floats.
    """
    minor = _units(amount, minor_digits(currency), AMOUNT_MINOR_MAX)
    if minor is None:
        raise Refused("invalid_amount", field=field)
    return minor


def to_quantity(quantity: Decimal | int | float, field: str) -> Decimal:
    """The quantity, with three decimals. Refused as `invalid_quantity` in the cases of `to_minor`.

    The largest quantity is a million.
    """
    thousandths = _units(quantity, QUANTITY_DECIMALS, QUANTITY_MAX * 10**QUANTITY_DECIMALS)
    if thousandths is None:
        raise Refused("invalid_quantity", field=field)
    return Decimal(thousandths).scaleb(-QUANTITY_DECIMALS)


def stock_type_of(text: str | None) -> StockType:
    """Wet for "wet" in whatever case; everything else counts as dry (Loyalty Hub, notes, "Transaction")."""
    return StockType.WET if text is not None and text.strip().lower() == StockType.WET else StockType.DRY


def checked_sale(new: NewSale) -> NewSale:
    """The sale as it is kept: texts trimmed, empty ones left out.

    Refused as `invalid_amount`, `invalid_quantity`, `invalid_text` (longer than 200 characters), each with
    the `field`, and `too_many_items` (more than 1,000).
    """
    for field in _AMOUNTS:
        _require_amount(getattr(new, field), field)
    texts = {field: _trimmed(getattr(new, field), field) or None for field in _TEXTS}
    if len(new.items) > ITEMS_MAX:
        raise Refused("too_many_items", items_max=ITEMS_MAX)
    return replace(new, **texts, items=tuple(_checked_item(item) for item in new.items))


def fingerprint(new: NewSale) -> bytes:
    """What all bodies have in common that tell this sale, however they write its numbers and blanks."""
    return hashlib.sha256(msgspec.json.encode(new)).digest()


def _units(value: Decimal | int | float, decimals: int, units_max: int) -> int | None:
    """The value in units of so many decimals, or None for what cannot be kept."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and 0 <= value <= units_max:
        # Nearly every float is the nearest one to so many units, and then no other decimals are meant.
        scale: int = 10**decimals
        units = round(value * scale)
        if units / scale == value and units <= units_max:
            return units
    # The shortest text of a float is what the till meant; its exact value is off by more for large amounts.
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    # Compared before it is scaled, which overflows for numbers such as 1e999999, as would abs().
    if not exact.is_finite() or exact.copy_abs() > units_max:
        return None
    scaled = exact.scaleb(decimals)
    nearest = int(scaled.to_integral_value())
    is_kept = 0 <= nearest <= units_max and abs(scaled - nearest) <= ROUNDING_ERROR_MAX
    return nearest if is_kept else None


def _require_amount(amount: int | None, field: str) -> None:
    if amount is not None and not 0 <= amount <= AMOUNT_MINOR_MAX:
        raise Refused("invalid_amount", field=field)


def _trimmed(text: str | None, field: str) -> str:
    trimmed = text.strip() if text is not None else ""
    if len(trimmed) > TEXT_LENGTH_MAX:
        raise Refused("invalid_text", field=field)
    return trimmed


def _checked_item(item: SaleItem) -> SaleItem:
    _require_amount(item.price_minor, "price_minor")
    return replace(
        item,
        product_name=_trimmed(item.product_name, "product_name"),
        product_group=_trimmed(item.product_group, "product_group"),
        quantity=to_quantity(item.quantity, "quantity"),
    )
