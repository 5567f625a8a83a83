"""Promos for tests: such as never were stored, and a program that stores some."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.promos import actions as promos
from regulars.features.promos.model import Promo, PromoKind, PromoTerms, Uses
from tests.support.enrolment import NOW, enrol, new_program

NOON = datetime(2026, 6, 3, 12)
"""A Wednesday, on the hotel's clock."""


def percent(text: str | int) -> Decimal:
    """The figure, exactly."""
    return Decimal(text)


def code_terms(code: str = "SUMMER24", **more: Any) -> PromoTerms:
    """The terms of a promo code of 15 %, which nothing forbids unless `more` does."""
    given = {"name": "Summer Special", "wet_percent": percent(15), "dry_percent": percent(15), **more}
    return PromoTerms(kind=PromoKind.PROMO_CODE, code=code, **given)


def bonus_terms(code: str = "LUNCH2X", **more: Any) -> PromoTerms:
    """The terms of a bonus for all members that doubles their rates, unless `more` says otherwise."""
    given = {
        "name": "Double Lunch Discount",
        "requires_membership": True,
        "bonus_multiplier": percent(2),
        **more,
    }
    return PromoTerms(kind=PromoKind.LOYALTY_BONUS, code=code, **given)


def numbered(terms: PromoTerms, promo_id: int = 1) -> Promo:
    """A promo with these terms that no database has seen."""
    fields = {name: getattr(terms, name) for name in terms.__struct_fields__}
    return Promo(**fields, program_id=1, promo_id=promo_id, created_at=NOW, updated_at=NOW)


class PromoWorld:
    """A program that has one hotel, and makes promos and customers."""

    def __init__(self, database: Database, program_id: int) -> None:
        self.database = database
        self.program_id = program_id

    @classmethod
    async def create(cls, database: Database, slug: str = "hotels") -> "PromoWorld":
        """A program without promos."""
        return cls(database, await new_program(database, slug))

    async def hotel(self, slug: str) -> int:
        """The id of a new hotel."""
        async with self.database.transaction() as connection:
            location = await access.create_location(
                connection, self.program_id, slug=slug, name=slug, now=NOW
            )
        return location.location_id

    async def customer(self) -> UUID:
        """A new customer."""
        return (await enrol(self.database, self.program_id)).member_id

    async def promo(self, terms: PromoTerms | None = None) -> Promo:
        """A new promo."""
        async with self.database.transaction() as connection:
            return await promos.create_promo(connection, self.program_id, terms or code_terms(), NOW)

    async def consume(self, promo: Promo, member_id: UUID | None = None) -> bool:
        """What one sale gets, in a transaction of its own."""
        return await self.database.run(
            lambda connection: promos.consume(connection, self.program_id, promo, member_id, NOW)
        )

    async def uses(self, promo: Promo, member_id: UUID | None = None) -> Uses:
        """What was used of the promo."""
        async with self.database.connection() as connection:
            found = await promos.uses_of(connection, self.program_id, [promo.promo_id], member_id)
        return found[promo.promo_id]

    async def overuses(self, promo: Promo) -> int:
        """How many sales came too late for a use."""
        async with self.database.connection() as connection:
            counts = await promos.list_use_counts(connection, self.program_id)
        return {count.promo_id: count.overuses for count in counts}[promo.promo_id]


def aware(text: str) -> datetime:
    """A moment given in UTC, such as "2026-10-25 00:30"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
