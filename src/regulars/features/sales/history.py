"""Many sales, each at its own time: what a demo or an earlier system has to tell.

Sales that follow each other and are all of different customers say nothing about each other's visits, so they
go through the steps of a single sale side by side: three round trips for all of them.
"""

from collections.abc import Iterator, Sequence

from psycopg import errors

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.promos import actions as promos
from regulars.features.promos.model import PromoBook
from regulars.features.sales import store
from regulars.features.sales.booking import RETRYABLE, book
from regulars.features.sales.drafting import Draft
from regulars.features.sales.model import Entry, LoggedSale
from regulars.features.sales.model_history import PastSale
from regulars.features.tiers.model import TierBook

BATCH_MAX = 200


async def book_history(
    connection: Connection, sales: Sequence[PastSale], tier_book: TierBook, promo_book: PromoBook
) -> list[LoggedSale]:
    """The sales in their order, as `booking.book` would have booked them one by one."""
    logged: list[LoggedSale] = []
    for batch in _batches(sales):
        try:
            async with connection.transaction():
                logged += await _book_batch(connection, batch, tier_book, promo_book)
        except (errors.UniqueViolation, *RETRYABLE):
            # Some were logged before, or met a till that is selling now: what is in the way of which sale
            # shows when each goes by itself.
            logged += [
                await book(connection, sale.hotel, sale.new, tier_book, promo_book, sale.sold_at)
                for sale in batch
            ]
    return logged


def _batches(sales: Sequence[PastSale]) -> Iterator[list[PastSale]]:
    """Sales that follow each other, until a customer comes again."""
    batch: list[PastSale] = []
    customers: set[int] = set()
    for sale in sales:
        if sale.new.customer_number in customers or len(batch) == BATCH_MAX:
            yield batch
            batch, customers = [], set()
        batch.append(sale)
        customers.add(sale.new.customer_number)
    if batch:
        yield batch


async def _book_batch(
    connection: Connection, batch: Sequence[PastSale], tier_book: TierBook, promo_book: PromoBook
) -> list[LoggedSale]:
    entries = await _entries(connection, batch, tier_book, promo_book)
    pipeline = Pipeline(connection)
    written = [
        (store.send_sale(pipeline, entry), _send_use(pipeline, entry, promo_book), entry) for entry in entries
    ]
    await pipeline.flush()
    logged = [
        LoggedSale(
            sale_id=int(sent.rows[0][0]),
            repeated=False,
            promo_unknown=entry.reckoning.promo_unknown,
            promo_overused=use is not None and not use.is_taken,
        )
        for sent, use, entry in written
    ]
    overused = [sale.sale_id for sale in logged if sale.promo_overused]
    for sale_id in overused:
        store.send_overuse(pipeline, entries[0].program_id, sale_id)
    if overused:
        await pipeline.flush()
    return logged


async def _entries(
    connection: Connection, batch: Sequence[PastSale], tier_book: TierBook, promo_book: PromoBook
) -> list[Entry]:
    """The sales with what is due to their customers. Raises Refused: customer_not_found."""
    pipeline = Pipeline(connection)
    drafts = [Draft(pipeline, sale.hotel, sale.new, tier_book, promo_book, sale.sold_at) for sale in batch]
    await pipeline.flush()
    return [draft.entry() for draft in drafts]


def _send_use(pipeline: Pipeline, entry: Entry, promo_book: PromoBook) -> promos.Consumption | None:
    """The use that the sale takes of the promo it names."""
    code = entry.new.promo_code
    promo = promos.in_book(promo_book, code) if code is not None else None
    return promos.Consumption(pipeline, promo, entry.member_id, entry.sold_at) if promo is not None else None
