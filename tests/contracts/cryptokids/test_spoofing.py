"""What a caller adds to a request gains nothing: headers, cookies, query parameters, fields of the body."""

import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from tests.support.family import Family, family, ok, refused
from tests.support.family_callers import Headers, callers
from tests.support.family_requests import REQUESTS, new_hold, prepared
from tests.support.footprint import differences, footprint
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEADERS: list[dict[str, str]] = [
    {"X-Actor-Role": "admin", "X-Admin-Actor": "admin"},
    {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"},
    {"X-Forwarded-Host": "localhost", "X-Forwarded-Proto": "https", "X-Forwarded-User": "admin"},
    {"X-Remote-User": "admin", "Remote-User": "admin", "X-User-Id": "1", "X-Credential-Id": "1"},
    {"X-Program-Id": "1", "X-Program": "family", "X-Tenant": "family"},
    {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE", "X-Original-URL": "/version"},
    {"X-Rewrite-URL": "/version", "X-Scope": "cryptokids:admin", "X-Scopes": "cryptokids:admin"},
    {"Cookie": "role=admin; X-Admin-Key=x; cryptokids_admin=1; cryptokids_device=" + "x" * 64},
    {"Origin": "http://family.test", "Sec-Fetch-Site": "same-origin", "Referer": "http://family.test/"},
    {"X-Keyless": "true", "X-Mode": "development", "X-Internal": "1", "X-Debug": "1"},
]
EVERYTHING = {
    name: value for headers in HEADERS for name, value in headers.items() if name != "X-Admin-Actor"
}

FIELDS: dict[str, Any] = {
    "role": "admin", "actor": "admin", "actorRole": "admin", "isAdmin": True, "admin": True,
    "scopes": ["cryptokids:admin"], "program_id": 2, "programId": 2, "credential_id": 1, "member_id": "x",
    "memberId": "x", "balance": 10**6, "balance_after": 10**6, "available": 10**6, "held": -(10**6),
    "ip": "6.6.6.6", "ua": "forged", "at": 1, "created_at": 1, "createdAt": 1, "updatedAt": 1, "id": 999,
    "txId": "x", "verb": "earn", "status": "redeemed", "ok": False, "holdId": "x", "jti": "x", "exp": 10**12,
    "quotedCost": 0, "parent_tx_id": "x", "source": "forged", "typ": "earn", "keyless": True,
    "__proto__": {"role": "admin"}, "constructor": {}, "": 1,
}  # fmt: skip
"""Names that mean something inside the server or in its answers, and are fields of no body."""

WRITING = [route for route in REQUESTS if route.startswith(("POST", "PATCH"))]
OF_ADMINS = [route for route in REQUESTS if route.startswith(("POST /ck", "DELETE", "PATCH"))]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Family, Family]]:
    """Two families in production that do the same, so that answers can be compared."""
    with postgres.migrated_database() as one, postgres.migrated_database() as two:
        async with (
            family(one, tmp_path_factory.mktemp("one"), mode="production") as plain,
            family(two, tmp_path_factory.mktemp("two"), mode="production") as spoofed,
        ):
            yield plain, spoofed


class House(msgspec.Struct, frozen=True):
    """A family in production, and everybody who might call its server."""

    home: Family
    sent: dict[str, Headers]
    database_url: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A family in production."""
    with postgres.migrated_database() as database_url:
        async with family(database_url, tmp_path_factory.mktemp("family"), mode="production") as home:
            yield House(home, await callers(home), database_url)


@pytest.mark.parametrize("route", OF_ADMINS)
async def test_headers_open_no_route(house: House, route: str) -> None:
    home = house.home
    request = await prepared(home, route)
    before = footprint(house.database_url)
    for kind in ("none", "own device", "own device's cookie", "revoked key", "another contract's key"):
        for headers in HEADERS:
            sent = {**headers, **house.sent[kind]}
            answer = await home.client.request(request.method, request.path, json=request.body, headers=sent)
            refused(answer, 401, "UNAUTHORIZED")
    if route.startswith("POST /ck"):
        for headers in [*HEADERS, {"X-Actor-Role": "Admin"}, {"X-Actor-Role": "parent, admin"}]:
            answer = await home.post(request.path, request.body, key="parent", headers=headers)
            refused(answer, 403, "ROLE_REQUIRED")
    assert differences(before, footprint(house.database_url)) == []


def settled(answer_text: str) -> str:
    """The answer without what is random: ids and tokens."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID", answer_text)
    return re.sub(r"[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{40,}", "TOKEN", text)


