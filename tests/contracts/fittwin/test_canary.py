"""Users, orders, devices, addresses, tokens and keys go through all routes, and into no log or error."""

import json
import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from regulars.db.database import DatabaseUnavailable
from regulars.features.referrals import actions as referrals
from tests.support.canary import BIRD, HEADERS, Canary, everything_logged
from tests.support.market import ANN, JWT_SECRET, Answer, Market, market, ok, token
from tests.support.market_requests import EVERY, OPEN, SHOP, of, prepared
from tests.support.tokens import signed

OWNER = f"{BIRD}|0197c1a2-9999-7000-8000-00000000000c"
ADDRESS = "198.51.100.213"
PLANTED = {
    "userId": f"{BIRD}-user", "deviceFingerprint": f"{BIRD}-device", "ip": f"{BIRD}-ip", "channel": BIRD,
}  # fmt: skip


class Watched(Canary):
    """A shop whose log is read, with every key, token and address that was under way."""

    def __init__(self, shop: Market, log: BytesIO) -> None:
        super().__init__(log, {shop.key, shop.other_key, JWT_SECRET, ADDRESS, ANN, OWNER})
        self.shop = shop
        shop.client.event_hooks = {"request": [self._count], "response": [self._keep]}

    async def _count(self, request: Any) -> None:
        self.requests += 1
        self.secrets |= set(re.findall("Bearer (.+)", request.headers.get("authorization", "")))

    async def _keep(self, answer: Answer) -> None:
        if answer.status_code >= 400:
            self.errors.append((await answer.aread()).decode())

    async def send(self, method: str, path: str, who: str, **content: Any) -> Answer:
        """The answer to whoever may call, whose headers are full of birds."""
        keys = self.shop.as_shop() if who is SHOP else {} if who is OPEN else self.shop.as_shopper(OWNER)
        return await self.shop.client.request(method, path, headers={**HEADERS, **keys}, **content)


@pytest_asyncio.fixture
async def watched(database_url: str, tmp_path: Path) -> AsyncIterator[Watched]:
    """A shop, and all that it logs."""
    with everything_logged() as log:
        async with market(database_url, tmp_path) as shop:
            yield Watched(shop, log)


async def run_through(watched: Watched, route: str) -> None:
    """Requests that succeed, requests with the bird in them, and requests that are wrong in every part."""
    who = of(route)[1]
    request = await prepared(watched.shop, route)
    method, path, body = request.method, request.path, dict(request.body or {})
    planted = {name: PLANTED.get(name, value) for name, value in body.items()}
    if "orderId" in planted:
        planted["orderId"] = f"{BIRD}-{path}-order".replace("/", "-")
    await watched.send(method, path, who, json=planted)
    await watched.send(method, path, who, json={**planted, "ip": ADDRESS})
    for name in body:
        for wrong in (BIRD, [BIRD], {BIRD: BIRD}, BIRD * 100, f"\u0000{BIRD}"):
            await watched.send(method, path, who, json={**planted, name: wrong})
    for raw in (BIRD, f'{{"{BIRD}', f'["{BIRD}"]', f'{{"{BIRD}": 1, "{BIRD}": 2}}', f'"{BIRD}'):
        await watched.send(method, path, who, content=raw.encode())
    elsewhere = re.sub(r"\{\w+\}", BIRD, route.partition(" ")[2])
    await watched.send(method, f"{elsewhere}?cursor={BIRD}&limit={BIRD}&{BIRD}={BIRD}&token={BIRD}", who)
    await watched.send(method, f"{path}?cursor={BIRD}&{BIRD}={ADDRESS}", who)
    await watched.send("PUT", f"{path}/{BIRD}?{BIRD}={BIRD}", who)
    for headers in strangers(watched.shop):
        await watched.shop.client.request(method, path, json=planted, headers={**HEADERS, **headers})


def strangers(shop: Market) -> list[dict[str, str]]:
    """Credentials that are none, with the bird in each."""
    claims = {"iss": BIRD, "aud": BIRD, "sub": BIRD, "exp": 2**31}
    return [
        {"x-internal-api-key": BIRD},
        {"x-internal-api-key": f"{shop.key}{BIRD}"},
        {"authorization": f"Bearer {BIRD}"},
        {"authorization": f"Bearer {token(OWNER)[:-3]}"},
        {"authorization": f"Bearer {signed(claims, kid=BIRD)}"},
        {"authorization": f"Basic {BIRD}"},
    ]


