"""The disk of the database is full while stores lend: they are told to come back, and reading goes on.

When there is room again, nobody has to start anything: every loan is there once, what is out are the open
loans, and every photo that was taken in can be lent with and seen.
"""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from PIL import Image

from tests.crash.test_disk_full import HEALED_SECONDS_MAX
from tests.crash.test_loans_crash import PLANS
from tests.support.closets import Closets, open_closets
from tests.support.loans_book import loans_book
from tests.support.pictures import encoded, quarters
from tests.support.server_process import running_server
from tests.support.small_site import SmallSite
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

PICTURE = encoded(quarters(800, 600), "JPEG")
CARD = "CARD-1"


async def test_stores_lend_on_a_full_disk(full: SmallSite) -> None:
    """Some lend as fast as they can, others take photos."""
    seen = full.disk.seen
    with running_server(full.site) as server:
        async with (
            open_closets(server, seen=seen, plans=PLANS) as busy,
            open_closets(server, seen=seen) as calm,
        ):
            ann = await calm.member()
            loan_id = await calm.loan(ann)
            kept = [await _uploaded(calm, ann)]
            async with loans_book(busy, photos=bounded(1500, 20_000)) as book, book.writing():
                for _ in range(bounded(2, 20)):
                    await book.until_answered(100)
                    full.disk.fill()
                    await book.until_put_off(300)
                    assert await _lent(calm, ann) == [loan_id]
                    await _upload_is_put_off(calm, ann)
                    full.disk.clear()
                    async with asyncio.timeout(HEALED_SECONDS_MAX):
                        await book.until_answered(1)
                    kept.append(await _uploaded(calm, ann))
                await book.until_answered(100)
            await _all_are_there(calm, ann, kept, seen / "photos")
        await asyncio.to_thread(full.site.verify)


def _client(closets: Closets) -> httpx2.AsyncClient:
    """A client whose connection is its own, so that any worker may take it."""
    base_url = f"http://127.0.0.1:{closets.server.port}"
    return httpx2.AsyncClient(base_url=base_url, headers=closets.headers(), timeout=15)


async def _upload(closets: Closets, member_id: str) -> httpx2.Response:
    async with _client(closets) as client:
        files = {"photo": ("photo.jpg", PICTURE, "image/jpeg")}
        return await client.post("/uploads/loan-photo", data={"memberId": member_id}, files=files)


async def _uploaded(closets: Closets, member_id: str) -> str:
    """The id of a photo that was taken in, asked again as long as the server wants that."""
    while (answer := await _upload(closets, member_id)).status_code == 503:
        await asyncio.sleep(0.02)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["uploadId"])


async def _upload_is_put_off(closets: Closets, member_id: str) -> None:
    """One more photo is refused, and whoever sent it is told what to do."""
    answer = await _upload(closets, member_id)
    assert (answer.status_code, answer.json()) == (503, {"message": "Service unavailable, try again"})
    assert int(answer.headers["retry-after"]) >= 1


async def _lent(closets: Closets, member_id: str) -> list[str]:
    """The loans of the member that are out, as the server shows them."""
    async with _client(closets) as client:
        by_card = await client.get(f"/members/by-card/{CARD}")
        active = await client.get(f"/loans/active/{member_id}")
    assert (by_card.status_code, active.status_code) == (200, 200)
    assert by_card.json()["member"]["itemsOut"] == len(active.json())
    return [loan["id"] for loan in active.json()]


async def _all_are_there(closets: Closets, member_id: str, upload_ids: list[str], photos: Path) -> None:
    """A loan takes all the photos; the first is shown, and the others are whole files."""
    lent = await closets.ok("checkout", memberId=member_id, uploadIds=upload_ids)
    async with _client(closets) as client:
        for url in ("photoUrl", "thumbnailUrl"):
            address = urlsplit(lent[url])
            assert (await client.get(f"{address.path}?{address.query}")).status_code == 200
    assert len(lent["gallery"]) == len(upload_ids) - 1 > 0
    for row in lent["gallery"]:
        with Image.open(photos / row["r2Key"]) as picture:
            picture.load()
