"""A process that posts to a ledger, for tests that need more than one.

It is told what to do in one line of JSON, says "ready", waits for the next line, and answers with one.
"""

import asyncio
import sys
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from regulars.base.clock import utc_now
from regulars.db.database import Database
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model import AccountReference, Declined
from tests.support.ledger import claim, redeem


class Task(msgspec.Struct, frozen=True):
    """`clients` callers, each spending `spends` points of these members singly, under one `key` if given."""

    database_url: str
    program_id: int
    member_ids: list[UUID]
    clients: int
    spends: int
    seed: int
    key: str | None = None


class Report(msgspec.Struct, frozen=True):
    """How many spends took effect, were refused, and were answered from memory, and by which transfers."""

    spent: int
    refused: int
    replayed: int
    transfer_ids: list[UUID]


async def work(task: Task) -> Report:
    """Spends, and reports."""
    database = await Database.open(task.database_url)
    ledger = Ledger(database, utc_now)
    accounts = [AccountReference(member_id) for member_id in task.member_ids]
    random = Random(task.seed)
    key = claim(task.key) if task.key else None

    async def client() -> list[Any]:
        return [
            await ledger.post(task.program_id, redeem(1, random.choice(accounts), key))
            for _ in range(task.spends)
        ]

    print("ready", flush=True)
    sys.stdin.readline()
    outcomes = [
        outcome for each in await asyncio.gather(*(client() for _ in range(task.clients))) for outcome in each
    ]
    await ledger.close()
    await database.close()
    made = [outcome for outcome in outcomes if not isinstance(outcome, Declined)]
    return Report(
        spent=sum(not outcome.replayed for outcome in made),
        refused=len(outcomes) - len(made),
        replayed=sum(outcome.replayed for outcome in made),
        transfer_ids=sorted({outcome.transfer.transfer_id for outcome in made}),
    )


if __name__ == "__main__":
    report = asyncio.run(work(msgspec.json.decode(sys.stdin.readline(), type=Task)))
    print(msgspec.json.encode(report).decode(), flush=True)
