"""Bodies that are too large, never end or hardly arrive: memory stays bounded, and others are served."""

import asyncio
from collections.abc import Iterator

import pytest

from regulars.http.bodies import BODY_DEADLINE_SECONDS
from tests.support.closets import open_closets
from tests.support.http_socket import post_bytes
from tests.support.server_process import ServerProcess, running_server
from tests.support.site import Site
from tests.support.slow_bodies import MEGABYTE, declare, drip, head, others, send_without_end

BODY_BYTES_MAX = 100_000
GROWTH_BYTES_MAX = 200 * MEGABYTE
"""The 64 MB of bodies that a process holds while they arrive, and as much again to work with them. The forty
uploads alone would be half a gigabyte."""

WAITED_SECONDS_MAX = 5.0
"""How long somebody else may wait for an answer on a machine that has much else to do."""

EARN, UPLOAD, PHOTO = "/ck/earn", "/admin/upload-image64", "/uploads/loan-photo"


@pytest.fixture
def server(site: Site) -> Iterator[ServerProcess]:
    """A server of one process, so that its memory is that of one."""
    with running_server(site, workers=1, REGULARS_REQUEST_BYTES_MAX=str(BODY_BYTES_MAX)) as running:
        yield running


async def test_bodies_that_are_endless_huge_or_hardly_arrive_all_at_once(
    site: Site, server: ServerProcess
) -> None:
    admin = {"X-Admin-Key": site.keys["family"].admin, "X-Actor-Role": "admin"}
    port, chunked = server.port, "Transfer-Encoding: chunked"
    earn = post_bytes(EARN, {"user_id": "leo", "amount": 1}, admin)
    async with others(server, earn) as before:
        await asyncio.to_thread(server.wait_until_ready)
    async with others(server, earn) as meanwhile:
        slow = head(EARN, admin, f"Content-Length: {BODY_BYTES_MAX}")
        dripping = [asyncio.create_task(drip(port, slow)) for _ in range(100)]
        huge = [declare(port, head(path, admin, f"Content-Length: {10**12}")) for path in (EARN, UPLOAD) * 20]
        assert set(await asyncio.gather(*huge)) == {413}
        endless = [send_without_end(port, head(EARN, admin, chunked)) for _ in range(20)]
        assert set(await asyncio.gather(*endless)) == {413}
        endless = [send_without_end(port, head(UPLOAD, admin, chunked)) for _ in range(40)]
        assert set(await asyncio.gather(*endless)) <= {413, 503}
        endless = [send_without_end(port, head(UPLOAD, {}, chunked)) for _ in range(20)]
        assert set(await asyncio.gather(*endless)) == {401}
        dripped = await asyncio.gather(*dripping)

    assert {status for status, _ in dripped} == {408}
    assert max(seconds for _, seconds in dripped) < 2 * BODY_DEADLINE_SECONDS
    assert before.statuses == meanwhile.statuses == {200}
    assert len(meanwhile.seconds) > 50
    assert max(meanwhile.seconds) < WAITED_SECONDS_MAX
    assert meanwhile.peak_bytes - before.peak_bytes < GROWTH_BYTES_MAX
    await asyncio.to_thread(site.verify)


async def test_how_long_a_body_may_take_is_a_setting(site: Site) -> None:
    """It ends before the patience of the route does."""
    with running_server(site, workers=1, REGULARS_REQUEST_SECONDS_MAX="1") as server:
        slow = head(EARN, {"X-Admin-Key": site.keys["family"].admin}, "Content-Length: 50000")
        status, seconds = await drip(server.port, slow)
    assert status == 408
    assert 1 <= seconds < BODY_DEADLINE_SECONDS


async def test_photos_for_loans_that_are_endless_huge_or_hardly_arrive_all_at_once(site: Site) -> None:
    """Small photos only, for the larger a body may be, the longer it may take."""
    with running_server(site, workers=1, REGULARS_PHOTO_BYTES_MAX=str(BODY_BYTES_MAX)) as server:
        async with open_closets(server) as closets:
            await send_hostile_photos(server, closets.headers(), await closets.member())


async def send_hostile_photos(server: ServerProcess, store: dict[str, str], member_id: str) -> None:
    lines = [f"GET /loans/active/{member_id} HTTP/1.1", "Host: regulars.test"]
    lines += [f"{name}: {value}" for name, value in store.items()]
    asks = "\r\n".join(lines).encode() + b"\r\n\r\n"
    port, chunked = server.port, "Transfer-Encoding: chunked"
    form = "Content-Type: multipart/form-data; boundary=b"
    async with others(server, asks) as before:
        await asyncio.to_thread(server.wait_until_ready)
    async with others(server, asks) as meanwhile:
        slow = head(PHOTO, store, form, f"Content-Length: {BODY_BYTES_MAX}")
        dripping = [asyncio.create_task(drip(port, slow)) for _ in range(50)]
        huge = [declare(port, head(PHOTO, store, form, f"Content-Length: {10**12}")) for _ in range(20)]
        assert set(await asyncio.gather(*huge)) == {413}
        endless = [send_without_end(port, head(PHOTO, store, form, chunked)) for _ in range(40)]
        assert set(await asyncio.gather(*endless)) <= {400, 413, 503}
        endless = [send_without_end(port, head(PHOTO, {}, form, chunked)) for _ in range(20)]
        assert set(await asyncio.gather(*endless)) == {401}
        dripped = await asyncio.gather(*dripping)

    assert {status for status, _ in dripped} == {408}
    assert max(seconds for _, seconds in dripped) < 2 * BODY_DEADLINE_SECONDS
    assert before.statuses == meanwhile.statuses == {200}
    assert max(meanwhile.seconds) < WAITED_SECONDS_MAX
    assert meanwhile.peak_bytes - before.peak_bytes < GROWTH_BYTES_MAX
