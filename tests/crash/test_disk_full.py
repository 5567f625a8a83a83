"""The disk is full, the database's or the photos': whoever writes is told to come back, and reading goes on.

When there is room again, nobody has to start anything, and nothing is half done.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing

import httpx2
import psycopg
import pytest

from regulars.db.embedded import RETRY_SECONDS
from tests.support.http_socket import Answer
from tests.support.journal import Journal
from tests.support.pictures import encoded, quarters
from tests.support.server_process import ServerProcess, is_alive, running_server, until_dead
from tests.support.site import Site
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.small_site import DATABASE_DISK_BYTES, SmallSite
from tests.support.soak import as_long_as_asked, bounded
from tests.support.till import Till

pytestmark = as_long_as_asked

MEGABYTE = 2**20
PHOTO_DISK_BYTES = 4 * MEGABYTE
PAGE_BYTES = 4096
HEALED_SECONDS_MAX = 5.0
RESTARTED_SECONDS_MAX = RETRY_SECONDS + 10
PICTURE = b64encode(encoded(quarters(1600, 1200), "PNG")).decode()
READS = (
    "/balance/leo",
    "/summary/leo",
    "/api/history?userId=leo",
    "/ck/ledger/leo",
    "/api/rewards",
    "/api/holds",
)


async def test_the_database_cannot_grow(full: SmallSite) -> None:
    """Over and over: refused while it is full, at once as before when it is not."""
    with running_server(full.site) as server:
        await earn(server, 100)
        journal = Journal(server)
        async with journal.writing():
            for _ in range(bounded(1, 20)):
                wanted = journal.acknowledged + 100
                await until(lambda wanted=wanted: journal.acknowledged > wanted)  # type: ignore[misc]
                full.disk.fill()
                wanted = journal.times(503) + 300
                await until(lambda wanted=wanted: journal.times(503) > wanted)  # type: ignore[misc]
                await reads_go_on(server)
                full.disk.clear()
                await journal.heals_within(HEALED_SECONDS_MAX)
        await check_books(full.site, journal)


async def test_the_log_of_the_database_cannot_grow(full: SmallSite) -> None:
    """PostgreSQL then stops rather than lose anything, and comes back as soon as there is room."""
    with running_server(full.site) as server:
        await earn(server, 100)
        journal = Journal(server)
        async with journal.writing():
            await until(lambda: journal.acknowledged > 100)
            full.disk.fill()
            await asyncio.to_thread(fill_log, full.disk)
            wanted = journal.times(503) + 24
            await until(lambda: journal.times(503) > wanted)
            assert await status_of(server, "/balance/leo") in (200, 503)
            full.disk.clear()
            await journal.heals_within(RESTARTED_SECONDS_MAX)
        await asyncio.to_thread(server.wait_until_ready, RESTARTED_SECONDS_MAX)
        await check_books(full.site, journal)


async def test_workers_live_and_are_replaced_on_a_full_disk(full: SmallSite) -> None:
    """Whatever they count or note must not need the disk that the database is short of."""
    with running_server(full.site) as server:
        await earn(server, 100)
        full.disk.fill()
        before = server.workers()
        for path in (*READS, "/version", "/api/features", "/api/members", "/nothing", "/scan/scan.js") * 4:
            assert await status_of(server, path) == (404 if path == "/nothing" else 200), path
        assert all(map(is_alive, before))

        before[0].kill()
        until_dead(before[:1])
        await until(lambda: len(server.workers()) == 2)
        for _ in range(20):
            await reads_go_on(server)
        assert len(server.workers()) == 2
        full.disk.clear()
        await earn(server, 1)


def test_a_server_is_not_started_on_a_full_disk_and_says_so(full: SmallSite) -> None:
    full.disk.fill()
    refused = full.site.command("serve", "--port", "0")
    assert refused.returncode == 3
    assert "No space left on device" in refused.stderr
    assert "Traceback" not in refused.stderr
    full.disk.clear()
    with running_server(full.site, workers=1):
        pass
    assert full.site.command("verify").returncode == 0


@pytest.mark.parametrize("room", [0.0, 0.5, 1.0])
async def test_the_disk_of_the_photos_is_full(site: Site, room: float) -> None:
    """Without any room, with room for half the picture, or all but its thumbnail: nothing is left of it."""
    photos = site.directory / "photos"
    photos.mkdir()
    with small_disk(photos, PHOTO_DISK_BYTES) as disk:
        there = Site(site.directory, site.keys, tuple(disk.prefix))
        with running_server(there, workers=1) as server:
            kept = (await upload(server)).body["url"]
            before = files_on(disk)
            largest = max(file.stat().st_size for file in disk.seen.rglob("*") if file.is_file())
            disk.fill(leave_bytes=int(largest * room) // PAGE_BYTES * PAGE_BYTES + round(room) * PAGE_BYTES)
            for _ in range(5):
                answer = await upload(server)
                assert (answer.status, answer.error) == (503, "UNAVAILABLE")
                assert int(answer.headers["retry-after"]) >= 1
            assert files_on(disk) == before
            assert await status_of(server, kept) == 200
            await earn(server, 100)
            disk.clear()
            after = (await upload(server)).body["url"]
            assert await status_of(server, after) == 200
            assert await status_of(server, kept) == 200
            assert len(files_on(disk)) == 2 * len(before)
        await asyncio.to_thread(there.verify)


async def earn(server: ServerProcess, amount: int) -> None:
    with closing(Till(server)) as till:
        await till.earn("leo", amount)


async def status_of(server: ServerProcess, path: str) -> int:
    """What is answered on a connection of its own, whichever worker takes it. Waits for it a bounded time."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=15) as client:
        key = {"X-Admin-Key": server.site.keys["family"].admin}
        return (await client.get(path, headers=key)).status_code


async def reads_go_on(server: ServerProcess) -> None:
    for path in READS:
        assert await status_of(server, path) == 200, path


async def upload(server: ServerProcess) -> Answer:
    """The answer to a picture of a reward."""
    with closing(Till(server)) as till:
        return await till.post("/admin/upload-image64", {"image64": f"data:image/png;base64,{PICTURE}"})


async def check_books(site: Site, journal: Journal) -> None:
    """Nobody was told anything but to come back; what was acknowledged is there once, and nothing else."""
    assert journal.strange_answers() == {}
    assert journal.without_retry_after == 0
    await journal.settle()
    await journal.compare()
    await asyncio.to_thread(site.verify)


async def until(condition: Callable[[], bool], seconds_max: float = 60) -> None:
    """Returns when the condition holds."""
    async with asyncio.timeout(seconds_max):
        while not condition():
            await asyncio.sleep(0.05)


def fill_log(disk: SmallDisk) -> None:
    """Writes to PostgreSQL's log until it has no room for more, as many postings would."""
    place = disk.seen / "postgres"
    with (
        pytest.raises(psycopg.OperationalError),
        psycopg.connect(
            host=str(place), user="regulars", dbname="regulars", passfile=f"{place}.pgpass", autocommit=True
        ) as connection,
    ):
        for _ in range(2 * DATABASE_DISK_BYTES // MEGABYTE):
            connection.execute("select pg_logical_emit_message(false, 'test', repeat('x', 1000000))")


def files_on(disk: SmallDisk) -> set[str]:
    """The photos on the disk, and whatever was left of some."""
    return {path.name for path in disk.seen.rglob("*") if path.is_file() and path.name != "ballast"}