async def decide_all(watched: Watched) -> None:
    """What was flagged is decided, and all that can mature does: others log than requests."""
    shop = watched.shop
    for place, flag in enumerate(await shop.flags()):
        await shop.decide((referrals.clear, referrals.block, referrals.claw_back)[place % 3], flag.flag_id)
    await shop.mature(days=31)
    await referrals.note_spent(shop.database, shop.clock)


async def test_nothing_planted_is_in_a_log_a_metric_or_an_error(watched: Watched) -> None:
    shop = watched.shop
    mine = ok(await watched.send("POST", "/referrals", "shopper", json={"productId": shop.product_id}), 201)
    bought = {"rid": mine["rid"], "orderId": f"{BIRD}-order", **PLANTED}
    own = {**bought, "orderId": f"{BIRD}-own", "userId": OWNER}
    for body in (bought, bought, {**own, "ip": ADDRESS}, {**bought, "rid": "A" * 22}, own):
        await watched.send("POST", "/referrals/validate", SHOP, json=body)
    for total in (12900, 12900, 5):
        paid = {**bought, "orderTotal": total, "currency": "USD"}
        told = await watched.send("POST", "/referrals/attribute-purchase", SHOP, json=paid)
    for route in EVERY:
        await run_through(watched, route)
    await decide_all(watched)
    for path in (f"{BIRD}-order", f"{BIRD}-own", f"{BIRD}-nothing"):
        told = await watched.send("POST", f"/referrals/orders/{path}/refund", SHOP)
    log = await watched.said()
    assert len(watched.errors) > 300
    assert len(watched.secrets) > 10
    assert watched.leaks(log) == []
    assert watched.leaks((await shop.client.get("/metrics")).text) == []
    assert watched.leaks("\n".join(watched.errors)) == []
    # The shop itself is told: the search finds what is there.
    told = await watched.send("POST", f"/referrals/orders/{BIRD}-order/refund", SHOP)
    assert told.status_code == 200
    assert watched.leaks(told.text) != []


async def test_a_line_says_which_route_was_called_by_which_key(watched: Watched) -> None:
    await watched.send("POST", f"/referrals/orders/{BIRD}/refund", SHOP)
    lines = [json.loads(line) for line in (await watched.said()).splitlines()]
    line = [line for line in lines if line["event"] == "request"][-1]
    assert (line["contract"], line["method"], line["status"]) == ("fittwin", "POST", 404)
    assert line["route"] == "/referrals/orders/{orderId}/refund"
    assert line["program_id"] == watched.shop.program_id
    assert line["credential_id"]


FAILURES: dict[str, tuple[Exception, int]] = {
    "a bug": (RuntimeError(f"no order {BIRD}"), 500),
    "an outage": (DatabaseUnavailable(f"connection of {BIRD} lost"), 503),
    "an error of the database": (psycopg.errors.CheckViolation(f"Failing row contains ({BIRD})"), 500),
}


@pytest.mark.parametrize(("error", "status"), FAILURES.values(), ids=FAILURES)
async def test_failures_do_not_say_whose_they_are(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(referrals, "validate", fail)
    body = {"rid": "A" * 22, "orderId": BIRD, **PLANTED}
    answer = await watched.send("POST", "/referrals/validate", SHOP, json=body)
    assert answer.status_code == status
    assert answer.json()["error"].keys() == {"code", "message"}
    log = await watched.said()
    assert ("unexpected_error" in log) is (status == 500)
    assert watched.leaks(log + answer.text) == []


async def test_what_the_database_refuses_is_quoted_nowhere(watched: Watched, database_url: str) -> None:
    rid = await watched.shop.rid()
    with psycopg.connect(database_url) as owner:
        owner.execute(
            "alter table referral_conversions add constraint no_birds check (order_id !~* 'nightingale')"
        )
    body = {"rid": rid, "orderId": BIRD, **PLANTED}
    answer = await watched.send("POST", "/referrals/validate", SHOP, json=body)
    assert answer.status_code == 500
    log = await watched.said()
    assert "CheckViolation 23514 no_birds" in log
    assert watched.leaks(log + answer.text) == []
    directory = psycopg.conninfo.conninfo_to_dict(database_url).get("host", "")
    log_of_database = Path(str(directory)) / "server.log"
    if log_of_database.exists():
        assert "no_birds" in log_of_database.read_text()
        assert watched.leaks(log_of_database.read_text()) == []
