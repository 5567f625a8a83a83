"""The server or PostgreSQL is killed while kiosks work: every order earns and redeems once, or not yet.

A kiosk repeats each request until it is answered, and is always told the same.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from tests.crash.test_kill_postgres import DEATHS, until_postgres_answers
from tests.crash.test_kill_server import until_replaced
from tests.support.counters import open_counters
from tests.support.orders_book import OrdersBook, orders_book
from tests.support.server_process import ServerProcess, running_server
from tests.support.site import Site
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked


@asynccontextmanager
async def book_of(server: ServerProcess) -> AsyncIterator[OrdersBook]:
    """The journal of the kiosks of a new program; afterwards it agrees with the database."""
    async with open_counters(server) as counters, orders_book(counters) as book:
        yield book


async def test_workers_are_killed_in_the_middle_of_orders(server: ServerProcess) -> None:
    async with book_of(server) as book:
        async with book.writing():
            for _ in range(bounded(3, 60)):
                await book.until_answered(100)
                victim = server.workers()[0]
                victim.kill()
                await asyncio.to_thread(until_replaced, server, victim)
        assert book.breaks > 0


async def test_the_whole_server_is_killed_in_the_middle_of_orders(server: ServerProcess) -> None:
    random = Random(5)
    async with book_of(server) as book:
        async with book.writing():
            for _ in range(bounded(2, 40)):
                await book.until_answered(random.randint(1, 300))
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
        assert book.breaks > 0


async def test_kiosks_that_never_learn_what_became_of_it(server: ServerProcess) -> None:
    """Killed and not started again until they have given up; then each comes back and says the same."""
    async with book_of(server) as book:
        async with book.writing(kiosks=40):
            await book.until_answered(100)
            await asyncio.to_thread(server.kill)
        assert any(entry.said is None for entry in book.entries)
        await asyncio.to_thread(server.start)


async def test_postgres_dies_in_the_middle_of_orders(site: Site) -> None:
    with running_server(site) as server:
        async with book_of(server) as book:
            async with book.writing():
                for turn in range(bounded(len(DEATHS), 24)):
                    await book.until_answered(150)
                    DEATHS[turn % len(DEATHS)](site)
                    await asyncio.to_thread(until_postgres_answers, site)
                await book.until_answered(50)
            assert await asyncio.to_thread(server.wait_until_ready, 10) < 10
