"""Postings as part of a bigger transaction: all of it happens once, or nothing does."""

import asyncio
from uuid import UUID

import pytest
from psycopg import errors

from regulars.base.ids import new_id
from regulars.db.pipeline import Pipeline, Statement
from regulars.db.transactions import BEGIN, COMMIT
from regulars.features.ledger.actions import Books, transact
from regulars.features.ledger.model import AccountReference, Convert, Outcome
from tests.support.ledger import TILL, declined, earn, posted, redeem
from tests.support.ledger_world import LedgerWorld

# A row of another feature that a unique key guards: any table will do.
ORDER = Statement("""
insert into claims (program_id, scope, key, fingerprint, refusal, created_at)
values (%(program_id)s, 'test', %(key)s, '', '{}', now())
""")
FIND_ORDER = Statement("select 1 from claims where program_id = %(program_id)s and key = %(key)s")


class Shop:
    """Earns a point for an order, once for its key, and turns every ten points into a reward."""

    def __init__(self, world: LedgerWorld, points: AccountReference) -> None:
        self.world = world
        self.points = points
        self.rewards = AccountReference(points.member_id, "rewards")
        self.attempts = 0

    async def sell(self, key: str, amount: int = 1) -> Outcome | None:
        """The earning, None where the order was there."""

        async def work(pipeline: Pipeline) -> Outcome | None:
            self.attempts += 1
            order = {"program_id": b"%d" % self.world.program_id, "key": key.encode()}
            found = pipeline.send(FIND_ORDER, order)
            books = await Books.open(
                pipeline, self.world.program_id, [self.points, self.rewards], self.world.clock
            )
            if found.rows:
                return None
            outcome = books.decide(earn(amount, self.points))
            rewards = books.account(self.points).available // 10
            if rewards:
                books.decide(
                    Convert(account=self.points, action="convert", attribution=TILL, delta=-10 * rewards)
                )
                books.decide(Convert(account=self.rewards, action="convert", attribution=TILL, delta=rewards))
            books.send()
            pipeline.send(ORDER, order)
            return outcome

        async with self.world.database.connection() as connection:
            return await transact(connection, work)


async def test_what_is_decided_is_written_with_the_rest(world: LedgerWorld) -> None:
    shop = Shop(world, await world.account())

    outcome = posted(await shop.sell("order-1", 235) or pytest.fail("nothing was sold"))

    assert outcome.transfer.amount == 235
    assert (await world.balance(shop.points), await world.balance(shop.rewards)) == (5, 23)
    assert await shop.sell("order-1", 235) is None
    assert (await world.balance(shop.points), await world.balance(shop.rewards)) == (5, 23)
    assert await world.findings() == []


async def test_of_many_at_once_one_takes_effect_and_the_others_begin_again(world: LedgerWorld) -> None:
    shop = Shop(world, await world.account())

    outcomes = await asyncio.gather(*(shop.sell("order-1", 7) for _ in range(8)))

    assert sum(outcome is not None for outcome in outcomes) == 1
    assert await world.balance(shop.points) == 7
    assert await world.findings() == []


async def test_what_the_work_raises_undoes_everything(world: LedgerWorld) -> None:
    account = await world.account()
    await world.do(earn(5, account))

    async def work(pipeline: Pipeline) -> None:
        books = await Books.open(pipeline, world.program_id, [account], world.clock)
        books.decide(redeem(5, account))
        books.send()
        await pipeline.flush()
        raise KeyError("changed its mind")

    async with world.database.connection() as connection:
        with pytest.raises(KeyError):
            await transact(connection, work)
        cursor = await connection.execute("select 1")
        assert await cursor.fetchone() == (1,)

    assert await world.balance(account) == 5


async def test_work_that_always_loses_gives_up(world: LedgerWorld) -> None:
    attempts = 0

    async def work(pipeline: Pipeline) -> None:
        nonlocal attempts
        attempts += 1
        for _ in range(2):
            pipeline.send(ORDER, {"program_id": b"%d" % world.program_id, "key": b"twice"})

    async with world.database.connection() as connection:
        with pytest.raises(errors.UniqueViolation):
            await transact(connection, work)

    assert attempts == 5


async def test_nobody_has_accounts_that_are_closed(world: LedgerWorld) -> None:
    erased = await world.account()
    await world.erase(erased)
    unknown = AccountReference(UUID(int=new_id().int))

    async def work(pipeline: Pipeline) -> list[Outcome]:
        books = await Books.open(pipeline, world.program_id, [erased, unknown], world.clock)
        return [books.decide(earn(1, account)) for account in (erased, unknown)]

    async with world.database.connection() as connection:
        outcomes = await transact(connection, work)

    assert [declined(outcome).refusal.code for outcome in outcomes] == ["account_closed"] * 2


async def test_an_account_that_somebody_else_just_opened_is_locked_in_its_turn(world: LedgerWorld) -> None:
    """Locked last, after accounts that sort behind it, it would be waited for in a circle."""
    first, second = sorted(await world.accounts(2), key=lambda account: account.member_id)
    await world.do(earn(1, second))
    attempts = 0

    async def work(pipeline: Pipeline) -> Outcome:
        nonlocal attempts
        attempts += 1
        books = await Books.open(pipeline, world.program_id, [first, second], world.clock)
        books.decide(earn(2, second))
        outcome = books.decide(earn(2, first))
        books.send()
        return outcome

    async with world.database.connection() as others, world.database.connection() as connection:
        pipeline = Pipeline(others)
        pipeline.send(BEGIN)
        books = await Books.open(pipeline, world.program_id, [first], world.clock)
        late = asyncio.create_task(transact(connection, work))
        await world.until_waiting()
        books.decide(earn(5, first))
        books.send()
        pipeline.send(COMMIT)
        await pipeline.flush()
        outcome = posted(await late)

    assert (outcome.account.balance, outcome.transfer.version, attempts) == (7, 2, 2)
    assert await world.balance(second) == 3
    assert await world.findings() == []
