"""A program with the two hotels of the contract's notes, whose tills log sales."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, LiteralString
from uuid import uuid4

from regulars.db.database import Connection, Database
from regulars.db.pipeline import Pipeline
from regulars.features.access import actions as access
from regulars.features.access.model import Location
from regulars.features.members.model import Member
from regulars.features.promos import actions as promos
from regulars.features.promos.model import Promo, PromoBook, PromoTerms, Uses
from regulars.features.sales import actions as sales
from regulars.features.sales.model import LoggedSale, NewSale, SaleItem, StockType
from regulars.features.sales.model_welcome import Welcome
from regulars.features.tiers import actions as tiers
from regulars.features.tiers.model import Scheme, TierBook, TierRule
from tests.support.enrolment import NOW, enrol, new_program

DAY = timedelta(days=1)
HIGH_STREET = [(0, 5, 10), (4, 8, 15), (8, 12, 20)]
KINDS = ("rfid", "qr")
"""What a text is looked up as before it is an address."""

NUMBER_FOUR = [(0, 5, 10), (2, 10, 20), (4, 15, 25)]

GUINNESS = SaleItem("Guinness", Decimal("2.000"), StockType.WET, "Drinks", 550)
FISH = SaleItem("Fish & Chips", Decimal("1.000"), StockType.DRY, "Mains", 1495)


def ticket(member: Member, **more: Any) -> NewSale:
    """The sale of the contract's example, without a ticket id unless `more` has one."""
    given: dict[str, Any] = {
        "customer_number": member.number,
        "total_minor": 4550,
        "wet_minor": 1800,
        "dry_minor": 2750,
        "claimed_wet_discount_minor": 270,
        "claimed_dry_discount_minor": 550,
        "claimed_discount_type": "discount",
        "claimed_tier": "Loyalty",
        "items": (GUINNESS, FISH),
    }
    return NewSale(**given | more)


class SalesWorld:
    """The tills of two hotels. Their books are read anew for each sale."""

    def __init__(self, database: Database, high_street: Location, number_four: Location) -> None:
        self.database = database
        self.program_id = high_street.program_id
        self.high_street = high_street
        self.number_four = number_four

    @classmethod
    async def create(cls, database: Database, slug: str = "hotels") -> "SalesWorld":
        """A program with both hotels' rates, and no promos."""
        program_id = await new_program(database, slug)
        async with database.transaction() as connection:
            hotels = [
                await access.create_location(connection, program_id, slug=hotel, name=hotel, now=NOW)
                for hotel in ("high-street", "number-four")
            ]
            ladder = await tiers.create_tiers(connection, program_id, tiers.DEFAULT_NAMES, NOW)
            for hotel, figures, staff in zip(
                hotels, (HIGH_STREET, NUMBER_FOUR), ((25, 30), (30, 35)), strict=True
            ):
                rules = tuple(
                    TierRule(tier.tier_id, visits, Decimal(wet), Decimal(dry))
                    for tier, (visits, wet, dry) in zip(ladder, figures, strict=True)
                )
                scheme = Scheme(hotel.location_id, 28, rules, Decimal(staff[0]), Decimal(staff[1]))
                await tiers.set_scheme(connection, program_id, scheme, NOW)
        return cls(database, *hotels)

    async def customer(self, home: Location | None = None, *, staff: bool = False) -> Member:
        """A new customer, who has an address."""
        return await enrol(
            self.database,
            self.program_id,
            email=f"{uuid4().hex}@example.com",
            staff=staff,
            home_location_id=None if home is None else home.location_id,
        )

    async def promo(self, terms: PromoTerms) -> Promo:
        """A new promo."""
        async with self.database.transaction() as connection:
            return await promos.create_promo(connection, self.program_id, terms, NOW)

    async def uses(self, promo: Promo, member: Member) -> Uses:
        """What was used of the promo."""
        async with self.database.connection() as connection:
            ids = [promo.promo_id]
            found = await promos.uses_of(connection, self.program_id, ids, member.member_id)
        return found[promo.promo_id]

    async def books(self) -> tuple[TierBook, PromoBook]:
        """What a till's server has in its caches."""
        return (
            await tiers.TierBookCache(self.database).get(self.program_id),
            await promos.PromoCache(self.database).get(self.program_id),
        )

    async def log(self, new: NewSale, hotel: Location | None = None, at: datetime = NOW) -> LoggedSale:
        """The sale, logged at High Street unless another hotel is given."""
        tier_book, promo_book = await self.books()
        async with self.database.connection() as connection:
            return await sales.log_sale(
                connection, hotel or self.high_street, new, at, tier_book=tier_book, promo_book=promo_book
            )

    async def visit(self, member: Member, times: int, at: datetime = NOW - DAY) -> None:
        """So many sales, one after the other."""
        for _ in range(times):
            await self.log(ticket(member, items=()), at=at)

    async def visits(self, member: Member, since: datetime = NOW - 28 * DAY) -> int:
        """How often the member came."""
        [(visits,)] = await self.rows(
            """
            select count(*) from sales
            where program_id = %(program_id)s and member_id = %(member_id)s and sold_at >= %(since)s
            """,
            member_id=member.member_id,
            since=since,
        )
        return int(visits)

    async def welcome(self, member: Member, hotel: Location | None = None, at: datetime = NOW) -> Welcome:
        """What the member is due, at High Street unless another hotel is given."""
        tier_book, promo_book = await self.books()
        books: dict[str, Any] = {"tier_book": tier_book, "promo_book": promo_book}
        assert member.email is not None
        async with self.database.connection() as connection:
            found = await welcomed(connection, hotel or self.high_street, member.email, KINDS, at, **books)
        assert found is not None and found.recognised.member == member
        return found

    async def rows(self, query: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(query, {"program_id": self.program_id, **parameters})
            return await cursor.fetchall()

    async def row(self, query: LiteralString, sale_id: int) -> tuple[Any, ...]:
        """Some columns of one sale: `query` ends before its where."""
        where: LiteralString = " from sales where program_id = %(program_id)s and sale_id = %(sale_id)s"
        [row] = await self.rows(query + where, sale_id=sale_id)
        return row


async def welcomed(connection: Connection, *question: Any, **books: Any) -> Welcome | None:
    """What `Welcoming` finds when it is asked by itself."""
    pipeline = Pipeline(connection)
    welcoming = sales.Welcoming(pipeline, *question, **books)
    await pipeline.flush()
    return welcoming.welcome
