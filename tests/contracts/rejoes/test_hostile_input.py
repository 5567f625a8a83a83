"""Whatever is sent is refused in the published envelope, and nothing has changed.

Every field of every body is given every value that its kind must refuse. A field that is missing from the
table below fails the test.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from regulars.contracts.rejoes.router import CONTRACT
from regulars.contracts.rejoes.shopify import SIGNATURE_HEADER, signature_of
from regulars.http.openapi import documented_routes
from tests.support import hostile
from tests.support.footprint import differences, footprint
from tests.support.pictures import bomb
from tests.support.postgres import PostgresServer
from tests.support.store_requests import World, open_store, prepared
from tests.support.stores import JPEG, SHOPIFY_SECRET, Answer, Stores, stores

pytestmark = pytest.mark.asyncio(loop_scope="module")

Values = list[bytes]
NOTHING: Values = [b"null", b'""', b'" "']
LONG = b'"' + b"x" * 5000 + b'"'
OPTIONAL: Values = [*hostile.NOT_TEXT, LONG]
TEXT: Values = [*OPTIONAL, *NOTHING]
TIER: Values = [*hostile.NOT_TEXT, LONG, b'"GOLD"', b'"PLUS\\n"', b'"../PLUS"']
IDS: Values = [
    b"null", b"{}", b'"x"', b"5", b"true", b"[]", b"[1]", b"[[]]", b"[{}]", b"[null]", b'["a\\u0000"]',
    b'["' + b"x" * 5000 + b'"]', b"[" + b'"x",' * 20_000 + b'"x"]', b'["x", 5]', b"[" * 5000 + b"]" * 5000,
]  # fmt: skip

FIELDS: dict[str, dict[str, Values]] = {
    "POST /members/add": {
        "cardToken": [*TEXT, b'"a\\nb"'], "shopifyCustomerId": [*TEXT, b'"a\\nb"'], "tier": TIER,
        "storeLocation": OPTIONAL,
    },
    "POST /loans/checkout": {"memberId": TEXT, "uploadIds": IDS, "storeLocation": TEXT},
    "POST /loans/return": {"memberId": TEXT, "loanId": TEXT},
    "POST /loans/swap": {"memberId": TEXT, "loanId": TEXT, "storeLocation": TEXT, "uploadIds": IDS},
}  # fmt: skip
NO_BODY_OF_STORES = {
    "POST /members/dev/seed-member", "POST /webhooks/subscription", "POST /webhooks/customers/delete",
}  # fmt: skip


class Setting(msgspec.Struct, frozen=True):
    """A store, a member, and the database."""

    shop: Stores
    world: World
    database_url: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def setting(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Setting]:
    """One for everything that is sent: none of it may leave a trace."""
    with postgres.migrated_database() as database_url:
        async with stores(database_url, tmp_path_factory.mktemp("stores")) as shop:
            yield Setting(shop, await open_store(shop), database_url)


def fault(answer: Answer) -> str | None:
    """What is wrong with a refusal, or None when it is one in the published envelope."""
    if not 400 <= answer.status_code < 500:
        return f"answered {answer.status_code}: {answer.text[:80]}"
    body = answer.json()
    message = body.get("message", "")
    return None if list(body) == ["message"] and 3 < len(message) < 100 else answer.text[:80]


async def test_every_field_is_in_the_table(setting: Setting) -> None:
    bodies = {
        f"{route.method.upper()} {route.path}": route.operation.body
        for route in documented_routes(setting.shop.application, [CONTRACT])
        if route.operation.body is not None
        and route.operation.body_media_type == "application/json"
        and not route.path.startswith("/api/")
    }
    assert set(bodies) - NO_BODY_OF_STORES == set(FIELDS)
    for route, fields in FIELDS.items():
        names = [field.encode_name for field in msgspec.structs.fields(bodies[route])]
        assert names == list(fields)


@pytest.mark.parametrize("route", FIELDS)
async def test_hostile_fields(setting: Setting, route: str) -> None:
    request = await prepared(setting.shop, setting.world, route)
    before = footprint(setting.database_url)
    faults = {}
    for field, values in FIELDS[route].items():
        rest = msgspec.json.encode({k: v for k, v in request.body.items() if k != field})[1:-1]
        for value in values:
            raw = b'{"%s": %s, %s}' % (field.encode(), value, rest)
            if found := fault(await setting.shop.post(request.path, raw=raw, headers=request.headers)):
                faults[field, value[:40]] = found
    assert faults == {}
    assert differences(before, footprint(setting.database_url)) == []


@pytest.mark.parametrize("route", [*FIELDS, *sorted(NO_BODY_OF_STORES)])
async def test_hostile_bodies(setting: Setting, route: str) -> None:
    request = await prepared(setting.shop, setting.world, route)
    valid = msgspec.json.encode(request.body)
    bodies = [b"", *hostile.NOT_BODIES, *(valid[:cut] for cut in range(1, len(valid), 7))]
    bodies += [valid + b"}", valid + b",", valid + valid, b"[" + valid + b"]", valid.replace(b'"', b"'")]
    bodies += [valid[:-1] + b',"%s":1}' % field.encode() for field in request.body]
    before = footprint(setting.database_url)
    faults = {}
    for body in bodies:
        signed = {SIGNATURE_HEADER: signature_of(body, SHOPIFY_SECRET).decode()}
        headers = {**request.headers, **signed}
        if found := fault(await setting.shop.post(request.path, raw=body, headers=headers)):
            faults[body[:60]] = found
    assert faults == {}
    assert differences(before, footprint(setting.database_url)) == []


async def test_hostile_forms(setting: Setting) -> None:
    member = setting.world.member_id.encode()
    part = b'--b\r\ncontent-disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
    whole = part % (b"memberId", b"", member) + part % (b"photo", b'; filename="a.jpg"', b"\xff\xd8\xffx")
    bodies = [
        b"", b"--", b"--b", b"--b--", b"--b\r\n", b"--b\r\n\r\n", b"--x\r\n", whole, whole + b"--b",
        whole[:-9] + b"--b--", whole.replace(b"memberId", b"photo") + b"--b--",
        whole.replace(member, b"\xff\xfe\x00") + b"--b--",
        whole.replace(b"form-data", b"attachment") + b"--b--",
        (part % (b"x", b"", b"y")) * 1000 + b"--b--", part % (b"x" * 100_000, b"", b"y") + b"--b--",
        whole + b"--b--", part % (b"memberId", b"; charset=utf-99", member) + b"--b--",
    ]  # fmt: skip
    kinds = [
        "multipart/form-data; boundary=b", "multipart/form-data", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "b" * 5000, "multipart/mixed; boundary=b",
        "application/json", "é", "",
    ]  # fmt: skip
    before = footprint(setting.database_url)
    faults = {}
    for kind in kinds:
        for body in bodies:
            headers = {b"content-type": kind.encode("latin-1"), b"x-api-key": setting.shop.key.encode()}
            answer = await setting.shop.client.post("/uploads/loan-photo", content=body, headers=headers)
            if found := fault(answer):
                faults[kind[:50], body[:40]] = found
    assert faults == {}
    assert differences(before, footprint(setting.database_url)) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.jpg", b"<html><script>alert(1)</script>"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("bomb.png", bomb(30_000)),
        ("cut.jpg", JPEG[: len(JPEG) // 4]),
        ("empty.gif", b"GIF89a"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_hostile_photos(setting: Setting, name: str, content: bytes) -> None:
    before = footprint(setting.database_url)
    answer = await setting.shop.upload(setting.world.member_id, content, name=name)
    assert (answer.status_code, answer.json()) == (400, {"message": "Invalid file type"})
    assert differences(before, footprint(setting.database_url)) == []


@pytest.mark.parametrize(
    "path", ["/members/by-card/{}", "/loans/active/{}", "/uploads/loan-photo/{}", "/loans/{}"]
)
async def test_hostile_addresses(setting: Setting, path: str) -> None:
    faults: dict[str, int] = {}
    for part in hostile.PARTS_OF_PATHS:
        answer = await setting.shop.get(path.format(part))
        if answer.status_code not in (400, 403, 404, 405):
            faults[part[:40]] = answer.status_code
    assert faults == {}


async def test_hostile_queries_of_photos(setting: Setting) -> None:
    path = setting.world.photo_address.partition("?")[0]
    for value in hostile.QUERY_VALUES:
        for query in (f"expires={value}&signature=x", f"expires=9999999999&signature={value}"):
            answer = await setting.shop.client.get(f"{path}?{query}")
            assert answer.status_code in (400, 403), query[:60]


@pytest.mark.parametrize("name", ["x-idempotency-key", "x-api-key", "user-agent", "cookie", "origin"])
async def test_hostile_headers(setting: Setting, name: str) -> None:
    request = await prepared(setting.shop, setting.world, "POST /loans/return")
    for value in hostile.HEADER_VALUES:
        headers: dict[str, Any] = {**request.headers, **setting.shop.headers(), name: value}
        answer = await setting.shop.client.post(
            request.path, content=b'{"memberId": "x", "loanId": "y"}', headers=headers
        )
        assert answer.status_code in ((401,) if name == "x-api-key" else (400, 404)), (name, value[:20])
        assert "set-cookie" not in answer.headers
