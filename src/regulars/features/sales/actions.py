"""What can be done with sales: the one door to this feature for everything above it."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from regulars.db.database import Connection
from regulars.features.access.model import Location
from regulars.features.promos.model import PromoBook
from regulars.features.sales.booking import book
from regulars.features.sales.history import book_history
from regulars.features.sales.model import LoggedSale, NewSale
from regulars.features.sales.model_history import PastSale
from regulars.features.sales.overuse import overused_sales
from regulars.features.sales.rules import checked_sale, stock_type_of, to_minor, to_quantity
from regulars.features.sales.telling import tell_tiers
from regulars.features.sales.welcome import Welcoming
from regulars.features.tiers.model import TierBook

__all__ = [
    "Welcoming",
    "log_history",
    "log_sale",
    "overused_sales",
    "stock_type_of",
    "tell_tiers",
    "to_minor",
    "to_quantity",
]


async def log_sale(
    connection: Connection,
    hotel: Location,
    new: NewSale,
    now: datetime,
    *,
    tier_book: TierBook,
    promo_book: PromoBook,
) -> LoggedSale:
    """The sale, durable when this returns, or the one that was logged before under the same ticket.

    Two round trips, one more with a promo. `connection` is idle and in autocommit mode
    (`database.connection()`): the sale is a transaction of its own, because only who begins one can begin
    it again when it met another, and because a single statement needs neither begin nor commit. The books
    are those of the caches. Our discounts are rounded to minor units, halves up.

    Raises Refused: customer_not_found (also for an erased one; an inactive one is well), duplicate_ticket
    when the hotel has logged another sale under the ticket, and those of `rules.checked_sale`. After
    DatabaseUnavailable the caller repeats the sale, which is safe for one with a ticket.
    """
    return await book(connection, hotel, checked_sale(new), tier_book, promo_book, now)


async def log_history(
    connection: Connection, past: Sequence[PastSale], *, tier_book: TierBook, promo_book: PromoBook
) -> list[LoggedSale]:
    """Sales that were made before, the oldest first, as `log_sale` would have logged each at its time.

    A few round trips for as many as follow each other without a customer's coming again. They are written in
    parts, each durable before the next one begins; told again, those that are there are found by their
    tickets. `connection` is idle and in autocommit mode. A promo counts as used in the order of the sales,
    and a limited bonus as it was when its part began.

    Raises Refused as `log_sale` does, and then what came before may be logged.
    """
    checked = [replace(sale, new=checked_sale(sale.new)) for sale in past]
    return await book_history(connection, checked, tier_book, promo_book)
