"""What can be done with sales: the one door to this feature for everything above it."""

from datetime import datetime
from uuid import UUID

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.access.model import Location
from regulars.features.members.model import Member
from regulars.features.promos.model import PromoBook
from regulars.features.sales import store
from regulars.features.sales.booking import book
from regulars.features.sales.model import Customer, LoggedSale, NewSale
from regulars.features.sales.reckoning import standing_at, window_start
from regulars.features.sales.rules import checked_sale, stock_type_of, to_minor, to_quantity
from regulars.features.sales.welcome import welcome
from regulars.features.tiers.model import Standing, TierBook

__all__ = ["log_sale", "standing_of", "stock_type_of", "to_minor", "to_quantity", "visits_of", "welcome"]


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

    Two round trips, a few more with a promo. `connection` is idle and in autocommit mode
    (`database.connection()`): the sale is a transaction of its own, because only who begins one can begin
    it again when it met another, and because a single statement needs neither begin nor commit. The books
    are those of the caches. Our discounts are rounded to minor units, halves up.

    Raises Refused: customer_not_found (also for an erased one; an inactive one is well), duplicate_ticket
    when the hotel has logged another sale under the ticket, and those of `rules.checked_sale`. After
    DatabaseUnavailable the caller repeats the sale, which is safe for one with a ticket.
    """
    return await book(connection, hotel, checked_sale(new), tier_book, promo_book, now)


async def visits_of(connection: Connection, program_id: int, member_id: UUID, since: datetime) -> int:
    """How many sales were logged for the member from `since` on, at whatever hotel. One round trip."""
    return await store.count_visits(Pipeline(connection), program_id, member_id, since)


async def standing_of(
    connection: Connection,
    program_id: int,
    member: Member,
    location_id: int,
    now: datetime,
    tier_book: TierBook,
) -> Standing:
    """What the member is and gets at the hotel now. One round trip, and none for staff."""
    visits = 0
    if not member.staff:
        since = window_start(tier_book, location_id, now)
        visits = await visits_of(connection, program_id, member.member_id, since)
    customer = Customer(member.member_id, member.staff, member.home_location_id, visits)
    return standing_at(customer, tier_book, location_id)
