"""A program with two venues, its customers' passes, and the stand-ins that their updates reach."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from regulars.db.database import Connection, Database
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import BEGIN, COMMIT
from regulars.features.access import actions as access
from regulars.features.members import actions as members
from regulars.features.passes import actions as passes
from regulars.features.passes.model import CardFace, Delivery, Pass
from regulars.features.passes.model_carriers import AppleSettings, GoogleSettings
from regulars.stand_ins.apple.certificates import certificates
from regulars.stand_ins.apple.push_service import AppleStandIn, apple_stand_in
from tests.support.enrolment import NOW, enrol, new_program
from tests.support.google_stand_in import EMAIL, ISSUER, GoogleStandIn, google_stand_in, service_account_pem

TOPIC = "pass.example.regulars"
SECRET_KEY = "0123456789abcdefghijklmnopqrstuv"
PUSH_TOKEN = "ab" * 32


def face(**more: Any) -> CardFace:
    """What a card of an ordinary venue shows."""
    ordinary = CardFace(
        brand_name="Sessions Market",
        hero_text="A treat for every hundred points",
        primary_color="#1b4332",
        accent_color="#ffb703",
        logo_url=None,
        support_email="hello@sessions.example",
        points=42,
        rewards=1,
        points_per_reward=100,
        membership_status="active",
        wallet_url="https://loyalty.example/wallet/token",
        token="0" * 48,
    )
    return replace(ordinary, **more)


def apple_settings(**more: Any) -> AppleSettings:
    """Those of the made-up certificates."""
    made = certificates()
    ordinary = AppleSettings(
        pass_type_identifier=TOPIC,
        team_identifier="TEAM123456",
        certificate=made.signer.certificate_pem,
        key=made.signer.key_pem,
        intermediate_certificate=made.intermediate.certificate_pem,
        secret_key=SECRET_KEY,
        web_service_url="https://loyalty.example/wallet/apple",
        push_authority=made.root.certificate_pem,
    )
    return replace(ordinary, **more)


def google_settings(url: str, **more: Any) -> GoogleSettings:
    """Those of the service account that the stand-in at this address knows."""
    ordinary = GoogleSettings(
        issuer_id=ISSUER,
        service_account_email=EMAIL,
        service_account_key=service_account_pem(),
        origins=("https://loyalty.example",),
        logo_url="https://loyalty.example/logo.png",
        api_url=f"{url}/v1",
        token_url=f"{url}/token",
        save_url=f"{url}/save",
    )
    return replace(ordinary, **more)


class PassWorld:
    """One program with two venues; `clock` stands still until somebody moves it."""

    def __init__(
        self,
        database: Database,
        program_id: int,
        venues: tuple[int, int],
        apple: AppleStandIn,
        google: GoogleStandIn,
    ) -> None:
        self.database = database
        self.program_id = program_id
        self.venue, self.other_venue = venues
        self.apple = apple
        self.google = google
        self.now = NOW
        self.points: dict[UUID, int] = {}
        self.timeout_seconds = 5.0
        self.carriers = self.new_carriers()
        self._enrolled = 0

    def new_carriers(self, **apple: Any) -> passes.Carriers:
        """What another process, or this one after a restart, reaches the stand-ins with."""
        return passes.Carriers(
            apple_settings(push_url=self.apple.url, timeout_seconds=self.timeout_seconds, **apple),
            google_settings(self.google.url, timeout_seconds=self.timeout_seconds),
            clock=self.clock,
        )

    async def be_impatient(self, timeout_seconds: float) -> None:
        """From now on nobody is waited for longer than this."""
        await self.carriers.close()
        self.timeout_seconds = timeout_seconds
        self.carriers = self.new_carriers()

    def clock(self) -> datetime:
        """The time that it is in this world."""
        return self.now

    def wait(self, **time: float) -> None:
        """The clock goes on."""
        self.now += timedelta(**time)

    async def customer(self) -> UUID:
        """A new member."""
        return (await enrol(self.database, self.program_id)).member_id

    async def issue(self, member_id: UUID | None = None, location_id: int | None = None) -> Pass:
        """The pass of a customer, who is new if none is named, at the first venue if none is."""
        member_id = member_id or await self.customer()
        async with self.database.transaction() as connection:
            return await passes.issue(
                connection, self.program_id, location_id or self.venue, member_id, self.now
            )

    async def change(self, card: Pass, points: int | None = None, reason: str = "points_earned") -> None:
        """The pass shows something new from now on."""
        self.points[card.pass_id] = self.points.get(card.pass_id, 0) + 1 if points is None else points
        await self.in_transaction(
            lambda pipeline: passes.send_update(
                pipeline, card.program_id, card.member_id, card.location_id, reason, self.now
            )
        )

    async def in_transaction(self, send: Callable[[Pipeline], None]) -> None:
        """What `send` sends is committed."""
        async with self.database.connection() as connection:
            pipeline = Pipeline(connection)
            pipeline.send(BEGIN)
            send(pipeline)
            pipeline.send(COMMIT)
            await pipeline.flush()

    async def deliver(self, limit: int = 50, carriers: passes.Carriers | None = None) -> Delivery:
        """One round of deliveries."""
        return await passes.deliver_due(
            self.database, carriers or self.carriers, self.face_of, self.clock, limit
        )

    async def face_of(self, card: Pass) -> CardFace | None:
        """What the pass shows at this moment."""
        return face(token=card.token, points=self.points.get(card.pass_id, 0))

    async def ask(self, call: Callable[[Connection], Awaitable[passes.Answer]]) -> passes.Answer:
        """What a phone is answered, in a transaction of its own."""
        async with self.database.transaction() as connection:
            return await call(connection)

    def proof(self, card: Pass) -> str:
        """What a phone with this pass sends as its Authorization."""
        return f"ApplePass {self.carriers.apple.keys.authentication_token(card.pass_id)}"

    async def register(
        self, card: Pass, device: str = "phone-1", push_token: str = PUSH_TOKEN, **more: Any
    ) -> passes.Answer:
        """A phone registers for the pass."""
        call: dict[str, Any] = {
            "device": device,
            "pass_type": TOPIC,
            "serial": str(card.pass_id),
            "authorization": self.proof(card),
            "push_token": push_token,
            "now": self.now,
        } | more
        return await self.ask(lambda connection: passes.register(connection, self.carriers.apple, **call))

    async def registered(self, push_token: str = PUSH_TOKEN, device: str = "phone-1") -> Pass:
        """A new customer's pass on a phone."""
        card = await self.issue()
        assert (await self.register(card, device, push_token)).status == 201
        return card

    async def saved(self, card: Pass) -> str:
        """The link that saves the pass to Google Wallet."""
        shown = await self.face_of(card)
        assert shown is not None
        return await passes.google_save_link(self.database, self.carriers, card, shown)

    async def erase(self, member_id: UUID) -> None:
        """Nothing is left that says who the member was."""
        async with self.database.transaction() as connection:
            await members.erase(connection, self.program_id, member_id, self.now)

    async def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database has, for what no action tells."""
        async with self.database.connection() as connection:
            return await (await connection.execute(statement.encode(), values)).fetchall()

    async def status(self, card: Pass) -> tuple[str, int, datetime | None]:
        """Where the pass's update is, how often it was tried, and when it is due."""
        [row] = await self.rows(
            "select status, attempts, due_at from passes where pass_id = %s", card.pass_id
        )
        return row[0], row[1], row[2]

    async def find(self, card: Pass) -> Pass | None:
        """The pass as it is now."""
        async with self.database.connection() as connection:
            return await passes.find(connection, card.program_id, card.location_id, card.token)


@asynccontextmanager
async def pass_world(database: Database) -> AsyncIterator[PassWorld]:
    """A program with two venues, and stand-ins that listen until the block ends."""
    program_id = await new_program(database, "sessions")
    async with database.transaction() as connection:
        venues = [
            (await access.create_location(connection, program_id, slug=slug, name=slug, now=NOW)).location_id
            for slug in ("venue_001", "venue_002")
        ]
    async with AsyncExitStack() as stack:
        apple = await stack.enter_async_context(apple_stand_in(TOPIC))
        google = await stack.enter_async_context(google_stand_in())
        world = PassWorld(database, program_id, (venues[0], venues[1]), apple, google)
        yield world
        await world.carriers.close()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Returns once the condition holds; the test's own time limit is ten seconds."""
    async with asyncio.timeout(10):
        while not await condition():
            await asyncio.sleep(0.01)
