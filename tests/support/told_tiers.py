"""Two hotels with an endpoint that wants to know tiers, and a look at what it is told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from regulars.db.database import Database
from regulars.features.access.model import Location
from regulars.features.members import actions as members
from regulars.features.members.model import Member, ProfileChanges
from regulars.features.sales import actions as sales
from regulars.features.tiers import actions as tiers
from regulars.features.webhooks import endpoints
from tests.support.enrolment import NOW, keep_events
from tests.support.sales import SalesWorld, ticket


class TierWorld(SalesWorld):
    """Hotels whose tiers are followed. High Street counts from 4 and 8 visits, Number Four from 2 and 4."""

    @classmethod
    async def create(
        cls, database: Database, slug: str = "hotels", types: Sequence[str] = ("tier.*",)
    ) -> "TierWorld":
        """A program whose tiers are followed, where `types` want that."""
        world = await SalesWorld.create(database, slug)
        await keep_events(database, world.program_id, types)
        return cls(database, world.high_street, world.number_four)

    async def come(self, who: Member, *moments: datetime, hotel: Location | None = None) -> None:
        """A sale at each of the moments, at High Street unless another hotel is given."""
        for moment in moments:
            await self.log(ticket(who, items=()), hotel, moment)

    async def look(self, at: datetime, chunk: int = 1000) -> int:
        """How many tiers the job tells at a moment."""
        return await sales.tell_tiers(self.database, lambda: at, chunk)

    async def told(self, who: Member, hotel: Location | None = None) -> list[tuple[str, str, int]]:
        """What was told of a member at High Street, or at another hotel: from, to, and how many visits."""
        rows = await self.rows(
            """
            select data ->> 'previous_tier', data ->> 'tier', (data ->> 'visits')::integer from events
            where program_id = %(program_id)s and type = 'tier.changed'
                and data ->> 'member_id' = %(member)s and (data ->> 'location_id')::integer = %(hotel)s
            order by occurred_at, event_id
            """,
            member=str(who.member_id),
            hotel=(hotel or self.high_street).location_id,
        )
        return [(before, after, visits) for before, after, visits in rows]

    async def known(self) -> list[tuple[str, str]]:
        """What is kept of all tiers that are followed: each with the one before."""
        rows = await self.rows(
            "select tier, previous_tier from told_tiers where program_id = %(program_id)s order by told_at"
        )
        return [(tier, before) for tier, before in rows]

    async def set_period(self, hotel: Location, days: int) -> None:
        """Visits count for so many days at the hotel."""
        book, _ = await self.books()
        scheme = replace(tiers.scheme_at(book, hotel.location_id), period_days=days)
        async with self.database.transaction() as connection:
            await tiers.set_scheme(connection, self.program_id, scheme, NOW)

    async def want(self, types: Sequence[str]) -> None:
        """One more endpoint, for events of these types."""
        await keep_events(self.database, self.program_id, types)

    async def unwant(self) -> None:
        """All endpoints are removed."""
        async with self.database.transaction() as connection:
            for endpoint in await endpoints.list_endpoints(connection, self.program_id):
                await endpoints.remove_endpoint(connection, self.program_id, endpoint.endpoint_id, NOW)

    async def change(self, who: Member, **changes: Any) -> None:
        """The member's profile is another one."""
        async with self.database.transaction() as connection:
            await members.update(connection, self.program_id, who.member_id, ProfileChanges(**changes), NOW)

    async def erase(self, who: Member) -> None:
        """Nobody knows any more who the member was."""
        async with self.database.transaction() as connection:
            await members.erase(connection, self.program_id, who.member_id, NOW)
