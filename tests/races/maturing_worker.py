"""A process that gives owners their rewards, for tests that kill it or run several of them.

It is told what to do in one line of JSON, says "ready", waits for the next line, gives what is due, and
answers with how many rewards it gave.
"""

import asyncio
import sys

import msgspec

from regulars.base.clock import utc_now
from regulars.db.database import Database
from regulars.features.referrals.actions import mature_due


class Task(msgspec.Struct, frozen=True):
    """Where the database is, and how many rewards are given in one transaction."""

    database_url: str
    chunk: int


async def work(task: Task) -> int:
    """Gives what is due, and says how much that was."""
    database = await Database.open(task.database_url)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    run = await mature_due(database, utc_now, chunk=task.chunk)
    await database.close()
    return run.given


if __name__ == "__main__":
    print(asyncio.run(work(msgspec.json.decode(sys.stdin.readline(), type=Task))), flush=True)
