"""What is owed is stored, paid by whatever comes, and guarded by the database."""

from datetime import timedelta

import psycopg
import pytest

from regulars.features.ledger import actions
from regulars.features.ledger.model import Verb
from regulars.features.ledger.model_bulk import BulkEarn, BulkEarnRow
from regulars.features.ledger.model_lists import HistoryFilter
from tests.support.ledger import NOW, TILL, declined, earn, redeem, reserve, take_back
from tests.support.ledger_world import LedgerWorld


async def test_what_is_owed_outlives_the_batch_and_is_paid_by_the_next_one(world: LedgerWorld) -> None:
    account = await world.account()
    await world.do(earn(10, account))

    taken = await world.do(take_back(25, account))
    assert (taken.transfer.amount, taken.account.owed) == (-10, 15)
    assert (await world.state(account)).owed == 15
    paid = await world.do(earn(20, account))

    assert (paid.transfer.balance_after, paid.account.balance, paid.account.owed) == (20, 5, 0)
    state = await world.state(account)
    assert (state.balance, state.owed, state.version) == (5, 0, 4)
    async with world.database.connection() as connection:
        rows = await actions.list_history(
            connection, world.program_id, HistoryFilter(member_id=account.member_id)
        )
    assert [(row.transfer.verb, row.transfer.amount) for row in rows] == [
        (Verb.CLAWBACK, -15), (Verb.EARN, 20), (Verb.CLAWBACK, -10), (Verb.EARN, 10),
    ]  # fmt: skip
    assert await world.findings() == []


async def test_a_bulk_earn_pays_what_is_owed(world: LedgerWorld) -> None:
    owing, other = await world.accounts(2)
    await world.post(earn(1, owing), earn(1, other), take_back(4, owing))
    world.clock.advance(seconds=1)

    outcome = await world.ledger.earn_in_bulk(
        world.program_id,
        BulkEarn(
            action="grant",
            attribution=TILL,
            rows=[BulkEarnRow(account.member_id, 5) for account in (owing, other)],
        ),
    )

    assert (outcome.posted, outcome.declined) == (2, {})
    assert [(s.balance, s.owed) for s in [await world.state(owing), await world.state(other)]] == [
        (2, 0),
        (6, 0),
    ]
    assert await world.findings() == []


async def test_a_hold_that_was_swept_pays(world: LedgerWorld) -> None:
    account = await world.account()
    await world.post(
        earn(10, account),
        reserve(10, account, expires_at=NOW + timedelta(minutes=1)),
        take_back(4, account),
    )
    world.clock.advance(minutes=2)
    before = await world.state(account)
    assert (before.balance, before.owed, before.available) == (10, 4, 6)

    await actions.expire_due_holds(world.database, world.clock)

    after = await world.state(account)
    assert (after.balance, after.owed, after.available) == (6, 0, 6)
    assert await world.findings() == []


async def test_nothing_can_be_spent_before_a_debt_is_paid(world: LedgerWorld) -> None:
    account = await world.account()
    await world.post(take_back(5, account), earn(3, account))

    [outcome] = await world.post(redeem(1, account))

    assert declined(outcome).refusal.code == "insufficient_funds"


@pytest.mark.parametrize("change", ["owed = -1", "owed = null"])
async def test_a_debt_is_never_negative(world: LedgerWorld, change: str) -> None:
    await world.do(earn(1, await world.account()))

    async with world.owner() as connection:
        with pytest.raises(psycopg.errors.IntegrityError):
            await connection.execute(f"update accounts set {change}".encode())
