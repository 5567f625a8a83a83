"""Whoever delivers is killed, or the database, while referrals are told: everybody hears of all of them.

An event comes again under the same id where it is not known whether it had come, and then no more.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from datetime import timedelta
from typing import NamedTuple

import pytest

from regulars.features.webhooks.line import ABREAST_MAX
from regulars.features.webhooks.line_round import LEASE
from tests.crash.test_kill_postgres import DEATHS, HEALED_SECONDS_MAX, until_postgres_answers
from tests.support.market_endpoints import PRIVATE, Lease, MarketEndpoints
from tests.support.markets import open_markets
from tests.support.referrals_book import ReferralsBook, referrals_book
from tests.support.server_process import ServerProcess, running_server
from tests.support.site import Site
from tests.support.soak import IS_SOAK, as_long_as_asked, bounded
from tests.support.webhook_endpoints import Receiver, receiving, until
from tests.support.work_process import running_work

pytestmark = as_long_as_asked

PATHS = ("/ok", "/slow", "/flaky")
WORKERS = 2
UNHURRIED_SECONDS = 0.05
"""Between two errands of a client, so that receivers keep up with what happens."""

STILL_SECONDS = 5.0
"""What has been taken for so long by somebody who lives would have been put down by now."""


class Way(NamedTuple):
    """A server, and whoever delivers for it: how that dies, and how it comes back."""

    server: ServerProcess
    kill: Callable[[], None]
    start: Callable[[], None]


class Listeners:
    """Receivers of all that happens in a shop, and what they must have heard in the end."""

    def __init__(self, book: ReferralsBook, receiver: Receiver, endpoints: MarketEndpoints) -> None:
        self.receiver = receiver
        self.endpoints = endpoints
        self.numbers: dict[str, int] = {}
        self._book = book

    async def until_under_way(self) -> None:
        """Something is being told at this moment."""
        before = len(self.receiver.at("/slow"))
        await until(lambda: len(self.receiver.at("/slow")) > before)

    async def until_taken_over(self, leases: set[Lease]) -> None:
        """Returns when nobody waits for the dead any more: after their minute, which may be passed over."""
        if not IS_SOAK:
            await self.endpoints.end_leases(leases)
        async with asyncio.timeout(2 * LEASE.total_seconds()):
            while leases & await self.endpoints.leases():
                await asyncio.sleep(0.05)

    async def abandoned(self) -> set[Lease]:
        """What nobody works on any more."""
        loop = asyncio.get_running_loop()
        leases, since = await self.endpoints.leases(), loop.time()
        while leases and loop.time() - since < STILL_SECONDS:
            await asyncio.sleep(0.1)
            leases &= await self.endpoints.leases()
        return leases

    async def hear_everything(self) -> None:
        """Returns when nothing is left to be told."""
        async with asyncio.timeout(bounded(30, 180)):
            while await self.endpoints.waiting():
                await self.endpoints.pass_time(timedelta(hours=1))
                await asyncio.sleep(0.1)

    async def compare(self, deaths: int) -> None:
        """Everybody has heard of everything under its id, as the log says, and hears of nothing again."""
        happened = await self.endpoints.event_ids()
        bodies = {(webhook.event_id, webhook.body) for webhook in self.receiver.received}
        assert len(bodies) == len(happened), "one body for each event"
        for path, number in self.numbers.items():
            arrivals = Counter(webhook.event_id for webhook in self.receiver.at(path))
            assert arrivals.keys() == happened
            log = {delivery.event_id: delivery for delivery in await self.endpoints.log(number)}
            assert log.keys() == happened
            for event_id, delivery in log.items():
                assert (delivery.state, delivery.answer_status) == ("delivered", 200)
                assert delivery.attempts == len(delivery.failures) + 1 <= arrivals[event_id]
            # What was under way when somebody died is told again; the attempt had not been counted.
            again = sum(arrivals[event_id] - log[event_id].attempts for event_id in happened)
            assert again <= deaths * WORKERS * ABREAST_MAX
        await self._hear_of_nothing_again()

    async def _hear_of_nothing_again(self) -> None:
        """Whoever delivers looks for what is due and finds nothing but what is new."""
        heard = len(self.receiver.received)
        await self._book.click_once()
        await until(lambda: {webhook.path for webhook in self.receiver.received[heard:]} == set(PATHS))
        await self.hear_everything()
        assert len({webhook.event_id for webhook in self.receiver.received[heard:]}) == 1


@asynccontextmanager
async def told_shop(server: ServerProcess) -> AsyncIterator[tuple[ReferralsBook, Listeners]]:
    """A shop whose events go to three receivers; in the end all is as it was answered."""
    async with (
        receiving() as receiver,
        open_markets(server, referrals_per_day_max=1000) as market,
        referrals_book(market) as book,
    ):
        listeners = Listeners(book, receiver, MarketEndpoints(market))
        for path in PATHS:
            listeners.numbers[path] = await listeners.endpoints.add(receiver.url(path))
        yield book, listeners


@contextmanager
def served(site: Site) -> Iterator[Way]:
    """A server that delivers by itself."""
    with running_server(site, workers=WORKERS, jobs=True, **PRIVATE) as server:
        yield Way(server, server.kill, server.start)


@contextmanager
def served_and_worked(site: Site) -> Iterator[Way]:
    """A server, and a process beside it that delivers, which dies."""
    with running_server(site, **PRIVATE) as server, running_work(site, **PRIVATE) as work:
        yield Way(server, work.kill, work.start)


@pytest.mark.parametrize("way", [served, served_and_worked])
async def test_who_delivers_is_killed_again_and_again(
    site: Site, way: Callable[[Site], AbstractContextManager[Way]]
) -> None:
    deaths, left = bounded(2, 6), 0
    with way(site) as (server, kill, start):
        async with told_shop(server) as (book, listeners):
            async with book.writing(clients=4, pause_seconds=UNHURRIED_SECONDS):
                for _ in range(deaths):
                    await book.until_answered(60)
                    await listeners.until_under_way()
                    await asyncio.to_thread(kill)
                    leases = await listeners.endpoints.leases()
                    left += len(leases)
                    await asyncio.to_thread(start)
                    await listeners.until_taken_over(leases)
                await book.until_answered(60)
            assert left > 0, "nobody died in the middle of anything"
            await listeners.hear_everything()
            await listeners.compare(deaths)


async def test_the_schedule_outlives_whoever_keeps_it(site: Site) -> None:
    with running_server(site, jobs=True, **PRIVATE) as server:
        async with receiving() as receiver, open_markets(server) as market:
            endpoints = MarketEndpoints(market)
            number = await endpoints.add(receiver.url("/500"))
            await market.ok(market.click(await market.rid(), "phone"))
            before = await endpoints.until_logged(number, lambda log: [one.attempts for one in log] == [1])

            await asyncio.to_thread(server.kill)
            assert await endpoints.log(number) == before
            await asyncio.to_thread(server.start)

            # Five seconds after the first attempt, or as soon as there is somebody again.
            [after] = await endpoints.until_logged(number, lambda log: [one.attempts for one in log] == [2])
            assert before[0].due_at is not None and after.tried_at is not None
            assert after.tried_at >= before[0].due_at
            first, second = receiver.received
            assert (first.event_id, first.body) == (second.event_id, second.body)
            assert [failure.at for failure in after.failures] == [after.tried_at, before[0].tried_at]


async def test_postgres_dies_while_referrals_are_told(site: Site) -> None:
    """What was told and could not be put down is told again after its lease; the rest goes on at once."""
    deaths = bounded(len(DEATHS), 24)
    with running_server(site, workers=WORKERS, jobs=True, **PRIVATE) as server:
        async with told_shop(server) as (book, listeners):
            async with book.writing(clients=4, pause_seconds=UNHURRIED_SECONDS):
                for turn in range(deaths):
                    await book.until_answered(60)
                    await listeners.until_under_way()
                    DEATHS[turn % len(DEATHS)](site)
                    await asyncio.to_thread(until_postgres_answers, site)
                    await book.heals_within(HEALED_SECONDS_MAX)
                    heard = len(listeners.receiver.at("/ok"))
                    await until(lambda heard=heard: len(listeners.receiver.at("/ok")) > heard)  # type: ignore[misc]
            await listeners.until_taken_over(await listeners.abandoned())
            await listeners.hear_everything()
            await listeners.compare(deaths)
