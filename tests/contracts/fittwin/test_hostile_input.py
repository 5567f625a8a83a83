"""Whatever is sent is refused in the published envelope, and nothing has changed.

Every field of every body is given every value that its kind must refuse. A field that is missing from the
table below fails the test.
"""

from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from regulars.contracts.fittwin.router import CONTRACT
from regulars.http.openapi import documented_routes
from tests.support import hostile
from tests.support.footprint import differences, footprint
from tests.support.market import Answer, Market, market
from tests.support.market_requests import SHOP, of, prepared
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

Values = list[bytes]
NOTHING: Values = [b"null", b'""', b'" "']
LONG = b'"' + b"x" * 5000 + b'"'
OPTIONAL: Values = [*hostile.NOT_TEXT, LONG]
TEXT: Values = [*OPTIONAL, *NOTHING]
PRODUCT: Values = [*TEXT, b'"x"', b'"../../x"', b'"0197c1a2-0000-7000-8000-00000000000"']
MOMENT: Values = [*hostile.DATE, b"5", b'"2026-03-01T12:00:00"', b'"0001-01-01T00:00:00Z"']

FIELDS: dict[str, dict[str, Values]] = {
    "POST /referrals": {"productId": PRODUCT, "channel": OPTIONAL},
    "POST /referrals/validate": {
        "rid": TEXT, "orderId": TEXT, "userId": TEXT, "deviceFingerprint": OPTIONAL, "ip": OPTIONAL,
    },
    "POST /referrals/{rid}/track-click": {"deviceFingerprint": OPTIONAL, "ip": OPTIONAL},
    "POST /referrals/attribute-purchase": {
        "rid": TEXT, "orderId": TEXT, "orderTotal": hostile.AMOUNT, "currency": [*TEXT, b'"EUR"'],
        "deliveredAt": MOMENT,
    },
}  # fmt: skip


class Setting(msgspec.Struct, frozen=True):
    """The shop and the database."""

    shop: Market
    database_url: str

    def headers(self, route: str) -> dict[str, str]:
        """Those of whoever may."""
        return self.shop.as_shop() if of(route)[1] is SHOP else self.shop.as_shopper()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def setting(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Setting]:
    """One for everything that is sent: none of it may leave a trace."""
    with postgres.migrated_database() as database_url:
        async with market(database_url, tmp_path_factory.mktemp("market")) as shop:
            yield Setting(shop, database_url)


def fault(answer: Answer) -> str | None:
    """What is wrong with a refusal, or None when it is one in the published envelope."""
    if not 400 <= answer.status_code < 500:
        return f"answered {answer.status_code}: {answer.text[:80]}"
    body = answer.json()
    error = body.get("error", {})
    is_whole = list(body) == ["error"] and list(error)[:2] == ["code", "message"] and len(error) <= 3
    return None if is_whole and 3 < len(error["message"]) < 200 else answer.text[:80]


async def test_every_field_is_in_the_table(setting: Setting) -> None:
    bodies = {
        f"{route.method.upper()} {route.path}": route.operation.body
        for route in documented_routes(setting.shop.application, [CONTRACT])
        if route.operation.body is not None and not route.path.startswith("/api/")
    }
    assert set(bodies) == set(FIELDS)
    for route, fields in FIELDS.items():
        assert [field.encode_name for field in msgspec.structs.fields(bodies[route])] == list(fields)


@pytest.mark.parametrize("route", FIELDS)
async def test_hostile_fields(setting: Setting, route: str) -> None:
    request = await prepared(setting.shop, route)
    before = footprint(setting.database_url)
    faults = {}
    for field, values in FIELDS[route].items():
        rest = msgspec.json.encode({k: v for k, v in request.body.items() if k != field})[1:-1]
        for value in values:
            raw = b'{"%s": %s, %s}' % (field.encode(), value, rest)
            answer = await setting.shop.post(request.path, raw=raw, headers=setting.headers(route))
            if found := fault(answer):
                faults[field, value[:40]] = found
    assert faults == {}
    assert differences(before, footprint(setting.database_url)) == []


@pytest.mark.parametrize("route", FIELDS)
async def test_hostile_bodies(setting: Setting, route: str) -> None:
    request = await prepared(setting.shop, route)
    valid = msgspec.json.encode(request.body)
    bodies = [*hostile.NOT_BODIES, *(valid[:cut] for cut in range(1, len(valid), 7))]
    bodies += [valid + b"}", valid + b",", valid + valid, b"[" + valid + b"]", valid.replace(b'"', b"'")]
    bodies += [valid[:-1] + b',"%s":1}' % field.encode() for field in request.body]
    before = footprint(setting.database_url)
    faults = {}
    for body in bodies:
        if not body.strip() and "track-click" in route:
            continue
        answer = await setting.shop.post(request.path, raw=body, headers=setting.headers(route))
        if found := fault(answer):
            faults[body[:60]] = found
    assert faults == {}
    assert differences(before, footprint(setting.database_url)) == []


STRANGE = ["x" * 5000, "%00", "%ff", "..%2f..", "%F0%9F%A6%8A", "'; drop table x --", "%0d%0aX: y"]


@pytest.mark.parametrize("rid", STRANGE, ids=range(len(STRANGE)))
async def test_hostile_addresses(setting: Setting, rid: str) -> None:
    shop = setting.shop
    before = footprint(setting.database_url)
    for path in (f"/referrals/{rid}", f"/referrals/{rid}/events", f"/r/{rid}"):
        assert fault(await shop.client.get(path, headers=shop.as_shopper())) is None
    for path in (f"/referrals/{rid}/track-click", f"/referrals/orders/{rid}/refund"):
        assert fault(await shop.client.post(path, headers=shop.as_shop())) is None
    assert differences(before, footprint(setting.database_url)) == []


async def test_extra_fields_and_spoofed_headers_gain_nothing(setting: Setting) -> None:
    shop = setting.shop
    product_id = await shop.product()
    body = {
        "productId": product_id, "rid": "B" * 22, "ownerId": "ben", "reward": 10**9, "status": "paid",
        "policy": {"rewardValue": 10**9}, "expiresAt": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    spoofed = {"x-actor-role": "admin", "x-user-id": "ben", "x-forwarded-for": "10.0.0.1"}
    headers = shop.as_shopper() | spoofed
    made = (await shop.post("/referrals", body, headers)).json()
    assert made["policy"]["rewardValue"] == 1000
    assert made["expiresAt"] == "2026-03-31T12:00:00Z"
    assert made["rid"] != "B" * 22
    for address in range(12):
        await shop.client.get(f"/r/{made['rid']}", headers={"x-forwarded-for": f"10.0.0.{address}"})
    assert (await shop.stats(made["rid"]))["clicks"] == 1
