"""Logging a completed sale: `POST /transaction`.

Guards in this order, the first that applies wins: key, active hotel, body, amounts and quantities in the
order of the published fields, a customer of the program (an inactive one is well), the ticket. The promo code
is no guard: a sale that names an unknown or used-up one is logged, and flagged for the operator.
"""

from litestar import post

from regulars.contracts.loyaltyhub.books import promo_book, tier_book
from regulars.contracts.loyaltyhub.context import TILL, open_context
from regulars.contracts.loyaltyhub.descriptions_till import TRANSACTION
from regulars.contracts.loyaltyhub.success import success
from regulars.contracts.loyaltyhub.wire_transaction import SaleAnswer, SaleBody, SaleLine
from regulars.features.sales import actions as sales
from regulars.features.sales.model import NewSale, SaleItem
from regulars.http.answers import Answer
from regulars.http.bodies import read_json
from regulars.http.requests import HttpRequest


@post("/wp-json/loyalty/v1/transaction", opt={"access": TILL, "operation": TRANSACTION})
async def transaction(request: HttpRequest) -> Answer:
    """A visit, which counts for the customer's tier. The same ticket again answers the first one's id."""
    context = await open_context(request)
    body = await read_json(request, SaleBody, empty_is_object=True)
    new = _new_sale(body, context.hotel.currency)
    tiers_set, promos_set = await tier_book(context), await promo_book(context)
    async with context.services.database.connection() as connection:
        logged = await sales.log_sale(
            connection,
            context.hotel,
            new,
            context.services.clock(),
            tier_book=tiers_set,
            promo_book=promos_set,
        )
    return success(SaleAnswer(transaction_id=logged.sale_id), 201)


def _new_sale(body: SaleBody, currency: str) -> NewSale:
    """The sale in minor units. Raises Refused: invalid_amount, invalid_quantity."""

    def minor(amount: float | None, field: str) -> int | None:
        return None if amount is None else sales.to_minor(amount, currency, field)

    return NewSale(
        customer_number=body.customer_id,
        ticket_id=body.ticket_id,
        total_minor=sales.to_minor(body.total_amount, currency, "total_amount"),
        wet_minor=minor(body.wet_total, "wet_total"),
        dry_minor=minor(body.dry_total, "dry_total"),
        claimed_wet_discount_minor=minor(body.wet_discount_amount, "wet_discount_amount"),
        claimed_dry_discount_minor=minor(body.dry_discount_amount, "dry_discount_amount"),
        claimed_discount_type=body.discount_type,
        claimed_tier=body.tier_at_visit,
        promo_code=body.promo_code,
        items=tuple(_item(line, currency) for line in body.items or ()),
    )


def _item(line: SaleLine, currency: str) -> SaleItem:
    return SaleItem(
        product_name=line.product_name or "",
        quantity=sales.to_quantity(1 if line.quantity is None else line.quantity, "items"),
        stock_type=sales.stock_type_of(line.stock_type),
        product_group=line.product_group or "",
        price_minor=None if line.price is None else sales.to_minor(line.price, currency, "items"),
    )
