"""The server is killed while clients write: what it acknowledged is there, and nothing is half done."""

import asyncio
import time
from contextlib import closing
from random import Random

import psutil

from tests.support.journal import Journal
from tests.support.server_process import ServerProcess, is_alive, running_server, until_dead
from tests.support.site import Site
from tests.support.soak import as_long_as_asked, bounded
from tests.support.till import Till, some_name

pytestmark = as_long_as_asked


async def test_nothing_acknowledged_is_lost_and_nothing_is_half_done(server: ServerProcess) -> None:
    """Parent and workers are killed at random moments, several times; clients go on when it is back."""
    random = Random(11)
    journal = Journal(server)
    for _ in range(bounded(3, 40)):
        async with journal.writing():
            await asyncio.sleep(random.uniform(0.2, 1.0))
            await asyncio.to_thread(server.kill)
            assert server.site.cluster.postmaster() is not None
            await asyncio.to_thread(server.start)
            await asyncio.sleep(0.2)
    assert journal.breaks > 0
    assert journal.acknowledged > 500
    assert journal.strange_answers() == {}

    await journal.settle()
    await journal.compare()
    await asyncio.to_thread(server.site.verify)


async def test_writers_that_never_learn_what_became_of_it(server: ServerProcess) -> None:
    """Killed and not started again until they have given up; then each comes back with the same keys."""
    journal = Journal(server)
    async with journal.writing(clients=40):
        await asyncio.sleep(0.5)
        await asyncio.to_thread(server.kill)
    assert journal.acknowledged < len(journal.entries)

    await asyncio.to_thread(server.start)
    await journal.settle()
    await journal.settle()
    await journal.compare()


async def test_a_killed_worker_is_replaced_and_missed_by_nobody_else(server: ServerProcess) -> None:
    journal = Journal(server)
    async with journal.writing():
        for _ in range(bounded(2, 50)):
            victim = server.workers()[0]
            victim.kill()
            await asyncio.to_thread(until_replaced, server, victim)
    assert journal.times(503) == 0
    assert journal.strange_answers() == {}
    await journal.settle()
    await journal.compare()


def test_workers_end_with_their_parent(server: ServerProcess) -> None:
    """Nobody would stop them otherwise, and the port would stay taken."""
    workers = server.workers()
    psutil.Process(server.process_id).kill()
    until_dead(workers)
    server.start()


async def test_a_worker_killed_while_the_database_is_away(site: Site) -> None:
    """Its successor says so until the database is back, instead of ending the server."""
    with running_server(site, REGULARS_ACQUIRE_TIMEOUT_SECONDS="1") as server:
        user = some_name("patient")
        with closing(Till(server)) as till:
            await till.earn(user, 1)
        with site.frozen_postgres():
            victims = server.workers()
            for victim in victims:
                victim.kill()
            await asyncio.to_thread(until_replaced, server, *victims)
            with closing(Till(server)) as till:
                answer = await till.post("/ck/earn", {"user_id": user, "amount": 1})
            assert answer.status == 503
            assert "retry-after" in answer.headers

        assert await asyncio.to_thread(server.wait_until_ready, 5) < 5
        with closing(Till(server)) as till:
            assert await till.balance(user) == 1


def until_replaced(server: ServerProcess, *victims: psutil.Process) -> None:
    """Returns when there are two workers that live."""
    deadline = time.monotonic() + 60
    gone = {victim.pid for victim in victims}
    while time.monotonic() < deadline:
        assert server.returncode is None, server.said()
        if len({worker.pid for worker in server.workers() if is_alive(worker)} - gone) == 2:
            return
        time.sleep(0.05)
    raise AssertionError(f"no two workers:\n{server.said()}")
