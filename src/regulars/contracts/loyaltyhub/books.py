"""What the program has set about tiers and promos, as the handlers need it."""

from regulars.contracts.loyaltyhub.context import Context
from regulars.features.promos.model import PromoBook
from regulars.features.tiers.model import TierBook


async def tier_book(context: Context) -> TierBook:
    """The program's tiers and its hotels' schemes, at most two seconds old. Raises DatabaseUnavailable."""
    books = context.services.tier_books
    return books.cached(context.program_id) or await books.get(context.program_id)


async def promo_book(context: Context) -> PromoBook:
    """The program's promos, at most two seconds old. Raises DatabaseUnavailable."""
    books = context.services.promo_books
    return books.cached(context.program_id) or await books.get(context.program_id)
