"""Whatever is sent to a route that changes something, the answer is a refusal and nothing has changed.

Every field of every body is given every value that its kind must refuse. A route or a field that is missing
from the table below fails the test.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from regulars.contracts.cryptokids.router import CONTRACT
from regulars.contracts.cryptokids.wire import ErrorAnswer
from regulars.http.access import authorisation_table
from regulars.http.openapi import documented_routes
from tests.support import hostile
from tests.support.family import Answer, Family, family
from tests.support.family_requests import prepared
from tests.support.footprint import differences, footprint
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

Values = list[bytes]
_KEYS = {"idempotency_key": hostile.KEY, "idempotencyKey": hostile.KEY}
_EARN: dict[str, Values] = {
    "user_id": hostile.HANDLE, "userId": hostile.HANDLE, "amount": hostile.AMOUNT, "note": hostile.NOTE,
    "action": hostile.NOTE, **_KEYS,
}  # fmt: skip
_REWARD: dict[str, Values] = {
    "name": hostile.NAME, "title": hostile.NAME, "cost": hostile.COST, "price": hostile.COST,
    "description": hostile.NOTE, "image_url": hostile.URL, "imageUrl": hostile.URL,
    "youtube_url": hostile.URL, "youtubeUrl": hostile.URL, "active": hostile.FLAG,
}  # fmt: skip
_TEMPLATE: dict[str, Values] = {
    "title": hostile.NAME, "points": hostile.AMOUNT, "description": hostile.NOTE, "youtube_url": hostile.URL,
    "youtubeUrl": hostile.URL, "active": hostile.FLAG, "sort_order": hostile.SORT_ORDER,
    "sortOrder": hostile.SORT_ORDER,
}  # fmt: skip
_USER = {"userId": hostile.HANDLE, "user_id": hostile.HANDLE}
FIELDS: dict[str, dict[str, Values]] = {
    "POST /ck/earn": _EARN,
    "POST /ck/redeem": _EARN,
    "POST /ck/adjust": {name: _EARN[name] for name in _EARN if name != "amount"} | {"delta": hostile.DELTA},
    "POST /ck/refund": _USER | _KEYS | {
        "redeem_tx_id": hostile.TRANSFER, "redeemTxId": hostile.TRANSFER, "amount": hostile.AMOUNT,
        "reason": hostile.REASON, "notes": hostile.NOTE,
    },
    "POST /api/holds": _USER | _KEYS | {
        "itemId": hostile.ROW_ID, "item_id": hostile.ROW_ID, "note": hostile.NOTE,
    },
    "POST /api/holds/{hold_id}/approve": {
        "token": hostile.TOKEN, "finalCost": hostile.FINAL_COST, "final_cost": hostile.FINAL_COST,
    },
    "POST /api/holds/{hold_id}/cancel": {"note": hostile.NOTE, **_KEYS},
    "POST /api/earn/quick": _USER | _KEYS | {
        "templateId": hostile.ROW_ID, "template_id": hostile.ROW_ID, "note": hostile.NOTE,
    },
    "POST /api/earn/scan": {"token": hostile.TOKEN},
    "POST /api/tokens/earn": {**_USER, "templates": hostile.TEMPLATES, "note": hostile.NOTE},
    "POST /api/tokens/give": {**_USER, "amount": hostile.AMOUNT, "note": hostile.NOTE},
    "POST /api/rewards": _REWARD,
    "PATCH /api/rewards/{id}": _REWARD,
    "POST /api/earn-templates": _TEMPLATE,
    "PATCH /api/earn-templates/{id}": _TEMPLATE,
    "POST /api/members": {**_USER, "name": hostile.NAME, "dob": hostile.DATE, "sex": hostile.SEX},
    "PATCH /api/members/{userId}": {"name": hostile.NAME, "dob": hostile.DATE, "sex": hostile.SEX},
    "POST /admin/upload-image64": {"image64": hostile.IMAGE, "image_64": hostile.IMAGE},
}  # fmt: skip
UNUSED = {"PATCH /api/members/{userId}": {"userId", "user_id"}}
"""What a body may hold and the route does not look at."""

BODY_MAY_BE_LEFT_OUT = "POST /api/holds/{hold_id}/cancel"
SPELLINGS = [
    {"user_id", "userId"}, {"idempotency_key", "idempotencyKey"}, {"redeem_tx_id", "redeemTxId"},
    {"name", "title"}, {"cost", "price"}, {"image_url", "imageUrl"}, {"youtube_url", "youtubeUrl"},
    {"sort_order", "sortOrder"}, {"itemId", "item_id"}, {"templateId", "template_id"},
    {"finalCost", "final_cost"}, {"image64", "image_64"},
]  # fmt: skip
HEADERS = [
    "X-Admin-Actor", "User-Agent", "Idempotency-Key", "X-Request-Id", "Cookie", "Authorization", "Accept",
    "Origin",
]  # fmt: skip
ERROR_FIELDS = {field.encode_name for field in msgspec.structs.fields(ErrorAnswer)}


class House(msgspec.Struct, frozen=True):
    """A family whose refunds are not counted, and its database."""

    home: Family
    database_url: str

    async def send(self, method: str, path: str, raw: bytes, **headers: Any) -> Answer:
        """The answer to exactly these bytes, sent with the admin's key."""
        sent: dict[str, Any] = {**self.home.headers(), **headers}
        return await self.home.client.request(method, path, content=raw, headers=sent)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One family for everything that is sent: none of it may leave a trace."""
    with postgres.migrated_database() as database_url:
        async with family(database_url, tmp_path_factory.mktemp("family")) as home:
            await home.set(refunds_per_hour=0)
            await home.earn(100)
            yield House(home, database_url)


def fault(answer: Answer) -> str | None:
    """What is wrong with a refusal, or None when it is one in the contract's own shape."""
    if not 400 <= answer.status_code < 500:
        return f"answered {answer.status_code}: {answer.text[:80]}"
    if answer.headers["content-type"] != "application/json":
        return "not JSON"
    body = answer.json()
    if not isinstance(body, dict) or not set(body) <= ERROR_FIELDS or not isinstance(body.get("error"), str):
        return f"not the contract's error: {answer.text[:80]}"
    return None


