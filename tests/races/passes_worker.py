"""A process that delivers passes' updates, for tests that kill it or run several of them.

It is told what to do in one line of JSON, says "ready", waits for the next line, delivers until nothing is
due, and answers with how many updates it took.
"""

import asyncio
import sys

import msgspec

from regulars.base.clock import utc_now
from regulars.db.database import Database
from regulars.features.passes import actions as passes
from regulars.features.passes.model import CardFace, Pass
from regulars.features.passes.model_carriers import AppleSettings
from tests.support.passes import face


class Task(msgspec.Struct, frozen=True):
    """Where the database is, and what Apple is reached with."""

    database_url: str
    apple: AppleSettings
    limit: int


async def work(task: Task) -> int:
    """Delivers, and says how many updates there were."""
    database = await Database.open(task.database_url)
    carriers = passes.Carriers(task.apple)

    async def face_of(card: Pass) -> CardFace | None:
        return face(token=card.token)

    print("ready", flush=True)
    sys.stdin.readline()
    processed = 0
    while True:
        delivery = await passes.deliver_due(database, carriers, face_of, utc_now, task.limit)
        processed += delivery.processed
        if delivery.processed == 0:
            break
    await carriers.close()
    await database.close()
    return processed


if __name__ == "__main__":
    print(asyncio.run(work(msgspec.json.decode(sys.stdin.readline(), type=Task))), flush=True)
