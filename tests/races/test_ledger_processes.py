"""Two real processes that post to one database at the same time."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import msgspec

from regulars.base.clock import utc_now
from regulars.features.ledger import actions
from tests.races.ledger_worker import Report, Task
from tests.support.ledger import earn
from tests.support.ledger_world import LedgerWorld

ROOT = Path(__file__).parents[2]


async def at_once(*tasks: Task) -> list[Report]:
    """The reports of one process for each task; they begin together, when all are ready."""
    processes = [await _start(task) for task in tasks]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    answers = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    return [msgspec.json.decode(output, type=Report) for output, _ in answers]


async def _start(task: Task) -> Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.races.ledger_worker", stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(task) + b"\n")
    await process.stdin.drain()
    return process


async def test_two_processes_spend_no_point_twice(world: LedgerWorld) -> None:
    accounts = await world.accounts(50)
    await world.post(*(earn(10, account) for account in accounts), now=utc_now())
    member_ids = [account.member_id for account in accounts]

    reports = await at_once(
        *(
            Task(world.database_url, world.program_id, member_ids, clients=32, spends=40, seed=seed)
            for seed in (1, 2)
        )
    )

    assert sum(report.spent for report in reports) == 500
    assert all(report.spent > 0 for report in reports), "they did not run at the same time"
    assert sum(report.refused for report in reports) == 2 * 32 * 40 - 500
    transfer_ids = [transfer_id for report in reports for transfer_id in report.transfer_ids]
    assert len(set(transfer_ids)) == 500
    async with world.database.connection() as connection:
        states = await actions.account_states(connection, world.program_id, accounts, utc_now())
    assert {state.balance for state in states.values()} == {0}


async def test_one_key_in_two_processes_has_one_effect(world: LedgerWorld) -> None:
    accounts = await world.accounts(20)
    await world.post(*(earn(10, account) for account in accounts), now=utc_now())
    member_ids = [account.member_id for account in accounts]

    reports = await at_once(
        *(
            Task(
                world.database_url, world.program_id, member_ids, clients=10, spends=5, seed=seed, key="key-1"
            )
            for seed in (1, 2)
        )
    )

    assert sum(report.spent for report in reports) == 1
    assert sum(report.replayed for report in reports) == 99
    assert reports[0].transfer_ids == reports[1].transfer_ids
