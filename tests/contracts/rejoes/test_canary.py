"""Cards, customers' ids, names of files, keys and signatures go through all routes, and into no log."""

import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from regulars.contracts.rejoes.shopify import SIGNATURE_HEADER, signature_of
from regulars.db.database import DatabaseUnavailable
from regulars.features.lending import actions as lending
from tests.support.canary import BIRD, HEADERS, Canary, everything_logged
from tests.support.store_requests import REQUESTS, Prepared, World, open_store, prepared, send
from tests.support.stores import JPEG, SHOPIFY_SECRET, Answer, Stores, ok, stores

CARD, CUSTOMER = f"CARD-{BIRD}", f"customer-{BIRD}"


class Watched(Canary):
    """A store whose log is read, with every key and signature that was under way."""

    def __init__(self, shop: Stores, log: BytesIO) -> None:
        super().__init__(log, {shop.key, shop.other_key, SHOPIFY_SECRET, CARD, CUSTOMER})
        self.shop = shop

    async def send(self, request: Prepared, **more: str) -> Answer:
        """The answer to the store's own key; refusals are kept."""
        keys = {"x-api-key": self.shop.key, "x-idempotency-key": self.next_key()}
        answer: Answer = await send(self.shop, request, {**HEADERS, **keys, **more})
        if answer.status_code >= 400:
            self.errors.append(answer.text)
        self.secrets |= set(re.findall(r"signature=([\w-]+)", answer.text))
        return answer


@pytest_asyncio.fixture
async def watched(database_url: str, tmp_path: Path) -> AsyncIterator[Watched]:
    """A store, and all that it logs."""
    with everything_logged() as log:
        async with stores(database_url, tmp_path) as shop:
            yield Watched(shop, log)


async def run_through(watched: Watched, world: World, route: str) -> None:
    """Requests that succeed, requests with the bird in them, and requests that are wrong in every part."""
    request = await prepared(watched.shop, world, route)
    watched.requests += sum(act in route for act in ("return", "swap"))
    await watched.send(request)
    signature = request.headers.get(SIGNATURE_HEADER)
    watched.secrets |= {signature} if signature else set()
    for name in request.body or {}:
        for wrong in (BIRD, [BIRD], {BIRD: BIRD}, BIRD * 100, f"\u0000{BIRD}"):
            body = {**request.body, name: wrong}
            await watched.send(Prepared(request.method, request.path, body, request.headers))
    for raw in (BIRD, [BIRD], {BIRD: BIRD}):
        await watched.send(Prepared(request.method, request.path, raw, {SIGNATURE_HEADER: BIRD}))
    await watched.send(Prepared(request.method, re.sub(r"\{\w+\}", BIRD, route.partition(" ")[2])))
    await watched.send(Prepared("PUT", f"{request.path.partition('?')[0]}/{BIRD}?{BIRD}={BIRD}"))


async def test_nothing_planted_is_in_a_log_a_metric_or_an_error(watched: Watched) -> None:
    shop = watched.shop
    world = await open_store(shop)
    # An enrolment, an upload and a checkout.
    watched.requests += 3
    told = {"data": {"shopifyCustomerId": CUSTOMER, "cardToken": CARD, "planHandle": BIRD}}
    for secret in (SHOPIFY_SECRET, "another secret, long enough"):
        for body in (told, {"data": {**told["data"], "planHandle": "basic"}}):
            ok_or_not = await shop.shopify("/webhooks/subscription", body, secret=secret)
            watched.errors.append(ok_or_not.text)
            watched.secrets.add(signature_of(b"x", secret).decode())
            watched.requests += 1
    found = await watched.send(Prepared("GET", f"/members/by-card/{CARD}"))
    member_id = ok(found)["member"]["id"]
    for content in (JPEG, b"\xff\xd8\xff" + BIRD.encode(), BIRD.encode()):
        files = {"photo": (f"{BIRD}.jpg", content, "image/jpeg")}
        await watched.send(Prepared("POST", "/uploads/loan-photo", {"memberId": member_id}, {}, files))
    taken = Prepared("POST", "/members/add", {"cardToken": CARD, "shopifyCustomerId": CUSTOMER})
    assert (await watched.send(taken)).status_code == 409
    for route in REQUESTS:
        await run_through(watched, world, route)
    log = await watched.said()
    assert len(watched.errors) > 100
    assert watched.leaks(log) == []
    assert watched.leaks((await shop.client.get("/metrics")).text) == []
    assert watched.leaks("\n".join(watched.errors)) == []
    # The store itself is told: the search finds what is there.
    assert watched.leaks(found.text) != []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError(f"no member {BIRD}"), 500),
        (DatabaseUnavailable(f"connection of {BIRD} lost"), 503),
    ],
)
async def test_failures_do_not_say_whose_they_are(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(lending, "find_by_card", fail)
    answer = await watched.send(Prepared("GET", f"/members/by-card/{CARD}"))
    assert answer.status_code == status
    assert answer.json().keys() == {"message"}
    assert watched.leaks(answer.text + await watched.said()) == []
