"""A program that lends, on a database of its own: borrowers, photos that were sent, loans."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from itertools import count
from typing import Any, LiteralString, TypeVar
from uuid import UUID

from regulars.base.ids import new_id
from regulars.db.database import Connection, Database
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import transact
from regulars.features.access import actions as access
from regulars.features.access.model import Program
from regulars.features.lending import actions as lending
from regulars.features.lending import verify
from regulars.features.lending.model import (
    Borrower,
    BorrowerStatus,
    LoanWithPhotos,
    NewBorrower,
    NewLoan,
    Subscription,
    Swapped,
    Wardrobe,
)
from regulars.features.photos import actions as photos
from regulars.features.photos.model import PhotoPurpose, ReceivedPhoto, WrittenPhoto
from tests.support.enrolment import keep_events
from tests.support.ledger import NOW, ManualClock

T = TypeVar("T")

STORE = "Store A"
CUSTOMER_KEY = lending.CustomerKey("the secret key of a server")


class Wardrobes:
    """Borrowers of one program, on a clock that the test moves."""

    def __init__(self, database: Database, program: Program) -> None:
        self.database = database
        self.program = program
        self.clock = ManualClock()
        self._numbers = count(1)

    @classmethod
    async def create(cls, database: Database, slug: str = "rejoes", **settings: Any) -> "Wardrobes":
        """A program that has set this for lending."""
        async with database.transaction() as connection:
            program = await access.create_program(
                connection,
                slug=slug,
                name=slug,
                currency="EUR",
                time_zone="Europe/Dublin",
                settings={f"lending.{name}": value for name, value in settings.items()},
                now=NOW,
            )
        await keep_events(database, program.program_id)
        return cls(database, program)

    @property
    def program_id(self) -> int:
        """The program's id."""
        return self.program.program_id

    async def borrower(self, plan: str = "PLUS", **more: Any) -> UUID:
        """The id of a new member with a card and this plan."""
        new = NewBorrower(card_token=more.pop("card", f"CARD-{next(self._numbers)}"), plan=plan, **more)
        added = await self.database.run(
            lambda connection: lending.add_borrower(connection, self.program, new, self.clock())
        )
        return added.borrower.member_id

    async def photo(
        self, member_id: UUID | None, purpose: PhotoPurpose = PhotoPurpose.LOAN, name: str | None = None
    ) -> UUID:
        """The id of a photo that was sent for the member. There is no file behind it."""
        written = WrittenPhoto(
            photo_id=new_id(), purpose=purpose, extension="jpg", width=8, height=6, size_bytes=10,
            thumbnail_size_bytes=5,
        )  # fmt: skip
        received = ReceivedPhoto(name, "image/png", 77)
        async with self.database.transaction() as connection:
            photo = await photos.record_photo(
                connection, self.program_id, written, owner_id=member_id, received=received, now=self.clock()
            )
        return photo.photo_id

    async def checkout(self, member_id: UUID, photo_ids: Sequence[UUID] | None = None) -> LoanWithPhotos:
        """The loan of a garment, with these photos or a new one."""
        wanted = await self._wanted(member_id, photo_ids)
        return await self.attempted(
            lambda pipeline: lending.Checkout(pipeline, self.program, wanted, self.clock()).decide
        )

    async def swap(self, member_id: UUID, loan_id: UUID, photo_ids: Sequence[UUID] | None = None) -> Swapped:
        """Another garment in place of one, with these photos or a new one."""
        wanted = await self._wanted(member_id, photo_ids)
        return await self.attempted(
            lambda pipeline: lending.Swap(pipeline, self.program, loan_id, wanted, self.clock()).decide
        )

    async def take_back(self, member_id: UUID, loan_id: UUID) -> LoanWithPhotos:
        """The loan that came back."""
        return await self.attempted(
            lambda pipeline: lending.Return(pipeline, self.program, member_id, loan_id, self.clock()).decide
        )

    async def tell(self, customer: str, **told: Any) -> Borrower | None:
        """What the shop's news lead to."""
        subscription = Subscription(shopify_customer_id=customer, **told)
        return await self.database.run(
            lambda connection: lending.take_news(
                connection, self.program, subscription, CUSTOMER_KEY, self.clock()
            )
        )

    async def stand(self, member_id: UUID, status: BorrowerStatus) -> None:
        """The member's subscription stands so from now on."""
        await self.rows(
            "update borrowers set status = %(status)s where member_id = %(member_id)s returning 1",
            member_id=member_id,
            status=str(status),
        )

    async def wardrobe(self, member_id: UUID, *, only_open: bool = False) -> Wardrobe:
        """The borrower, who must be there, with loans."""
        async with self.database.connection() as connection:
            found = await lending.wardrobe_of(
                connection, self.program_id, member_id, self.clock(), only_open=only_open
            )
        assert found is not None
        return found

    async def counts(self, member_id: UUID) -> tuple[int, int, int]:
        """Items and swaps used in the present cycle, and what is out."""
        borrower = (await self.wardrobe(member_id)).borrower
        return borrower.items_used, borrower.swaps_used, borrower.items_out

    async def events(self) -> list[tuple[str, dict[str, Any]]]:
        """What was told, in its order."""
        return [
            (kind, data)
            for kind, data in await self.rows(
                "select type, data from events where program_id = %(program_id)s order by event_id"
            )
        ]

    async def tell_due(self, chunk: int = 1000) -> int:
        """How many loans were told of as due soon or overdue."""
        return await lending.tell_due(self.database, self.clock, chunk)

    async def erase(self, member_id: UUID) -> int:
        """How many photos went with the member."""
        async with self.database.transaction() as connection:
            return len(await lending.erase(connection, self.program_id, member_id, self.clock()))

    async def forget(self, customer: str) -> int:
        """How many photos went with the shop's customer, whom it had forgotten."""
        return len(
            await self.database.run(
                lambda connection: lending.erase_customer(
                    connection, self.program_id, customer, CUSTOMER_KEY, self.clock()
                )
            )
        )

    async def attempted(self, begin: Callable[[Pipeline], Callable[[], T]]) -> T:
        """What an attempt leads to, committed."""

        async def work(pipeline: Pipeline) -> T:
            decide = begin(pipeline)
            await pipeline.flush()
            return decide()

        return await self._on_connection(lambda connection: transact(connection, work))

    async def rows(self, query: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(query, {"program_id": self.program_id, **parameters})
            return await cursor.fetchall()

    async def check(self) -> None:
        """Borrowers, loans and photos agree."""
        async with self.database.connection() as connection:
            assert await verify.verify(connection) == []

    async def _wanted(self, member_id: UUID, photo_ids: Sequence[UUID] | None) -> NewLoan:
        chosen = [await self.photo(member_id)] if photo_ids is None else photo_ids
        return NewLoan(member_id, tuple(chosen), STORE)

    async def _on_connection(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        async with self.database.connection() as connection:
            return await work(connection)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=NOW.tzinfo)
