"""Rows that somebody holds: only the postings that need them wait, and not for ever."""

import asyncio
import time

from regulars.db.database import DatabaseUnavailable
from regulars.features.ledger import group_commit
from regulars.features.ledger.model import Posted
from tests.support.ledger import earn, posted
from tests.support.ledger_trouble import locked, small_ledger
from tests.support.ledger_world import LedgerWorld


async def test_a_locked_row_delays_its_own_posting_only(world: LedgerWorld) -> None:
    stuck, *free = await world.accounts(20)
    await world.post(*(earn(1, account) for account in (stuck, *free)))
    async with small_ledger(world, connections=4, statement_timeout_seconds=0.3) as ledger:
        async with locked(world, stuck):
            began = time.monotonic()
            calls = [ledger.post(world.program_id, earn(1, account)) for account in (stuck, *free)]
            first, *others = await asyncio.gather(*calls, return_exceptions=True)
            took_seconds = time.monotonic() - began

        assert isinstance(first, DatabaseUnavailable)
        assert all(isinstance(outcome, Posted) for outcome in others)
        assert took_seconds < 3
        posted(await ledger.post(world.program_id, earn(1, stuck)))
    assert await world.balance(stuck) == 2


async def test_who_comes_while_a_batch_is_stuck_does_not_wait_for_it(world: LedgerWorld) -> None:
    stuck, free = await world.accounts(2)
    await world.post(earn(1, stuck), earn(1, free))
    async with small_ledger(world, connections=4, statement_timeout_seconds=10) as ledger:
        async with locked(world, stuck):
            waiting = asyncio.ensure_future(ledger.post(world.program_id, earn(1, stuck)))
            began = time.monotonic()
            while time.monotonic() < began + group_commit.SLOW_SECONDS:
                await asyncio.sleep(0.01)
            posted(await asyncio.wait_for(ledger.post(world.program_id, earn(1, free)), 2))
            assert not waiting.done()
        posted(await waiting)
    assert (await world.balance(stuck), await world.balance(free)) == (2, 2)


async def test_many_postings_to_a_locked_row_leave_connections_for_others(world: LedgerWorld) -> None:
    stuck, free = await world.accounts(2)
    await world.post(earn(1, stuck), earn(1, free))
    async with small_ledger(
        world, connections=4, statement_timeout_seconds=0.5, acquire_timeout_seconds=1
    ) as ledger:
        async with locked(world, stuck):
            to_stuck = [
                asyncio.ensure_future(ledger.post(world.program_id, earn(1, stuck))) for _ in range(40)
            ]
            to_free = [asyncio.ensure_future(ledger.post(world.program_id, earn(1, free))) for _ in range(20)]
            outcomes = await asyncio.gather(*to_free, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [Posted] * 20
            refused = await asyncio.gather(*to_stuck, return_exceptions=True)
        assert all(isinstance(outcome, DatabaseUnavailable) for outcome in refused)
    assert await world.balance(stuck) == 1
