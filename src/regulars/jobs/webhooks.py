"""Webhooks are sent, from the moment that events are committed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from regulars.db.listening import listen
from regulars.features.webhooks.delivery import CHANNEL, Deliveries
from regulars.features.webhooks.network import Network
from regulars.features.webhooks.sealing import SecretSeal
from regulars.jobs.worker import Tools


@asynccontextmanager
async def delivering(conninfo: str, tools: Tools) -> AsyncIterator[None]:
    """Tells endpoints of events in this event loop until the block ends.

    It is no job of the queue: one at a time would make a receiver that hangs everybody's business, and one
    for each delivery is too slow. A connection of its own listens for commits.
    """
    network = Network(is_private_allowed=tools.webhooks_to_private_addresses)
    deliveries = Deliveries(tools.database, tools.clock, SecretSeal(tools.secret_key), network)
    tasks = [
        asyncio.create_task(deliveries.run(), name="webhooks"),
        asyncio.create_task(
            listen(conninfo, CHANNEL, deliveries.wake, "regulars-webhooks"), name="webhook news"
        ),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        network.close()
