"""What our own rules make of a sale: discounts, account codes, and what it says of a customer's taste."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from regulars.features.promos.model import Promo, PromoKind, Rates
from regulars.features.sales.model import (
    DiscountType,
    NewSale,
    Preference,
    Reckoning,
    SaleItem,
    StockType,
)
from regulars.features.tiers.model import Standing

ACCOUNTS = {
    DiscountType.DISCOUNT: ("#2303", "#3303"),
    DiscountType.PROMO: ("#2305", "#3305"),
    DiscountType.STAFF: ("#2306", "#3306"),
}
"""The accounts of wet and of dry discounts. Source: Loyalty Hub, "Discount Type → Account Code Mapping"."""


def discount_minor(total_minor: int | None, percent: Decimal) -> int | None:
    """So many percent of the total, in whole minor units, halves rounded up; None of an unknown total."""
    if total_minor is None:
        return None
    return int((total_minor * percent / 100).to_integral_value(ROUND_HALF_UP))


def discount_type_of(standing: Standing, promo: Promo | None) -> DiscountType:
    """Staff have staff discounts, whatever the promo; a bonus is part of the tier's discount."""
    if standing.staff:
        return DiscountType.STAFF
    is_code = promo is not None and promo.kind is PromoKind.PROMO_CODE
    return DiscountType.PROMO if is_code else DiscountType.DISCOUNT


def reckon(
    new: NewSale,
    standing: Standing,
    rates: Rates,
    *,
    promo: Promo | None,
    promo_objection: str | None,
    promo_unknown: bool,
) -> Reckoning:
    """What our rules give for this ticket, at the rates that customer and promo come to together."""
    discount_type = discount_type_of(standing, promo if promo_objection is None else None)
    wet_account, dry_account = ACCOUNTS[discount_type]
    return Reckoning(
        tier=standing.tier,
        visits=standing.visits,
        discount_type=discount_type,
        wet_percent=rates.wet_percent,
        dry_percent=rates.dry_percent,
        wet_discount_minor=discount_minor(new.wet_minor, rates.wet_percent),
        dry_discount_minor=discount_minor(new.dry_minor, rates.dry_percent),
        wet_account=wet_account,
        dry_account=dry_account,
        promo_id=promo.promo_id if promo is not None else None,
        promo_unknown=promo_unknown,
        promo_objection=promo_objection,
    )


def preferences_of(items: Sequence[SaleItem]) -> tuple[Preference, ...]:
    """What a ticket adds to the customer's preferences: each product once, in an order that all tills share.

    Lines without a name and lines that were taken back to a quantity of nothing say nothing of taste.
    """
    quantities: dict[tuple[str, str, StockType], Decimal] = {}
    for item in items:
        if item.product_name and item.quantity:
            product = (item.product_name, item.product_group, item.stock_type)
            quantities[product] = quantities.get(product, Decimal(0)) + item.quantity
    return tuple(Preference(*product, quantity) for product, quantity in sorted(quantities.items()))