@pytest.mark.parametrize("route", WRITING)
async def test_nothing_added_to_a_request_changes_what_it_does(
    pair: tuple[Family, Family], route: str
) -> None:
    plain, spoofed = pair
    request = await prepared(plain, route)
    expected = await plain.client.request(
        request.method, request.path, json=request.body, headers=plain.headers()
    )
    assert expected.status_code in (200, 201)
    request = await prepared(spoofed, route)
    answer = await spoofed.client.request(
        request.method,
        f"{request.path}?role=admin&key=x&user_id=maya&userId=maya&amount=99&program_id=2",
        json={**FIELDS, **request.body},
        headers={**EVERYTHING, "Cookie": "a=b", **spoofed.headers()},
    )
    assert (answer.status_code, settled(answer.text)) == (expected.status_code, settled(expected.text))
    assert await spoofed.balance() == await plain.balance()
    assert await spoofed.balance("maya") == 0


async def test_no_header_names_the_address_that_history_shows(house: House) -> None:
    home = house.home
    answer = await home.post(
        "/ck/earn", {"user_id": "leo", "amount": 1}, headers={**EVERYTHING, "X-Forwarded-For": "6.6.6.6"}
    )
    assert ok(answer)["tx"]["ip"] == "127.0.0.1"


async def test_a_device_is_a_child_whoever_it_says_it_is(house: House) -> None:
    home = house.home
    await home.earn(10)
    for headers in HEADERS:
        sent = {**headers, **home.headers("maya")}
        wish = {"userId": "leo", "itemId": home.reward_id, **FIELDS}
        refused(await home.client.post("/api/holds", json=wish, headers=sent), 400, "INVALID_USER")
        assert (await home.client.get("/balance/leo?member_id=leo", headers=sent)).json() == {"balance": 0}
    wish = {"userId": "leo", "itemId": home.reward_id, **FIELDS}
    made = ok(await home.post("/api/holds", wish, key="leo", headers={"X-Admin-Actor": "Mum"}), 201)
    assert (made["tx"]["actor"], made["quotedCost"], made["tx"]["delta"]) == ("child", 10, 0)


async def test_a_token_buys_what_it_was_made_for(house: House) -> None:
    home = house.home
    hold, other = await new_hold(home), await new_hold(home)
    path = f"/api/holds/{hold['holdId']}/approve"
    for changes in ({"holdId": other["holdId"]}, {"userId": "maya"}, {"cost": 1, "itemId": 2}):
        refused(await home.post(path, {"token": other["token"], **changes}), 400, "hold_mismatch")
    body = ok(await home.post(path, {**FIELDS, "token": hold["token"], "userId": "maya", "cost": 1}))
    assert (body["finalCost"], body["tx"]["userId"]) == (10, "leo")


async def test_a_limit_is_counted_by_the_key_and_nothing_else(house: House) -> None:
    home = house.home
    home.clock.advance(hours=2)
    await home.set(refunds_per_hour=2)
    for number in range(4):
        varied = {
            "X-Admin-Actor": f"Actor {number}",
            "X-Forwarded-For": f"6.6.6.{number}",
            "User-Agent": f"Browser {number}",
            "Idempotency-Key": f"key {number}",
        }
        body = {"user_id": ["leo", "maya"][number % 2], "actor": number}
        answer = await home.post("/ck/refund", body, headers=varied)
        refused(answer, *((400, "INVALID_AMOUNT") if number < 2 else (429, "REFUND_RATE_LIMIT")))
