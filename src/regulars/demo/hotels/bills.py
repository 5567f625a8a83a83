"""What a till sends of a visit: the bill, what the guest got off it, and why."""

from decimal import ROUND_HALF_UP, Decimal

import msgspec

from regulars.features.promos.model import Rates
from regulars.features.sales.model import DiscountType, NewSale, SaleItem, StockType


class Bill(msgspec.Struct, frozen=True):
    """What was ordered, in minor units."""

    items: tuple[SaleItem, ...]
    wet_minor: int
    dry_minor: int

    def saved_by(self, rates: Rates) -> tuple[int, int]:
        """What the rates take off drinks and off food."""
        return _part(self.wet_minor, rates.wet_percent), _part(self.dry_minor, rates.dry_percent)


class Deal(msgspec.Struct, frozen=True):
    """What a guest gets, and the code that was typed for it."""

    discount_type: DiscountType
    tier: str
    rates: Rates
    code: str | None = None


def bill_of(items: tuple[SaleItem, ...]) -> Bill:
    """The bill of these lines."""
    totals = dict.fromkeys(StockType, 0)
    for item in items:
        assert item.price_minor is not None
        totals[item.stock_type] += int(item.price_minor * item.quantity)
    return Bill(items, totals[StockType.WET], totals[StockType.DRY])


def sale_of(customer_number: int, ticket_id: str, bill: Bill, deal: Deal) -> NewSale:
    """What the till sends when the bill was paid."""
    wet_discount, dry_discount = bill.saved_by(deal.rates)
    return NewSale(
        customer_number=customer_number,
        ticket_id=ticket_id,
        total_minor=bill.wet_minor + bill.dry_minor - wet_discount - dry_discount,
        wet_minor=bill.wet_minor,
        dry_minor=bill.dry_minor,
        claimed_wet_discount_minor=wet_discount,
        claimed_dry_discount_minor=dry_discount,
        claimed_discount_type=deal.discount_type.value,
        claimed_tier=deal.tier,
        promo_code=deal.code,
        items=bill.items,
    )


def _part(total_minor: int, percent: Decimal) -> int:
    return int((total_minor * percent / 100).to_integral_value(ROUND_HALF_UP))
