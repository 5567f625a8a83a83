"""A program whose venues sell memberships through a Stripe of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.access.model import Location, Program
from regulars.features.ledger import actions as ledger
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model import AccountReference, AccountState, Attribution, Posted, Redeem
from regulars.features.memberships import actions as memberships
from regulars.features.memberships import verify
from regulars.features.memberships.model import GrantRun, MembershipStatus
from regulars.features.payments import actions as payments
from regulars.features.payments.model import StripeSettings
from regulars.stand_ins.stripe.account import Json, StripeAccount
from regulars.stand_ins.stripe.shapes import NEW_SHAPE
from regulars.stand_ins.stripe.stand_in import StripeStandIn, stripe_stand_in
from tests.support.enrolment import enrol
from tests.support.ledger import ManualClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RETURN_URL = "https://sessions.market/membership/success"


class MembershipWorld:
    """Two venues, a Stripe, and the clock of both."""

    def __init__(
        self, database: Database, program: Program, venues: list[Location], stripe: StripeStandIn
    ) -> None:
        self.database, self.program, self.stripe = database, program, stripe
        self.venue, self.other_venue = venues
        self.clock = ManualClock(NOW)
        # Tests let Stripe hang. Where none does, it may take as long as a crowd needs on a slow machine.
        self.stripe_seconds_max = 2.0
        stripe.account.clock = lambda: self.clock().timestamp()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, database: Database, shape: str = NEW_SHAPE, **settings: Any
    ) -> "AsyncIterator[MembershipWorld]":
        """A world without members; the program has these settings."""
        async with database.transaction() as connection:
            program = await access.create_program(
                connection, slug="sessions", name="Sessions", currency="GBP", time_zone="UTC", now=NOW,
                settings={f"sessions.{name}": value for name, value in settings.items()},
            )  # fmt: skip
            venues = [
                await access.create_location(connection, program.program_id, slug=slug, name=slug, now=NOW)
                for slug in ("venue_001", "venue_002")
            ]
        with stripe_stand_in(StripeAccount(), shape) as stripe:
            yield cls(database, program, venues, stripe)

    @property
    def settings(self) -> StripeSettings:
        """How our Stripe is reached, and when it is given up."""
        return StripeSettings(
            secret_key=self.stripe.secret_key,
            webhook_secret=self.stripe.webhook_secret,
            price_id=self.stripe.account.price_id,
            cancel_url="https://sessions.market/membership",
            api_url=self.stripe.url,
            timeout_seconds=self.stripe_seconds_max,
        )

    async def member(self) -> UUID:
        """A new member."""
        return (await enrol(self.database, self.program.program_id)).member_id

    async def checkout(self, member_id: UUID, return_url: str = RETURN_URL, **settings: Any) -> str:
        """The address of the page on which the member buys at the first venue."""
        stripe = self.settings
        stripe = StripeSettings(
            **{name: getattr(stripe, name) for name in stripe.__struct_fields__} | settings
        )
        return await memberships.checkout(
            self.database, stripe, self.program, self.venue, member_id, return_url, self.clock
        )

    async def buy(self, member_id: UUID, *, trial: bool = False) -> Json:
        """The subscription that the member buys; nobody has told us yet."""
        url = await self.checkout(member_id)
        return self.stripe.account.complete(url.rsplit("/", 1)[-1], trial=trial)

    def metadata(self, member_id: UUID, scope: str = "venue") -> dict[str, str]:
        """What a subscription of the member carries."""
        return {
            "program": self.program.slug,
            "customer_id": str(member_id),
            "venue_id": self.venue.slug,
            "scope": scope,
        }

    async def tell(self, *events: Json, shape: str | None = None) -> list[bool]:
        """What becomes of events that come in, one after the other, in this shape if one is given."""
        return [await self.receive(*self.stripe.signed(event, shape=shape)) for event in events]

    async def tell_all(self, shape: str | None = None) -> None:
        """All that has happened comes in, in order, and never again."""
        events, self.stripe.account.events = self.stripe.account.events, []
        await self.tell(*events, shape=shape)

    async def receive(self, body: bytes, signature: str | None, database: Database | None = None) -> bool:
        """What the webhook does."""
        event = payments.verify_event(body, signature, self.settings, self.clock())
        return await memberships.receive_event(database or self.database, self.settings, event, self.clock)

    async def grant_due(self, database: Database | None = None) -> GrantRun:
        """What the monthly job did."""
        return await memberships.grant_due(database or self.database, self.clock)

    async def status(self, member_id: UUID, venue: Location | None = None) -> MembershipStatus:
        """How the member stands, at the first venue unless another one is given."""
        location_id = (venue or self.venue).location_id
        async with self.database.connection() as connection:
            return await memberships.status_of(connection, self.program.program_id, member_id, location_id)

    def account_of(self, member_id: UUID, location_id: int | None = None) -> AccountReference:
        """Where the member's rewards of the first venue are, unless another location is given."""
        return AccountReference(
            member_id, "rewards", self.venue.location_id if location_id is None else location_id
        )

    async def rewards(self, member_id: UUID, location_id: int | None = None) -> AccountState:
        """The member's rewards as they stand."""
        reference = self.account_of(member_id, location_id)
        async with self.database.connection() as connection:
            return await ledger.account_state(connection, self.program.program_id, reference, self.clock())

    async def balance(self, member_id: UUID) -> tuple[int, int]:
        """The member's rewards at the first venue, and how many of them are owed."""
        state = await self.rewards(member_id)
        return state.balance, state.owed

    async def spend(self, member_id: UUID, amount: int = 1) -> None:
        """The member uses rewards up."""
        command = Redeem(
            account=self.account_of(member_id), action="spend", attribution=Attribution("till"), amount=amount
        )
        [outcome] = await Ledger(self.database, self.clock).post_batch(self.program.program_id, [command])
        assert isinstance(outcome, Posted), outcome

    def advance(self, **units: float) -> None:
        """Time goes on."""
        self.clock.now += timedelta(**units)

    async def rows(self, query: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(query, {"program_id": self.program.program_id, **parameters})
            return await cursor.fetchall()

    async def check(self) -> None:
        """The books and the memberships add up."""
        async with self.database.connection() as connection:
            assert await ledger.verify(connection) == []
            assert await verify.verify(connection) == []