def with_field(body: dict[str, Any], field: str, value: bytes) -> bytes:
    """The body as JSON with one field replaced, in none of its other spellings."""
    others = next((names for names in SPELLINGS if field in names), {field})
    kept = {name: content for name, content in body.items() if name not in others}
    rest = msgspec.json.encode(kept)[1:-1]
    return b'{"%s": %s%s}' % (field.encode(), value, b", " + rest if rest else b"")


async def test_every_route_and_every_field_is_in_the_table(house: House) -> None:
    changing = {
        f"{row.method} {row.path}"
        for row in authorisation_table(house.home.application)
        if row.method in ("POST", "PUT", "PATCH")
    }
    assert changing == set(FIELDS)
    for route in documented_routes(house.home.application, [CONTRACT]):
        name = f"{route.method.upper()} {route.path}"
        if name in FIELDS:
            declared = {field.encode_name for field in msgspec.structs.fields(route.operation.body)}
            assert declared == set(FIELDS[name]) | UNUSED.get(name, set()), name


@pytest.mark.parametrize("route", FIELDS)
async def test_hostile_fields(house: House, route: str) -> None:
    request = await prepared(house.home, route)
    before = footprint(house.database_url)
    faults = {}
    for field, values in FIELDS[route].items():
        for value in values:
            answer = await house.send(request.method, request.path, with_field(request.body, field, value))
            if found := fault(answer):
                faults[field, value[:40]] = found
    assert faults == {}
    assert differences(before, footprint(house.database_url)) == []


@pytest.mark.parametrize("route", FIELDS)
async def test_hostile_bodies(house: House, route: str) -> None:
    request = await prepared(house.home, route)
    valid = msgspec.json.encode(request.body)
    bodies = [*hostile.NOT_BODIES, *(valid[:cut] for cut in range(1, len(valid), 7))]
    bodies += [valid + b"}", valid + b",", valid + valid, b"[" + valid + b"]", valid.replace(b'"', b"'")]
    bodies += [
        valid.decode().encode("utf-16"),
        valid[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ]
    for field in request.body:
        quoted = b'"%s":' % field.encode()
        escaped = b'"\\u%04x%s":' % (ord(field[0]), field[1:].encode())
        bodies += [valid[:-1] + b"," + name + b"1}" for name in (quoted, escaped)]
    if route != BODY_MAY_BE_LEFT_OUT:
        bodies = [b"", *bodies]
    else:
        bodies.remove(b" ")
    before = footprint(house.database_url)
    faults = {}
    for body in bodies:
        if found := fault(await house.send(request.method, request.path, body)):
            faults[body[:60] + body[-20:]] = found
    assert faults == {}
    assert differences(before, footprint(house.database_url)) == []


@pytest.mark.parametrize("route", FIELDS)
async def test_a_body_counts_whatever_it_says_it_is(house: House, route: str) -> None:
    types = [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
        "application/json; charset=utf-16",
    ]
    for content_type in types:
        request = await prepared(house.home, route)
        valid = b"\xef\xbb\xbf" + msgspec.json.encode(request.body)
        answer = await house.send(request.method, request.path, valid, **{"content-type": content_type})
        assert answer.status_code in (200, 201), content_type
        refused = await house.send(request.method, request.path, b"a=b", **{"content-type": content_type})
        assert fault(refused) is None


@pytest.mark.parametrize("route", [route for route in FIELDS if route.startswith("POST /ck")])
async def test_hostile_headers(house: House, route: str) -> None:
    for name in HEADERS:
        for value in hostile.HEADER_VALUES:
            request = await prepared(house.home, route)
            body = msgspec.json.encode(request.body)
            answer = await house.send(request.method, request.path, body, **{name: value})
            # Only an idempotency key can be refused: it is too long, or another request had it before.
            assert answer.status_code == 200 or (name == "Idempotency-Key" and fault(answer) is None)
            assert (answer.status_code == 400) is (name == "Idempotency-Key" and len(value) > 255)
            assert "set-cookie" not in answer.headers
            assert b"\n" not in b"".join(sent for _, sent in answer.headers.raw)


async def test_of_two_idempotency_keys_the_first_counts(house: House) -> None:
    home, earning = house.home, b'{"user_id": "leo", "amount": 1, "idempotency_key": "in the body"}'
    headers = [(name.encode(), value.encode()) for name, value in home.headers().items()]
    both = [*headers, (b"idempotency-key", b"one"), (b"idempotency-key", b"two")]
    first = (await home.client.post("/ck/earn", content=earning, headers=both)).json()
    assert first["tx"]["idempotency_key"] == "one"
    again = await home.client.post(
        "/ck/earn", content=earning, headers=[*headers, (b"Idempotency-Key", b"one")]
    )
    assert again.json()["txId"] == first["txId"]
    other = await home.client.post(
        "/ck/earn", content=earning, headers=[*headers, (b"Idempotency-Key", b"two")]
    )
    assert other.json()["txId"] != first["txId"]
