"""One sale as one transaction: read the customer, reckon, write.

A sale without a promo takes two round trips. Its write is one statement, which PostgreSQL commits by itself,
so it needs neither begin nor commit. One that names a promo opens a transaction around the write and the use
of the promo, which comes last, because all users of a promo stand in one queue until they commit.
"""

from datetime import datetime

from psycopg import errors
from psycopg.pq import TransactionStatus

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.access.model import Location
from regulars.features.promos import actions as promos
from regulars.features.promos.model import Promo, PromoBook
from regulars.features.sales import store
from regulars.features.sales.model import Customer, Entry, LoggedSale, NewSale
from regulars.features.sales.reckoning import reckoned, standing_at, window_start
from regulars.features.sales.rules import fingerprint
from regulars.features.sales.rules_reckoning import preferences_of
from regulars.features.tiers.model import TierBook

ATTEMPTS_MAX = 5
NUMBER_MAX = 2**31 - 1
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
    since = window_start(tier_book, hotel.location_id, now)
    customer = await _customer(connection, hotel.program_id, new.customer_number, since)
    standing = standing_at(customer, tier_book, hotel.location_id)
    entry = Entry(
        program_id=hotel.program_id,
        location_id=hotel.location_id,
        currency=hotel.currency,
        member_id=customer.member_id,
        new=new,
        reckoning=await reckoned(connection, hotel, new, customer, standing, promo_book, now),
        preferences=preferences_of(new.items),
        fingerprint=fingerprint(new),
        sold_at=now,
    )
    promo = promos.in_book(promo_book, new.promo_code) if new.promo_code is not None else None
    if promo is None:
        return await _write(connection, entry)
    async with connection.transaction():
        return await _write_and_consume(connection, entry, promo)


async def _customer(connection: Connection, program_id: int, number: int, since: datetime) -> Customer:
    customer = None
    if 0 < number <= NUMBER_MAX:
        customer = await store.read_customer(Pipeline(connection), program_id, number, since)
    if customer is None:
        raise Refused("customer_not_found")
    return customer


async def _write_and_consume(connection: Connection, entry: Entry, promo: Promo) -> LoggedSale:
    """The sale and the use that it takes of its promo; one that was logged before takes none."""
    logged = await _write(connection, entry)
    if logged.repeated:
        return logged
    if await promos.consume(connection, entry.program_id, promo, entry.member_id, entry.sold_at):
        return logged
    await store.flag_overuse(Pipeline(connection), entry.program_id, logged.sale_id)
    return LoggedSale(logged.sale_id, repeated=False, promo_unknown=False, promo_overused=True)


async def _write(connection: Connection, entry: Entry) -> LoggedSale:
    """The sale, or the one that had its ticket before. Raises Refused: duplicate_ticket."""
    pipeline = Pipeline(connection)
    sale_id = await store.insert_sale(pipeline, entry)
    if sale_id is not None:
        return LoggedSale(sale_id, False, entry.reckoning.promo_unknown, promo_overused=False)
    ticket_id = entry.new.ticket_id
    assert ticket_id is not None, "only a ticket can have been logged before"
    known, original = await store.read_ticket(pipeline, entry.program_id, entry.location_id, ticket_id)
    if known != entry.fingerprint:
        raise Refused("duplicate_ticket")
    return original
