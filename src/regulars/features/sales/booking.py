"""One sale as one transaction: read the customer, reckon, write.

A sale without a promo takes two round trips. Its write is one statement, which PostgreSQL commits by itself,
so it needs neither begin nor commit. One that names a promo takes three, with a transaction around the write
and the use of the promo, which comes last, because all users of a promo stand in one queue until they commit.
So does one after which somebody has to know another tier of the customer, told in the same transaction.
"""

from datetime import datetime

from psycopg import errors
from psycopg.pq import TransactionStatus

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import BEGIN, COMMIT, roll_back
from regulars.features.access.model import Location
from regulars.features.promos import actions as promos
from regulars.features.promos.model import Promo, PromoBook
from regulars.features.sales import events, store, store_tiers
from regulars.features.sales.drafting import Draft
from regulars.features.sales.model import Entry, LoggedSale, NewSale
from regulars.features.tiers.model import TierBook
from regulars.features.webhooks import actions as webhooks

ATTEMPTS_MAX = 5
RETRYABLE = (
    errors.SerializationFailure,
    errors.DeadlockDetected,
    # Somebody deallocated what the connection had prepared.
    errors.InvalidSqlStatementName,
)


async def book(
    connection: Connection,
    hotel: Location,
    new: NewSale,
    tier_book: TierBook,
    promo_book: PromoBook,
    now: datetime,
) -> LoggedSale:
    """The sale, committed when this returns; `connection` is idle and in autocommit mode."""
    assert connection.info.transaction_status == TransactionStatus.IDLE, "a sale is a transaction of its own"
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return await _transact(connection, hotel, new, tier_book, promo_book, now)
        except RETRYABLE:
            if attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable")


async def _transact(
    connection: Connection,
    hotel: Location,
    new: NewSale,
    tier_book: TierBook,
    promo_book: PromoBook,
    now: datetime,
) -> LoggedSale:
    pipeline = Pipeline(connection)
    draft = Draft(pipeline, hotel, new, tier_book, promo_book, now)
    await pipeline.flush()
    entry = draft.entry()
    promo = promos.in_book(promo_book, new.promo_code) if new.promo_code is not None else None
    if promo is None and entry.tier is None:
        return await _write(connection, entry)
    return await _write_in_transaction(connection, entry, promo)


async def _write(connection: Connection, entry: Entry) -> LoggedSale:
    """The sale, or the one that had its ticket before. Raises Refused: duplicate_ticket."""
    sale_id = await store.insert_sale(Pipeline(connection), entry)
    if sale_id is None:
        return await _logged_before(connection, entry)
    return LoggedSale(sale_id, False, entry.reckoning.promo_unknown, promo_overused=False)


async def _write_in_transaction(connection: Connection, entry: Entry, promo: Promo | None) -> LoggedSale:
    """The sale, the use that it takes of its promo, and what is told; for one that was logged before, none.

    Raises Refused: duplicate_ticket.
    """
    pipeline = Pipeline(connection)
    try:
        pipeline.send(BEGIN)
        sale = store.send_sale(pipeline, entry)
        tier = None if entry.tier is None else store_tiers.Telling(pipeline, entry.program_id, entry.tier)
        use = None if promo is None else promos.Consumption(pipeline, promo, entry.member_id, entry.sold_at)
        await pipeline.flush()
        sale_id = int(sale.rows[0][0])
        is_overused = use is not None and not use.is_taken
        if is_overused:
            store.send_overuse(pipeline, entry.program_id, sale_id)
        if tier is not None:
            webhooks.emit(pipeline, entry.program_id, events.told(tier.told), entry.sold_at)
        pipeline.send(COMMIT)
        await pipeline.flush()
    except errors.UniqueViolation as error:
        await roll_back(connection)
        if error.diag.constraint_name != store.TICKET_KEY:
            raise
        return await _logged_before(connection, entry)
    except BaseException:
        await roll_back(connection)
        raise
    return LoggedSale(
        sale_id, repeated=False, promo_unknown=entry.reckoning.promo_unknown, promo_overused=is_overused
    )


async def _logged_before(connection: Connection, entry: Entry) -> LoggedSale:
    """The sale that had the ticket before. Raises Refused: duplicate_ticket."""
    ticket_id = entry.new.ticket_id
    assert ticket_id is not None, "only a ticket can have been logged before"
    known, original = await store.read_ticket(
        Pipeline(connection), entry.program_id, entry.location_id, ticket_id
    )
    if known != entry.fingerprint:
        raise Refused("duplicate_ticket")
    return original
