"""What /transaction is sent and answers. Fields stand in the published order.

Every field that may be left out may be null as well. Amounts are in the hotel's currency.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from regulars.contracts.loyaltyhub.wire import CustomerId
from regulars.contracts.loyaltyhub.wire_promos import Amount

ITEMS_MAX = 1_000

Text = Annotated[str, Meta(max_length=200)]
Quantity = Annotated[float, Meta(ge=0, description="With three decimals at most.")]


class SaleLine(Struct, frozen=True, kw_only=True):
    """A line of the ticket. One without a quantity is one piece; `price` is that of one unit."""

    product_name: Text | None = None
    product_group: Text | None = None
    quantity: Quantity | None = None
    price: Amount | None = None
    stock_type: (
        Annotated[str, Meta(description="`wet` for drinks; everything else counts as `dry`.")] | None
    ) = None


class SaleBody(Struct, frozen=True, kw_only=True):
    """A completed sale. Discounts, their type, the tier and the promo code are what the till claims."""

    customer_id: CustomerId
    ticket_id: (
        Annotated[
            str, Meta(max_length=200, description="The same ticket is logged once, however often it is sent.")
        ]
        | None
    ) = None
    total_amount: Amount
    wet_total: Amount | None = None
    dry_total: Amount | None = None
    wet_discount_amount: Amount | None = None
    dry_discount_amount: Amount | None = None
    discount_type: Text | None = None
    tier_at_visit: Text | None = None
    promo_code: Text | None = None
    items: Annotated[list[SaleLine], Meta(max_length=ITEMS_MAX)] | None = None


class SaleAnswer(Struct, frozen=True, kw_only=True):
    """The sale is in the books."""

    success: Literal[True] = True
    transaction_id: int
    message: str = "Transaction logged successfully"
