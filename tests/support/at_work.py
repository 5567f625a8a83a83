"""Clients that go on for as long as a block runs, through whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

MORE_SECONDS_MAX = 60
"""So long it may take at most until a few more requests were answered."""

Client = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""Works until the event is set."""


@asynccontextmanager
async def at_work(clients: Iterable[Client]) -> AsyncIterator[None]:
    """The clients work beside the block, and each has ended what it began when the block has."""
    over = asyncio.Event()
    tasks = [asyncio.create_task(client(over)) for client in clients]
    try:
        yield
    finally:
        over.set()
        await asyncio.gather(*tasks)


async def until_more(count: Callable[[], int], more: int) -> None:
    """Returns when the count has grown by so much."""
    wanted = count() + more
    async with asyncio.timeout(MORE_SECONDS_MAX):
        while count() < wanted:
            await asyncio.sleep(0.01)
