"""The server or PostgreSQL is killed while stores lend: every loan is there once, or not yet.

A store repeats each request until it is answered, and is always told the same.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from tests.crash.test_kill_postgres import DEATHS, until_postgres_answers
from tests.crash.test_kill_server import until_replaced
from tests.support.closets import open_closets
from tests.support.loans_book import LoansBook, loans_book
from tests.support.server_process import ServerProcess, running_server
from tests.support.site import Site
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

PLANS = {"PREMIUM": {"items_per_cycle": 5000, "swaps_per_cycle": 5000, "items_out_max": 4}}


@asynccontextmanager
async def book_of(server: ServerProcess) -> AsyncIterator[LoansBook]:
    """The journal of the stores of a new program; afterwards it agrees with the database."""
    async with (
        open_closets(server, plans=PLANS) as closets,
        loans_book(closets, photos=bounded(1500, 20_000)) as book,
    ):
        yield book


async def test_workers_are_killed_in_the_middle_of_loans(server: ServerProcess) -> None:
    async with book_of(server) as book:
        async with book.writing():
            for _ in range(bounded(3, 60)):
                await book.until_answered(100)
                victim = server.workers()[0]
                victim.kill()
                await asyncio.to_thread(until_replaced, server, victim)
            await book.until_answered(200)
        assert book.breaks > 0


async def test_the_whole_server_is_killed_in_the_middle_of_loans(server: ServerProcess) -> None:
    random = Random(5)
    async with book_of(server) as book:
        async with book.writing():
            for _ in range(bounded(2, 40)):
                await book.until_answered(random.randint(1, 300))
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
            await book.until_answered(300)
        assert book.breaks > 0


async def test_postgres_dies_in_the_middle_of_loans(site: Site) -> None:
    with running_server(site) as server:
        async with book_of(server) as book:
            async with book.writing():
                for turn in range(bounded(len(DEATHS), 24)):
                    await book.until_answered(150)
                    DEATHS[turn % len(DEATHS)](site)
                    await asyncio.to_thread(until_postgres_answers, site)
                await book.until_answered(50)
            assert await asyncio.to_thread(server.wait_until_ready, 10) < 10
