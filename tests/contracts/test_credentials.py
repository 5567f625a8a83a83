"""Keys as they arrive: hostile ones are refused, the first of two counts, revoked ones stop."""

import asyncio
from typing import Any

import pytest

from regulars.base.clock import utc_now
from regulars.features.access import actions as access
from regulars.http.answers import Header
from tests.support.shop import Shop, scope_of

HOSTILE_HEADERS: dict[str, list[Header]] = {
    "bytes beyond ASCII": [(b"x-till-key", b"\xff\xfe\xc3\xa9" * 20)],
    "endless": [(b"x-till-key", b"a" * 60_000)],
    "empty": [(b"x-till-key", b"")],
    "NUL": [(b"x-till-key", b"\x00" * 64)],
    "doubled, the first one wrong": [(b"x-till-key", b"wrong"), (b"x-till-key", b"RIGHT")],
    "under another contract's name": [(b"x-admin-key", b"RIGHT")],
}


@pytest.mark.parametrize("headers", HOSTILE_HEADERS.values(), ids=HOSTILE_HEADERS)
async def test_hostile_credentials_are_refused_and_nothing_more(shop: Shop, headers: list[Header]) -> None:
    assert await status_of_sale(shop, headers) == 401


async def test_the_first_of_two_keys_counts(shop: Shop) -> None:
    assert await status_of_sale(shop, [(b"x-till-key", b"RIGHT"), (b"x-till-key", b"wrong")]) == 200


async def status_of_sale(shop: Shop, headers: list[Header]) -> int:
    """The answer's status to exactly these headers, in which RIGHT stands for the right key."""
    headers = [(name, value.replace(b"RIGHT", shop.key.encode())) for name, value in headers]
    statuses: list[int] = []

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    async def receive() -> Any:
        return {"type": "http.request", "body": b'{"card":"A1","amount":5}', "more_body": False}

    await shop.application(scope_of("POST", "/till/sales", *headers), receive, send)  # type: ignore[arg-type]
    assert len(statuses) == 1
    return statuses[0]


async def test_a_revoked_key_stops_within_five_seconds(shop: Shop) -> None:
    body = b'{"card":"A1","amount":5}'
    assert (await shop.post("/till/sales", body)).status_code == 200
    async with shop.database.transaction() as connection:
        await access.revoke_credential(connection, shop.program_id, 1, now=utc_now())
    async with asyncio.timeout(5):
        while (await shop.post("/till/sales", body)).status_code != 401:
            await asyncio.sleep(0.1)
