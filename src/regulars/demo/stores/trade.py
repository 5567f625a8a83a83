"""Lets the demo's stores lend: each borrower joins, takes, swaps and brings back, with photos of everything.

Each life is one transaction, whose photos' files are written before it commits. A second run leaves alone
those whose cards are known.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random
from typing import Protocol, TypeVar
from uuid import UUID

from regulars.db.database import Connection, Database
from regulars.db.pipeline import Pipeline
from regulars.demo.stores.garments import VIEWS, Garment, View, stock
from regulars.demo.stores.lives import Step, joined_at, life_of
from regulars.demo.stores.pictures import PictureBook
from regulars.demo.stores.places import STORES
from regulars.demo.stores.subscribers import Subscriber
from regulars.demo.unhurried import unhurried
from regulars.features.access.model import Program
from regulars.features.lending import actions as lending
from regulars.features.lending.model import BorrowerStatus, NewBorrower, NewLoan, Subscription
from regulars.features.lending.reading import CARD
from regulars.features.members import actions as members
from regulars.features.photos import actions as photos
from regulars.features.photos.actions import PhotoLibrary

GARMENTS = 20
_WITH_ALL_VIEWS = 4
"""Every so manyth garment is photographed from behind and from nearby as well."""
_ROAMS = 0.15
_FILES_PER_WRITE = 6
_STATUSES = {"pause": BorrowerStatus.PAUSED, "cancel": BorrowerStatus.CANCELLED}

Done_co = TypeVar("Done_co", covariant=True)


class _Attempt(Protocol[Done_co]):
    def decide(self) -> Done_co: ...


async def trade(
    database: Database,
    library: PhotoLibrary,
    program: Program,
    subscribers: Sequence[Subscriber],
    *,
    until: datetime,
    seed: int,
    show_progress: Callable[[float], None],
) -> None:
    """Lets everything happen before `until`; `show_progress` is told what part of 1.0 is done."""
    counter = _Counter(library, program, until, seed)
    await counter.open()
    async with database.connection() as connection, unhurried(connection):
        for done, subscriber in enumerate(subscribers, start=1):
            known = await members.find(connection, program.program_id, CARD, subscriber.card_token)
            if known is None:
                async with connection.transaction():
                    await counter.serve(connection, subscriber)
            show_progress(done / len(subscribers))


class _Counter:
    """Where garments are photographed and handed out, in all stores."""

    def __init__(self, library: PhotoLibrary, program: Program, until: datetime, seed: int) -> None:
        self._library, self._program, self._until, self._seed = library, program, until, seed
        self._stock = stock(GARMENTS, seed)
        self._pictures = PictureBook(library.limits)

    async def open(self) -> None:
        """Has every picture ready."""
        await self._pictures.draw([(garment, view) for garment in self._stock for view in _views(garment)])

    async def serve(self, connection: Connection, subscriber: Subscriber) -> None:
        """The subscriber's whole life, within the transaction of the connection."""
        new = NewBorrower(
            card_token=subscriber.card_token,
            plan=subscriber.plan,
            shopify_customer_id=subscriber.shopify_customer_id,
            store_location=subscriber.home,
        )
        began_at = joined_at(subscriber, self._until)
        customer = await lending.add_borrower(connection, self._program, new, began_at)
        visits = _Visits(
            connection, self._program, subscriber, customer.borrower.member_id, self._pictures, self._stock,
            Random(f"{self._seed}/{subscriber.card_token}/garments"),
        )  # fmt: skip
        for step in life_of(subscriber, self._until, self._program.time_zone, self._seed):
            await visits.take_step(step)
        await self._write(visits.files)

    async def _write(self, files: dict[str, bytes]) -> None:
        """The files, a few at a time in each of several calls: the disk makes many durable in one go."""
        paths = list(files)
        async with asyncio.TaskGroup() as group:
            for start in range(0, len(paths), _FILES_PER_WRITE):
                some = {path: files[path] for path in paths[start : start + _FILES_PER_WRITE]}
                group.create_task(self._library.storage.write(some))


class _Visits:
    """What one borrower does at the counter. `files` are those of all photos so far."""

    def __init__(
        self,
        connection: Connection,
        program: Program,
        subscriber: Subscriber,
        member_id: UUID,
        pictures: PictureBook,
        stock: Sequence[Garment],
        random: Random,
    ) -> None:
        self._connection, self._program, self._subscriber = connection, program, subscriber
        self._member_id, self._pictures, self._stock, self._random = member_id, pictures, stock, random
        self._out: list[UUID] = []
        self.files: dict[str, bytes] = {}

    async def take_step(self, step: Step) -> None:
        """One thing that happened."""
        if step.act == "take":
            await self._take(step.at)
        elif step.act == "bring":
            await self._bring(step.at)
        elif step.act == "swap":
            await self._swap(step.at)
        else:
            told = Subscription(
                shopify_customer_id=self._subscriber.shopify_customer_id, status=_STATUSES[step.act]
            )
            await lending.apply_subscription(self._connection, self._program, told, step.at)

    async def _take(self, at: datetime) -> None:
        wanted = await self._photographed(at)
        pipeline = Pipeline(self._connection)
        lent = await _done(pipeline, lending.Checkout(pipeline, self._program, wanted, at))
        self._out.append(lent.loan.loan_id)

    async def _bring(self, at: datetime) -> None:
        pipeline = Pipeline(self._connection)
        loan_id = self._out.pop(0)
        await _done(pipeline, lending.Return(pipeline, self._program, self._member_id, loan_id, at))

    async def _swap(self, at: datetime) -> None:
        wanted = await self._photographed(at)
        pipeline = Pipeline(self._connection)
        loan_id = self._out.pop(0)
        swapped = await _done(pipeline, lending.Swap(pipeline, self._program, loan_id, wanted, at))
        self._out.append(swapped.new.loan.loan_id)

    async def _photographed(self, at: datetime) -> NewLoan:
        """A garment that the borrower chose, with new photos of it."""
        garment = self._random.choice(self._stock)
        photo_ids = []
        for view in _views(garment):
            photo, received, files = self._pictures.photo_of(garment, view)
            await photos.record_photo(
                self._connection,
                self._program.program_id,
                photo,
                owner_id=self._member_id,
                received=received,
                now=at,
            )
            photo_ids.append(photo.photo_id)
            self.files |= files
        roams = self._random.random() < _ROAMS
        store = self._random.choice(STORES).name if roams else self._subscriber.home
        return NewLoan(self._member_id, tuple(photo_ids), store)


async def _done(pipeline: Pipeline, attempt: _Attempt[Done_co]) -> Done_co:
    """What came of an attempt, whose questions are sent and whose writes follow."""
    await pipeline.flush()
    outcome = attempt.decide()
    await pipeline.flush()
    return outcome


def _views(garment: Garment) -> Sequence[View]:
    return VIEWS if garment.number % _WITH_ALL_VIEWS == 1 else VIEWS[:1]
