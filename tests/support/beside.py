"""An application in a thread and an event loop of its own, for tests that speak to it without one."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from queue import Queue
from typing import Generic, TypeVar

import msgspec

from tests.support.listening import Served, listening

Home = TypeVar("Home", bound=Served)


class Api(msgspec.Struct, Generic[Home], frozen=True):
    """Whoever has the application, and the address on this machine under which it answers."""

    home: Home
    url: str


@contextmanager
def running(opened: Callable[[], AbstractAsyncContextManager[Home]]) -> Iterator[Api[Home]]:
    """The application of what `opened` opens, while the caller goes on."""
    started: Queue[Api[Home]] = Queue()
    finished = threading.Event()

    async def serve() -> None:
        async with opened() as home, listening(home) as url:
            started.put(Api(home, url))
            await asyncio.to_thread(finished.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        yield started.get(timeout=30)
    finally:
        finished.set()
        thread.join()
