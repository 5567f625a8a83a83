"""A process that tells endpoints, for tests that kill it or run several of them.

It is told what to do in one line of JSON, says "ready", waits for the next line, delivers until nothing is
due, and answers with how many attempts it made. What fails is tried again at once.
"""

import asyncio
import sys
from datetime import datetime, timedelta

import msgspec

from regulars.base.clock import utc_now
from regulars.db.database import Database
from regulars.features.webhooks.delivery import Deliveries
from regulars.features.webhooks.network import Network
from regulars.features.webhooks.sealing import SecretSeal
from tests.support.webhook_endpoints import SECRET_KEY


class Task(msgspec.Struct, frozen=True):
    """Where the database is, and by how much the worker's clock is ahead."""

    database_url: str
    ahead_seconds: float


async def work(task: Task) -> int:
    """Delivers, and says how many attempts there were."""
    database = await Database.open(task.database_url)
    network = Network(is_private_allowed=True)

    def clock() -> datetime:
        return utc_now() + timedelta(seconds=task.ahead_seconds)

    deliveries = Deliveries(database, clock, SecretSeal(SECRET_KEY), network)
    print("ready", flush=True)
    sys.stdin.readline()
    attempts = await deliveries.run_until_nothing_is_due()
    network.close()
    await database.close()
    return attempts


if __name__ == "__main__":
    print(asyncio.run(work(msgspec.json.decode(sys.stdin.readline(), type=Task))), flush=True)
