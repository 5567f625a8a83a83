"""Bulk earns beside each other and beside single postings: each row takes effect once, nobody waits on."""

import asyncio
from collections.abc import Sequence
from itertools import cycle
from random import Random

import pytest

from regulars.base.clock import utc_now
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model import AccountReference, Posted, RefusalCode
from regulars.features.ledger.model_bulk import BulkEarn, BulkEarnRow, BulkOutcome
from tests.support.ledger import TILL, claim, earn, redeem
from tests.support.ledger_world import LedgerWorld
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

ROUNDS = bounded(15, 400)


@pytest.fixture
def ledgers(world: LedgerWorld, rival: Ledger) -> tuple[Ledger, Ledger]:
    """Two ledgers on a clock that goes on, as it must for a plain credit."""
    return Ledger(world.database, utc_now), Ledger(rival._database, utc_now)


def order(accounts: Sequence[AccountReference], keyed: str | None = None) -> BulkEarn:
    """A point for each, under one key a member when they are keyed."""
    rows = [
        BulkEarnRow(account.member_id, 1, claim(f"{keyed}-{account.member_id}") if keyed else None)
        for account in accounts
    ]
    return BulkEarn(action="grant", attribution=TILL, rows=rows)


async def test_two_jobs_that_grant_the_same_grant_it_once(
    world: LedgerWorld, ledgers: tuple[Ledger, Ledger]
) -> None:
    accounts = await world.accounts(60)
    random = Random(1)
    for month in range(ROUNDS):

        async def grant(ledger: Ledger, month: int = month) -> BulkOutcome:
            shuffled = random.sample(accounts, len(accounts))
            return await ledger.earn_in_bulk(world.program_id, order(shuffled, keyed=str(month)))

        outcomes = await asyncio.gather(*(grant(ledger) for ledger in (*ledgers, *ledgers)))

        assert sum(outcome.posted for outcome in outcomes) == len(accounts)
        assert sum(outcome.replayed for outcome in outcomes) == 3 * len(accounts)
    assert {await world.balance(account) for account in accounts} == {ROUNDS}


async def test_bulk_and_single_postings_of_the_same_members_get_through(
    world: LedgerWorld, ledgers: tuple[Ledger, Ledger]
) -> None:
    accounts = await world.accounts(40)
    await world.post(*(earn(1000, account) for account in accounts))
    random = Random(2)

    async def earn_in_bulk(ledger: Ledger) -> int:
        posted = 0
        for _ in range(ROUNDS):
            outcome = await ledger.earn_in_bulk(world.program_id, order(random.sample(accounts, 30)))
            assert not outcome.declined
            posted += outcome.posted
        return posted

    async def redeem_singly(ledger: Ledger) -> int:
        for _ in range(4 * ROUNDS):
            outcome = await ledger.post(world.program_id, redeem(1, random.choice(accounts)))
            assert isinstance(outcome, Posted)
        return 4 * ROUNDS

    async def earn_in_batches(ledger: Ledger) -> int:
        for _ in range(ROUNDS):
            commands = [earn(1, account) for account in random.sample(accounts, 20)]
            await ledger.post_batch(world.program_id, commands)
        return 20 * ROUNDS

    bulk = asyncio.gather(*map(earn_in_bulk, ledgers))
    singly = asyncio.gather(*(redeem_singly(ledger) for ledger, _ in zip(cycle(ledgers), range(8))))
    batches = asyncio.gather(*map(earn_in_batches, ledgers))
    earned = sum(await bulk) + sum(await batches) - sum(await singly)

    assert sum([await world.balance(account) for account in accounts]) == 1000 * len(accounts) + earned
    async with world.owner() as connection:
        cursor = await connection.execute(
            "select deadlocks from pg_stat_database where datname = current_database()"
        )
        assert await cursor.fetchone() == (0,), "accounts were not locked in one order"


async def test_who_leaves_meanwhile_gets_nothing_more(
    world: LedgerWorld, ledgers: tuple[Ledger, Ledger]
) -> None:
    for _ in range(ROUNDS):
        accounts = await world.accounts(10)
        leaving = accounts[3]

        outcome, *_ = await asyncio.gather(
            ledgers[0].earn_in_bulk(world.program_id, order(accounts)), world.erase(leaving)
        )

        state = await world.state(leaving)
        codes = {place: declined.refusal.code for place, declined in outcome.declined.items()}
        assert codes == ({} if state.balance else {3: RefusalCode.ACCOUNT_CLOSED})
        assert state.closed or not state.exists
        assert outcome.posted + len(codes) == len(accounts)
