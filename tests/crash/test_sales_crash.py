"""The server or PostgreSQL is killed while tills log sales: each sale is there whole and once, or not yet.

A till repeats a ticket until it is answered, and is always given the same sale.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from random import Random
from typing import Any

from tests.crash.test_kill_postgres import DEATHS, until_postgres_answers
from tests.crash.test_kill_server import until_replaced
from tests.support.at_work import at_work, until_more
from tests.support.bars import Bars, open_bars, sale
from tests.support.http_socket import Answer, Broken
from tests.support.promos import code_terms
from tests.support.server_process import ServerProcess, running_server
from tests.support.site import Site
from tests.support.soak import as_long_as_asked, bounded
from tests.support.till import Till

pytestmark = as_long_as_asked

CODES = (None, None, "SUMMER24", "FEW")
USES_MAX = 40


class SalesBook:
    """What the tills know: the body of each ticket, and the sale that it was answered with."""

    def __init__(self, bars: Bars, customers: list[int]) -> None:
        self.bodies: dict[str, dict[str, Any]] = {}
        self.sale_ids: dict[str, int] = {}
        self.breaks = 0
        self.strange: Counter[tuple[int, str]] = Counter()
        self._bars = bars
        self._customers = customers

    @asynccontextmanager
    async def writing(self, tills: int = 12) -> AsyncIterator[None]:
        """Tills log sales for as long as the block runs, through whatever happens meanwhile."""
        workers = [partial(self._till, Random(number)) for number in range(tills)]
        async with at_work(workers):
            yield

    async def until_answered(self, more: int) -> None:
        """Returns when so many more sales were answered."""
        await until_more(lambda: len(self.sale_ids), more)

    async def settle(self) -> None:
        """Repeats every ticket: those that were answered have the sale of before."""

        async def client(tickets: list[str]) -> None:
            with closing(Till(self._bars.server)) as till:
                for ticket in tickets:
                    answer = await till.ask(self._bars.request("/transaction", self.bodies[ticket]))
                    assert answer.status == 201, answer
                    sale_id = int(answer.body["transaction_id"])
                    assert self.sale_ids.setdefault(ticket, sale_id) == sale_id

        tickets = list(self.bodies)
        await asyncio.gather(*(client(tickets[part::8]) for part in range(8)))

    async def compare(self) -> None:
        """The books hold each ticket once, with all its lines and with what it says of taste and promos."""
        rows = await self._bars.rows(
            """
            select s.ticket_id, s.sale_id, count(i.position) from sales s
            left join sale_items i on i.program_id = s.program_id and i.sale_id = s.sale_id
            where s.program_id = %(program_id)s group by s.ticket_id, s.sale_id
            """
        )
        assert sorted(rows) == sorted((ticket, sale_id, 2) for ticket, sale_id in self.sale_ids.items())
        named = sum(body["promo_code"] == "FEW" for body in self.bodies.values())
        assert named > USES_MAX, "the limit was not reached"
        uses = "select uses, overuses from promo_uses where program_id = %(program_id)s order by promo_id"
        assert (await self._bars.rows(uses))[1] == (USES_MAX, named - USES_MAX)
        await self._bars.check()

    async def _till(self, random: Random, over: asyncio.Event) -> None:
        with closing(Till(self._bars.server)) as till:
            while not over.is_set():
                ticket = f"T-{len(self.bodies)}"
                customer_id = random.choice(self._customers)
                self.bodies[ticket] = sale(customer_id, ticket_id=ticket, promo_code=random.choice(CODES))
                while not await self._is_answered(till, ticket) and not over.is_set():
                    await asyncio.sleep(0.02)

    async def _is_answered(self, till: Till, ticket: str) -> bool:
        try:
            answer: Answer = await till.ask(self._bars.request("/transaction", self.bodies[ticket]))
        except (OSError, *Broken):
            self.breaks += 1
            return False
        if answer.status == 201:
            self.sale_ids[ticket] = int(answer.body["transaction_id"])
        elif answer.status != 503 or "retry-after" not in answer.headers:
            self.strange[answer.status, str(answer.body)] += 1
        return answer.status == 201


@asynccontextmanager
async def sales_book(server: ServerProcess) -> AsyncIterator[SalesBook]:
    """Tills of two hotels with few customers and a promo of which little is left; in the end all is right."""
    async with open_bars(server) as bars:
        await bars.promos([code_terms(), code_terms("FEW", usage_limit=USES_MAX)])
        book = SalesBook(bars, [await bars.register() for _ in range(5)])
        yield book
        assert book.strange == {}
        await book.settle()
        await book.compare()


async def test_workers_are_killed_in_the_middle_of_sales(server: ServerProcess) -> None:
    async with sales_book(server) as book:
        async with book.writing():
            for _ in range(bounded(3, 60)):
                await book.until_answered(50)
                victim = server.workers()[0]
                victim.kill()
                await asyncio.to_thread(until_replaced, server, victim)
        assert book.breaks > 0


async def test_the_whole_server_is_killed_in_the_middle_of_sales(server: ServerProcess) -> None:
    random = Random(3)
    async with sales_book(server) as book:
        async with book.writing():
            for _ in range(bounded(2, 40)):
                await book.until_answered(random.randint(1, 200))
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
        assert book.breaks > 0


async def test_postgres_dies_in_the_middle_of_sales(site: Site) -> None:
    with running_server(site) as server:
        async with sales_book(server) as book:
            async with book.writing():
                for turn in range(bounded(len(DEATHS), 24)):
                    await book.until_answered(100)
                    DEATHS[turn % len(DEATHS)](site)
                    await asyncio.to_thread(until_postgres_answers, site)
                await book.until_answered(50)
            assert await asyncio.to_thread(server.wait_until_ready, 10) < 10
