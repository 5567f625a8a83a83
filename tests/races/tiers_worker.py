"""A process that tells of changed tiers, for tests that kill it or run several of them.

It is told what to do in one line of JSON, says "ready", waits for the next line, looks at all tiers that are
due, and answers with how many it told.
"""

import asyncio
import sys
from datetime import datetime

import msgspec

from regulars.db.database import Database
from regulars.features.sales.actions import tell_tiers


class Task(msgspec.Struct, frozen=True):
    """Where the database is, what time it is, and how many tiers are looked at together."""

    database_url: str
    now: datetime
    chunk: int


async def work(task: Task) -> int:
    """Looks, and says how many were told."""
    database = await Database.open(task.database_url)
    print("ready", flush=True)
    sys.stdin.readline()
    told = await tell_tiers(database, lambda: task.now, task.chunk)
    await database.close()
    return told


if __name__ == "__main__":
    print(asyncio.run(work(msgspec.json.decode(sys.stdin.readline(), type=Task))), flush=True)
