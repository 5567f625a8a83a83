"""Guests of the two hotels: made, given visits and promos, through the features themselves."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from regulars.db.database import Connection
from regulars.features.members import actions as members
from regulars.features.members.model import Member, NewMember
from regulars.features.promos import actions as promos
from regulars.features.promos.model import Promo, PromoTerms, UseCount
from regulars.features.sales import actions as sales
from regulars.features.sales.model import NewSale
from regulars.features.tiers import actions as tiers
from regulars.features.tiers.model import Scheme, TierRule
from tests.support.hotels import HIGH_STREET, NUMBER_FOUR, Hotels
from tests.support.ledger import NOW
from tests.support.promos import bonus_terms, code_terms

Figures = Sequence[tuple[int, str, str]]
"""For each tier its visits, and its percentages on drinks and food."""

RATES: dict[str, tuple[Figures, tuple[str, str]]] = {
    HIGH_STREET: ([(0, "5", "10"), (4, "8", "15"), (8, "12", "20")], ("25", "30")),
    NUMBER_FOUR: ([(0, "5", "10"), (2, "10", "20"), (4, "15", "25")], ("30", "35")),
}
"""The worked examples of the contract's notes."""


class Guests:
    """The guests of `hub`, whose hotels have the rates of the notes once `open` was called."""

    def __init__(self, hub: Hotels) -> None:
        self.hub = hub

    async def open(self) -> None:
        """Both hotels have the rates of the notes."""
        for hotel, (figures, staff) in RATES.items():
            await self.set_scheme(hotel, figures, staff)

    async def set_scheme(
        self, hotel: str, figures: Figures, staff: tuple[str, str] = ("25", "30"), period_days: int = 28
    ) -> None:
        """What the hotel gives, at once in this process."""
        program_id = self.hub.program_id
        async with self.hub.database.transaction() as connection:
            ladder = (await tiers.load_book(connection, program_id)).tiers
            rules = tuple(
                TierRule(tier.tier_id, visits, Decimal(wet), Decimal(dry))
                for tier, (visits, wet, dry) in zip(ladder, figures, strict=False)
            )
            scheme = Scheme(
                self.hub.location_ids[hotel], period_days, rules, Decimal(staff[0]), Decimal(staff[1])
            )
            await tiers.set_scheme(connection, program_id, scheme, NOW)
        self.hub.services.tier_books.forget(program_id)

    async def guest(
        self, name: str = "John Smith", *, home: str | None = HIGH_STREET, visits: int = 0, **more: Any
    ) -> Member:
        """A new guest with so many visits yesterday."""
        async with self.hub.database.transaction() as connection:
            member = await members.enrol(
                connection,
                self.hub.program_id,
                name=name,
                home_location_id=None if home is None else self.hub.location_ids[home],
                now=NOW,
                **more,
            )
        await self.visit(member, visits)
        return member

    async def crowd(self, count: int) -> None:
        """So many guests whom nothing more is asked about."""
        async with self.hub.database.transaction() as connection:
            rows = [NewMember(name="Somebody")] * count
            await members.enrol_batch(connection, self.hub.program_id, rows, NOW)

    async def visit(
        self, member: Member, times: int = 1, at: datetime | None = None, hotel: str = HIGH_STREET
    ) -> None:
        """So many sales at the hotel, yesterday unless another time is given."""
        async with self.hub.database.connection() as connection:
            for _ in range(times):
                await self._log(connection, member, at or self.hub.clock() - timedelta(days=1), hotel)

    async def promo(self, terms: PromoTerms) -> Promo:
        """A new promo, at once in this process."""
        async with self.hub.database.transaction() as connection:
            promo = await promos.create_promo(connection, self.hub.program_id, terms, NOW)
        self.hub.services.promo_books.forget(self.hub.program_id)
        return promo

    async def code(self, code: str = "SUMMER24", **more: Any) -> Promo:
        """A new promo code of 15 % unless `more` says otherwise."""
        return await self.promo(code_terms(code, **more))

    async def bonus(self, code: str = "LUNCH2X", **more: Any) -> Promo:
        """A new bonus for all members that doubles their rates unless `more` says otherwise."""
        return await self.promo(bonus_terms(code, **more))

    async def assign(self, promo: Promo, member: Member, expires_at: datetime | None = None) -> None:
        """The promo is given to the guest."""
        async with self.hub.database.transaction() as connection:
            await promos.assign(
                connection,
                self.hub.program_id,
                promo.promo_id,
                member.member_id,
                expires_at=expires_at,
                now=NOW,
            )

    async def use(self, promo: Promo, member_id: UUID | None) -> None:
        """One use of the promo is gone."""
        async with self.hub.database.transaction() as connection:
            assert await promos.consume(connection, self.hub.program_id, promo, member_id, NOW)

    async def use_count(self, promo: Promo) -> UseCount:
        """What the operator sees of the promo."""
        async with self.hub.database.connection() as connection:
            counts = await promos.list_use_counts(connection, self.hub.program_id)
        return next(count for count in counts if count.promo_id == promo.promo_id)

    async def _log(self, connection: Connection, member: Member, at: datetime, hotel: str) -> None:
        shared, program_id = self.hub.services, self.hub.program_id
        location = await shared.locations.get(program_id, self.hub.location_ids[hotel])
        assert location is not None
        await sales.log_sale(
            connection,
            location,
            NewSale(customer_number=member.number, total_minor=1000),
            at,
            tier_book=await shared.tier_books.get(program_id),
            promo_book=await shared.promo_books.get(program_id),
        )
