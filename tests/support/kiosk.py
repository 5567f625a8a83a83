"""A program with two venues, whose kiosks enrol customers, hold rewards and tell of payments."""

from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, LiteralString, TypeVar
from uuid import UUID

from msgspec.structs import replace

from regulars.db.database import Connection, Database
from regulars.features.access import actions as access
from regulars.features.access.model import Location, Program
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk import verify
from regulars.features.kiosk.balances import Today, read
from regulars.features.kiosk.model import (
    Balances,
    CartHold,
    CartLink,
    Dispute,
    Earned,
    Enrolled,
    PaidOrder,
    Redeemed,
    RequestKey,
)
from regulars.features.kiosk.purse import accounts_of
from regulars.features.ledger import actions as ledger
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model import AccountReference, AccountState, Attribution, Earn
from tests.support.enrolment import enrol
from tests.support.ledger import NOW, ManualClock, posted

T = TypeVar("T")

GRANT = Attribution(source="test")


class KioskWorld:
    """The kiosks of two venues, on a clock that the test moves."""

    def __init__(self, database: Database, program: Program, venue: Location, other_venue: Location) -> None:
        self.database = database
        self.program = program
        self.venue = venue
        self.other_venue = other_venue
        self.clock = ManualClock()
        self.ledger = Ledger(database, self.clock)
        self._numbers = count(1)

    @classmethod
    async def create(cls, database: Database, slug: str = "kiosks", **settings: Any) -> "KioskWorld":
        """A program that has set this for its kiosks."""
        stored = {f"sessions.{name}": value for name, value in settings.items()}
        async with database.transaction() as connection:
            program = await access.create_program(
                connection, slug=slug, name=slug, currency="GBP", time_zone="Europe/London", now=NOW
            )
            program = await access.update_program_settings(connection, program.program_id, stored, now=NOW)
            venues = [
                await access.create_location(connection, program.program_id, slug=venue, name=venue, now=NOW)
                for venue in ("venue_001", "venue_002")
            ]
        return cls(database, program, *venues)

    @property
    def program_id(self) -> int:
        """The program's id."""
        return self.program.program_id

    async def customer(self) -> UUID:
        """A new customer, who has nothing."""
        return (await enrol(self.database, self.program_id)).member_id

    async def give(
        self, member_id: UUID, rewards: int = 0, *, program_rewards: int = 0, points: int = 0
    ) -> None:
        """Rewards and points that no order earned."""
        accounts = accounts_of(member_id, self.venue.location_id)
        for account, amount in (
            (accounts.venue_rewards, rewards),
            (accounts.program_rewards, program_rewards),
            (accounts.points, points),
        ):
            if amount:
                command = Earn(account=account, action="grant", attribution=GRANT, amount=amount)
                [outcome] = await self.ledger.post_batch(self.program_id, [command])
                posted(outcome)

    async def join(self, member_id: UUID, status: str = "active", location_id: int | None = None) -> None:
        """The customer has a membership, of the first venue unless another location is given."""
        async with self.database.connection() as connection:
            await connection.execute(
                """
                insert into memberships (program_id, subscription_id, member_id, location_id,
                    sold_at_location_id, status, stripe_status, started_at, updated_at)
                values (%s, %s, %s, %s, %s, %s, '', %s, %s)
                """,
                [
                    self.program_id, f"sub_{next(self._numbers)}", member_id,
                    self.venue.location_id if location_id is None else location_id,
                    location_id or self.venue.location_id, status, NOW, NOW,
                ],
            )  # fmt: skip

    def order(self, total_minor: int = 2599, member_id: UUID | None = None, **more: Any) -> PaidOrder:
        """A new order, paid by an event of its own."""
        number = next(self._numbers)
        ids = {"order_id": f"ord_{number}", "payment_event_id": f"evt_{number}"}
        return PaidOrder(total_minor=total_minor, member_id=member_id, **{**ids, **more})

    async def earn(self, order: PaidOrder, venue: Location | None = None) -> Earned:
        """What the order earned."""
        return await self._on_connection(
            lambda connection: kiosk.earn(connection, self.program, venue or self.venue, order, self.clock)
        )

    async def attach(self, cart: str, member_id: UUID, venue: Location | None = None) -> CartLink:
        """The cart is the customer's."""
        return await self._on_connection(
            lambda connection: kiosk.attach(connection, venue or self.venue, cart, member_id, self.clock)
        )

    async def hold(
        self,
        cart: str,
        member_id: UUID,
        reward_count: int = 1,
        key: str | None = None,
        *,
        venue: Location | None = None,
        scope: str = "kiosk",
    ) -> CartHold:
        """Rewards that are held for the cart."""
        request = RequestKey(scope, key) if key is not None else None
        return await self._on_connection(
            lambda connection: kiosk.apply_reward(
                connection,
                self.program,
                venue or self.venue,
                cart,
                member_id,
                reward_count,
                request,
                self.clock,
            )
        )

    async def redeem(
        self, order: PaidOrder, cart: str | None = None, venue: Location | None = None
    ) -> Redeemed:
        """What the order redeemed."""
        return await self._on_connection(
            lambda connection: kiosk.redeem(
                connection,
                self.program,
                venue or self.venue,
                order.order_id,
                order.payment_event_id,
                cart,
                self.clock,
            )
        )

    async def refund(self, order: PaidOrder, refunded_minor: int | None = None, **keys: Any) -> bool:
        """Whether so much of the order, by default all, could be noted as refunded."""
        return await self._on_connection(
            lambda connection: kiosk.take_back_order(
                connection,
                self.program,
                self.venue,
                refunded_minor=order.total_minor if refunded_minor is None else refunded_minor,
                clock=self.clock,
                **(keys or {"order_id": order.order_id}),
            )
        )

    async def dispute(self, order: PaidOrder, status: str = "open", at: int = 1, name: str = "dp_1") -> None:
        """A dispute of the order's payment that stood so at this second: an inquiry, open, won or lost."""
        told = Dispute(name, status in ("open", "lost"), status in ("won", "lost"), at)
        await self._on_connection(
            lambda connection: kiosk.dispute_order(
                connection, self.program, self.venue, order.order_id, told, self.clock
            )
        )

    async def enrol(self, phone_raw: str, venue: Location | None = None) -> Enrolled:
        """The customer with this number."""
        return await self.database.run(
            lambda connection: kiosk.enrol_by_phone(
                connection, self.program, venue or self.venue, phone_raw, self.clock()
            )
        )

    async def balances(self, member_id: UUID, venue: Location | None = None) -> Balances:
        """What the kiosk shows."""
        return await self._on_connection(
            lambda connection: kiosk.balances_of(
                connection, self.program_id, venue or self.venue, member_id, self.clock()
            )
        )

    async def has(self, member_id: UUID, venue: Location | None = None) -> tuple[int, int]:
        """The balances of points and rewards."""

        async def look(connection: Connection) -> Today:
            return await read(connection, venue or self.venue, member_id, self.clock())

        today = await self._on_connection(look)
        return today.points, today.rewards

    async def worth(self, member_id: UUID) -> int:
        """Points and rewards as points, a hundred for each reward, less what is owed."""
        points, rewards = await self.has(member_id)
        return points + 100 * rewards - await self.owed(member_id)

    async def account(self, reference: AccountReference) -> AccountState:
        """One account as it stands."""
        return await self._on_connection(
            lambda connection: ledger.account_state(connection, self.program_id, reference, self.clock())
        )

    async def owed(self, member_id: UUID) -> int:
        """How many points are still to be taken back."""
        return (await self.account(accounts_of(member_id, self.venue.location_id).points)).owed

    async def held(self, member_id: UUID) -> int:
        """How many rewards are set aside, the program's included."""
        accounts = accounts_of(member_id, self.venue.location_id)
        parts = [await self.account(accounts.venue_rewards), await self.account(accounts.program_rewards)]
        return sum(part.held for part in parts)

    async def rows(self, query: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(query, {"program_id": self.program_id, **parameters})
            return await cursor.fetchall()

    async def check(self) -> None:
        """The ledger adds up, and so do the kiosks."""
        async with self.database.connection() as connection:
            assert await ledger.verify(connection) == []
            assert await verify.verify(connection) == []

    async def set(self, **settings: Any) -> None:
        """The program has set this, too."""
        stored = {f"sessions.{name}": value for name, value in settings.items()}
        self.program = replace(self.program, settings=self.program.settings | stored)

    async def _on_connection(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        async with self.database.connection() as connection:
            return await work(connection)
