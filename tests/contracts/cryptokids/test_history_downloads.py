"""Long histories are downloaded page by page, no faster than they are read."""

import asyncio
from typing import Any

import pytest

from regulars.features.ledger import actions as ledger
from tests.support.family import Family
from tests.support.family_history import many_rows, rows, table


async def test_a_long_life_is_downloaded_in_pages(home: Family) -> None:
    await many_rows(home, 1203)
    downloaded = table(await home.get("/api/history.csv/leo"))
    assert [int(row["balance_after"]) for row in downloaded] == list(range(1203, 0, -1))
    assert len({row["id"] for row in downloaded}) == 1203
    assert len(table(await home.get("/api/history", format="csv", offset="700"))) == 503


async def test_a_download_reads_no_more_than_a_page_ahead(
    home: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a slow reader has not taken is not in memory: the next page is read when this one is gone."""
    await many_rows(home, 2600)
    pages_read = 0
    pages_sent: list[int] = []
    complete = asyncio.Event()
    read_page = ledger.list_history

    async def list_history(*arguments: Any) -> Any:
        nonlocal pages_read
        pages_read += 1
        return await read_page(*arguments)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and message.get("body"):
            pages_sent.append(message["body"].count(b"\r\n"))
            assert pages_read <= len(pages_sent)
            await asyncio.sleep(0.02)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            complete.set()

    async def receive() -> Any:
        await complete.wait()
        return {"type": "http.disconnect"}

    monkeypatch.setattr("regulars.contracts.cryptokids.history_rows.ledger.list_history", list_history)
    await home.application(request_scope(home, "/api/history.csv/leo"), receive, send)
    assert pages_sent == [501, 500, 500, 500, 500, 100]


async def test_a_reader_who_leaves_stops_the_download(home: Family) -> None:
    await many_rows(home, 2600)
    pages_sent = 0
    gone = asyncio.Event()

    async def send(message: Any) -> None:
        nonlocal pages_sent
        if message["type"] == "http.response.body" and message.get("body"):
            pages_sent += 1
            gone.set()
            await asyncio.sleep(0.05)

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    await home.application(request_scope(home, "/api/history.csv/leo"), receive, send)
    assert pages_sent < 6
    # Whatever was cut off, its connection is back in the pool.
    for _ in range(8):
        assert len(await rows(home, userId="leo")) == 50


def request_scope(home: Family, path: str) -> Any:
    """A GET with the admin's key as the server hands it to the application."""
    key = home.headers()["X-Admin-Key"].encode()
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "headers": [(b"host", b"family.test"), (b"x-admin-key", key)], "client": ("127.0.0.1", 1),
        "server": ("family.test", 80), "state": {},
    }  # fmt: skip
