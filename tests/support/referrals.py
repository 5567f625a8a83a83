"""A shop whose members recommend its products, on a database of its own and a clock that the test moves."""

from collections.abc import Awaitable
from itertools import count
from typing import Any, LiteralString
from uuid import UUID

from msgspec.structs import replace

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.access.model import Program
from regulars.features.ledger import actions as ledger
from regulars.features.ledger import verify as ledger_verify
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model import (
    AccountReference,
    AccountState,
    Attribution,
    Command,
    Earn,
    Posted,
    Redeem,
)
from regulars.features.members import actions as members
from regulars.features.referrals import actions as referrals
from regulars.features.referrals import verify
from regulars.features.referrals.model import (
    Checkout,
    Conversion,
    Ending,
    Flag,
    FlagStatus,
    Product,
    Purchase,
    Referral,
    Rewards,
    Source,
    Verdict,
)
from tests.support.enrolment import keep_events
from tests.support.ledger import NOW, ManualClock

SECRET = "a secret key of the test suite, 42 characters"
SHOPPER = "shopper"


class Shop:
    """What a test of referrals works with."""

    def __init__(self, database: Database, program: Program) -> None:
        self.database = database
        self.program = program
        self.clock = ManualClock()
        self.hashes = referrals.SourceHashes(SECRET, program.program_id)
        self._numbers = count(1)

    @classmethod
    async def create(cls, database: Database, slug: str = "fittwin", **settings: Any) -> "Shop":
        """A program that has set this for referrals."""
        async with database.transaction() as connection:
            program = await access.create_program(
                connection,
                slug=slug,
                name=slug,
                currency="USD",
                time_zone="America/New_York",
                settings={f"referrals.{name}": value for name, value in settings.items()},
                now=NOW,
            )
        await keep_events(database, program.program_id, ["referral.*"])
        return cls(database, program)

    @property
    def program_id(self) -> int:
        """The program's id."""
        return self.program.program_id

    def set(self, **settings: Any) -> None:
        """What the program has set from now on."""
        changed = {f"referrals.{name}": value for name, value in settings.items()}
        self.program = replace(self.program, settings=self.program.settings | changed)

    async def owner(self, user_id: str | None = None) -> UUID:
        """The id of a new member, whom the shop knows as `user_id`."""
        user_id = user_id or f"user-{next(self._numbers)}"
        async with self.database.transaction() as connection:
            member, _ = await members.enrol_or_find(
                connection, self.program_id, SHOPPER, user_id, name="", now=self.clock()
            )
        return member.member_id

    async def product(self) -> Product:
        """A new product."""
        async with self.database.transaction() as connection:
            return await referrals.add_product(
                connection,
                self.program_id,
                slug=f"product-{next(self._numbers)}",
                name="Jacket",
                now=self.clock(),
            )

    def source(
        self, person: str | None = None, device: str | None = None, address: str | None = None
    ) -> Source:
        """Who, behind which device, at which address, as the shop tells it."""
        return Source(
            None if person is None else self.hashes.person(person),
            self.hashes.device(device),
            self.hashes.address(address),
        )

    async def create_rid(
        self, owner_id: UUID, product: Product, user_id: str = "owner", address: str | None = None
    ) -> tuple[Referral, bool]:
        """The owner's RID for a product, and whether it is new."""
        source = self.source(user_id, address=address)
        async with self.database.connection() as connection:
            return await referrals.create(
                connection, self.program, owner_id, product, "social", source, self.clock()
            )

    async def referral(self, user_id: str | None = None, address: str | None = None) -> Referral:
        """A new RID of a new owner for a new product."""
        user_id = user_id or f"user-{next(self._numbers)}"
        owner_id = await self.owner(user_id)
        made, is_new = await self.create_rid(owner_id, await self.product(), user_id, address)
        assert is_new
        return made

    async def click(self, rid: str, device: str = "phone") -> bool:
        """Whether the click counts."""
        async with self.database.connection() as connection:
            hashed = self.hashes.device(device)
            assert hashed is not None
            return await referrals.click(connection, self.program_id, rid, hashed, self.clock())

    async def validate(
        self,
        rid: str,
        order_id: str | None = None,
        person: str | None = None,
        device: str | None = None,
        address: str | None = None,
    ) -> Verdict:
        """The verdict on an order; without more, of a buyer of its own at home."""
        number = next(self._numbers)
        source = self.source(
            person or f"buyer-{number}", device or f"device-{number}", address or f"address-{number}"
        )
        checkout = Checkout(rid, order_id or str(new_id()), source)
        async with self.database.connection() as connection:
            return await referrals.validate(connection, self.program, checkout, self.clock())

    async def attribute(self, rid: str, order_id: str, total: int = 12900, **more: Any) -> Conversion:
        """The order after it was paid."""
        purchase = Purchase(rid, order_id, total, more.pop("currency", "USD"), **more)
        async with self.database.connection() as connection:
            return await referrals.attribute(connection, self.program, purchase, self.clock())

    async def buy(self, rid: str, order_id: str | None = None, **source: Any) -> Conversion:
        """An order that was asked about and paid."""
        order_id = order_id or f"order-{next(self._numbers)}"
        assert (await self.validate(rid, order_id, **source)).valid
        return await self.attribute(rid, order_id)

    async def give_back(self, order_id: str, ending: Ending = Ending.REFUNDED) -> Conversion:
        """The order after it came back."""
        async with self.database.connection() as connection:
            return await referrals.return_order(connection, self.program_id, order_id, ending, self.clock)

    async def mature(self, chunk: int = 1000) -> int:
        """How many rewards became payable."""
        return (await referrals.mature_due(self.database, self.clock, chunk=chunk)).given

    async def earn(self, owner_id: UUID, amount: int) -> None:
        """The owner gets store credit for something else."""
        await self._post(
            Earn(
                account=self.account(owner_id), action="gift", attribution=Attribution("test"), amount=amount
            )
        )

    async def spend(self, owner_id: UUID, amount: int) -> None:
        """The owner buys something for store credit."""
        await self._post(
            Redeem(
                account=self.account(owner_id), action="spend", attribution=Attribution("test"), amount=amount
            )
        )

    async def note_spent(self, chunk: int = 1000) -> int:
        """How many rewards count as paid now."""
        return await referrals.note_spent(self.database, self.clock, chunk)

    def account(self, owner_id: UUID) -> AccountReference:
        """The owner's store credit."""
        return AccountReference(owner_id, referrals.credit_asset("USD"))

    async def credit(self, owner_id: UUID) -> AccountState:
        """How the owner's store credit stands."""
        async with self.database.connection() as connection:
            return await ledger.account_state(
                connection, self.program_id, self.account(owner_id), self.clock()
            )

    async def stats(self, referral: Referral) -> tuple[Referral, Rewards]:
        """The RID's figures."""
        async with self.database.connection() as connection:
            return await referrals.stats_of(connection, self.program_id, referral.owner_id, referral.rid)

    async def flags(self, status: FlagStatus = FlagStatus.OPEN) -> list[Flag]:
        """The operators' queue."""
        async with self.database.connection() as connection:
            return await referrals.list_flags(connection, self.program_id, status=status)

    async def decide(self, act: Any, flag: Flag) -> Flag:
        """The flag after an operator's decision."""
        async with self.database.connection() as connection:
            decided: Flag = await act(connection, self.program_id, flag.flag_id, "ann", self.clock)
            return decided

    async def told(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The data of the events that were told, in their order."""
        return [
            data
            for found, data in await self.rows(
                "select type, data from events where program_id = %(program_id)s order by event_id"
            )
            if kind in (None, found)
        ]

    async def rows(self, query: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(query, {"program_id": self.program_id, **parameters})
            return await cursor.fetchall()

    async def _post(self, command: Command) -> None:
        till = Ledger(self.database, self.clock)
        assert isinstance(await till.post(self.program_id, command), Posted)
        await till.close()

    async def check(self) -> None:
        """RIDs, events, orders, rewards and the ledger agree."""
        async with self.database.connection() as connection:
            assert await verify.verify(connection) == []
            assert await ledger_verify.verify(connection) == []


async def refusal(waiting: Awaitable[object]) -> str:
    """The code that this is refused with."""
    try:
        done = await waiting
    except Refused as refused:
        return refused.code
    raise AssertionError(f"not refused: {done}")
