"""PostgreSQL is stopped, killed or frozen, or a row is kept locked, while clients write.

They are told to come back (503 with Retry-After), what was acknowledged stays, and it heals by itself.
"""

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import closing
from random import Random

import psycopg
import pytest

from regulars.db import embedded
from regulars.db.embedded import EmbeddedPostgres
from regulars.features.ledger.group_commit import WAIT_SECONDS_MAX
from regulars.features.ledger.posting import CROWD_LOCK_SECONDS_MAX
from tests.support.http_socket import Answer
from tests.support.journal import Journal
from tests.support.server_process import ServerProcess, running_server
from tests.support.site import Site
from tests.support.soak import as_long_as_asked, bounded
from tests.support.till import Till, some_name

pytestmark = as_long_as_asked

HEALED_SECONDS_MAX = 5.0
FROZEN_SECONDS = 13
"""More than any caller may be kept waiting: 10 s for a posting, 6 for any other statement."""


def stop_immediately(site: Site) -> None:
    """As `pg_ctl stop -m immediate` does: no farewell, no checkpoint."""
    site.postgres_processes()[0].send_signal(signal.SIGQUIT)


def kill_postmaster(site: Site) -> None:
    site.postgres_processes()[0].kill()


def kill_backend(site: Site) -> None:
    """One process that serves a connection; PostgreSQL then restarts them all."""
    backends = [p for p in site.postgres_processes()[1:] if "regulars regulars" in " ".join(p.cmdline())]
    Random().choice(backends).kill()


DEATHS: list[Callable[[Site], None]] = [stop_immediately, kill_postmaster, kill_backend]


async def test_postgres_dies_under_load_and_comes_back(site: Site) -> None:
    """Nobody starts it again by hand: the server does."""
    with running_server(site) as server:
        journal = Journal(server)
        async with journal.writing():
            for turn in range(bounded(len(DEATHS), 24)):
                await asyncio.sleep(bounded(1, 5))
                DEATHS[turn % len(DEATHS)](site)
                await asyncio.to_thread(until_postgres_answers, site)
                await journal.heals_within(HEALED_SECONDS_MAX)
        assert journal.strange_answers() == {}
        assert journal.without_retry_after == 0
        assert journal.acknowledged > 300
        await asyncio.to_thread(server.wait_until_ready, HEALED_SECONDS_MAX)
        await journal.settle()
        await journal.compare()
        await asyncio.to_thread(site.verify)


async def test_a_frozen_database_costs_callers_seconds_and_the_server_no_memory(site: Site) -> None:
    """It takes connections and never answers; only the client's side can notice."""
    with running_server(site, REGULARS_STATEMENT_TIMEOUT_SECONDS="1") as server:
        journal = Journal(server)
        async with journal.writing(clients=60):
            await asyncio.sleep(1)
            before = server.resident_bytes()
            with site.frozen_postgres():
                await asyncio.sleep(FROZEN_SECONDS)
                grown = server.resident_bytes() - before
            await journal.heals_within(HEALED_SECONDS_MAX)

        assert journal.times(503) >= 60, journal.answers
        assert journal.strange_answers() == {}
        assert journal.without_retry_after == 0
        assert journal.longest_seconds < FROZEN_SECONDS - 1
        assert grown < 50_000_000
        await journal.settle()
        await journal.compare()


async def test_a_row_that_somebody_keeps_locked(site: Site) -> None:
    """Its own member is told to come back; nobody else notices more than a short delay."""
    with running_server(site) as server:
        stuck, *others = [some_name("locked") for _ in range(10)]
        with closing(Till(server)) as till:
            for user in (stuck, *others):
                await till.earn(user, 10)
        with psycopg.connect(site.cluster.conninfo()) as owner:
            lock_account_of(owner, stuck)
            own = [asyncio.create_task(spend(server, stuck)) for _ in range(20)]
            async with asyncio.TaskGroup() as group:
                spends = [group.create_task(spend(server, user)) for user in others for _ in range(3)]
            refused = await asyncio.gather(*own)

        assert {answer.status for answer, _ in (task.result() for task in spends)} == {200}
        # They wait until the batch before theirs gives up, with their own, and alone for a row that the other
        # process's batch has locked.
        longest = max(seconds for _, seconds in (task.result() for task in spends))
        assert longest < 3 * CROWD_LOCK_SECONDS_MAX + 3
        assert {answer.status for answer, _ in refused} == {503}
        assert all("retry-after" in answer.headers for answer, _ in refused)
        assert max(seconds for _, seconds in refused) < WAIT_SECONDS_MAX + 2
        assert (await spend(server, stuck))[0].status == 200


def test_a_database_that_may_lose_what_it_acknowledged_is_refused(site: Site) -> None:
    site.cluster.create()
    with (site.directory / "postgres" / "postgresql.auto.conf").open("a") as file:
        file.write("fsync = off\n")

    outcome = site.command("serve", "--port", "0")

    assert outcome.returncode == 3
    assert "fsync=off" in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("death", [stop_immediately, kill_postmaster])
def test_one_process_brings_it_back_too(site: Site, death: Callable[[Site], None]) -> None:
    with running_server(site, workers=1) as server:
        death(site)
        until_postgres_answers(site)
        server.wait_until_ready(HEALED_SECONDS_MAX)
        assert server.stop() == 0
    assert site.cluster.postmaster() is None


def test_it_is_tried_again_when_postgres_cannot_start(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a full disk: it starts as soon as it can."""
    monkeypatch.setattr(embedded, "RETRY_SECONDS", 0.2)
    configuration = site.directory / "postgres" / "postgresql.auto.conf"
    before = configuration.read_text()
    with EmbeddedPostgres(site.directory) as postgres, postgres.kept_running():
        configuration.write_text("max_connections = many\n")
        stop_immediately(site)
        deadline = time.monotonic() + 20
        while "could not be started again" not in caplog.text:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        configuration.write_text(before)
        until_postgres_answers(site)
    assert site.cluster.postmaster() is None


def until_postgres_answers(site: Site) -> None:
    """Returns when somebody has brought it back."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with psycopg.connect(site.cluster.conninfo(), connect_timeout=2):
                return
        except Exception:
            time.sleep(0.05)
    raise AssertionError("nobody has brought PostgreSQL back")


def lock_account_of(owner: psycopg.Connection, user: str) -> None:
    """Keeps the member's account locked until the connection's transaction ends."""
    cursor = owner.execute(
        "select account_id from accounts where member_id = (select member_id from members where handle = %s)"
        " for update",
        [user],
    )
    assert len(cursor.fetchall()) == 1


async def spend(server: ServerProcess, user: str) -> tuple[Answer, float]:
    """The answer to a redeem of one point on a connection of its own, and how long it took."""
    began = time.monotonic()
    with closing(Till(server)) as till:
        answer = await till.post("/ck/redeem", {"user_id": user, "amount": 1})
    return answer, time.monotonic() - began
