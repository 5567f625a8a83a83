"""Whatever is sent is refused in the published envelope, and nothing has changed.

Every field of every body is given every value that its kind must refuse. A field that is missing from the
table below fails the test.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from regulars.contracts.sessions.context import ADMIN_SCOPE, INTERNAL_SCOPE, KIOSK_SCOPE
from regulars.contracts.sessions.router import CONTRACT
from regulars.http.openapi import documented_routes
from tests.support import hostile
from tests.support.footprint import differences, footprint
from tests.support.kiosk_requests import REQUESTS, World, open_shop, prepared
from tests.support.kiosks import Answer, Kiosks, kiosks, selling
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

Values = list[bytes]
NOTHING: Values = [b"null", b'""', b'" "']
LONG = b'"' + b"x" * 5000 + b'"'
OPTIONAL: Values = [*hostile.NOT_TEXT, LONG]
TEXT: Values = [*OPTIONAL, *NOTHING]
PHONE: Values = [*TEXT, b'"x"', b'"1"', b'"+44 7700 900123 ext. 5"', b'"+"']
INTEGER: Values = [*hostile.NOT_INTEGER, b'"1"', b"1000000000001", b"-1000000000001"]
COUNT: Values = [*hostile.NOT_INTEGER, b"0", b"-1", b'"1"', b"6", b"1000001"]
MOMENT: Values = [
    *hostile.NOT_TEXT,
    b'"yesterday"',
    b'"2026-02-17"',
    b'"2026-02-30T00:00:00Z"',
    b'"2026-02-17T09:30:00"',
]
CURRENCY: Values = [*OPTIONAL, b'"POUNDS"', b'"1"', b'"\xc2\xa3\xc2\xa3\xc2\xa3"']
COLOR: Values = [*OPTIONAL, *NOTHING, b'"red"', b'"#12"', b'"#ggg"', b'"#fff;}"']
ADDRESS: Values = [*OPTIONAL, b'"javascript:alert(1)"', b'"http://a.example/x.png"', b'"https://"', b'"//a"']

CUSTOMER_AND_VENUE = {"customer_id": TEXT, "venue_id": TEXT}
FIELDS: dict[str, tuple[str, dict[str, Values]]] = {
    "POST /loyalty/resolve-customer-from-pass-token": (
        KIOSK_SCOPE, {"pass_token": TEXT, "venue_id": TEXT, "device_id": OPTIONAL},
    ),
    "POST /loyalty/upsert-customer-by-phone": (
        KIOSK_SCOPE, {"phone_raw": PHONE, "venue_id": TEXT, "device_id": OPTIONAL},
    ),
    "POST /loyalty/get-balance": (KIOSK_SCOPE, CUSTOMER_AND_VENUE),
    "POST /loyalty/attach-customer-to-cart-session": (
        KIOSK_SCOPE, {"cart_session_id": TEXT, **CUSTOMER_AND_VENUE},
    ),
    "POST /loyalty/apply-reward-to-cart": (
        KIOSK_SCOPE,
        {"cart_session_id": TEXT, **CUSTOMER_AND_VENUE, "reward_count": COUNT, "idempotency_key": OPTIONAL},
    ),
    "POST /loyalty/earn-points-from-paid-order": (
        INTERNAL_SCOPE,
        {
            "order_id": TEXT, "venue_id": TEXT, "payment_event_id": TEXT, "total_minor": INTEGER,
            "currency": CURRENCY, "paid_at": MOMENT, "customer_id": OPTIONAL, "cart_session_id": OPTIONAL,
        },
    ),
    "POST /loyalty/redeem-reward-after-payment": (
        INTERNAL_SCOPE,
        {"order_id": TEXT, "venue_id": TEXT, "payment_event_id": TEXT, "cart_session_id": OPTIONAL},
    ),
    "POST /loyalty/membership-checkout-create-session": (
        INTERNAL_SCOPE, {**CUSTOMER_AND_VENUE, "return_url": [*TEXT, b'"https://evil.example/"', b'"x"']},
    ),
    "POST /api/issue-card": (KIOSK_SCOPE, {"phone_raw": PHONE, "venue_id": TEXT, "device_id": OPTIONAL}),
    "POST /api/card-branding": (
        ADMIN_SCOPE,
        {
            "venue_id": TEXT, "brand_name": TEXT, "hero_text": OPTIONAL, "primary_color": COLOR,
            "accent_color": COLOR, "logo_url": ADDRESS, "support_email": [*OPTIONAL, b'"a b@c"', b'"@"'],
        },
    ),
}  # fmt: skip


class Setting(msgspec.Struct, frozen=True):
    """A shop, its customer, and its database."""

    shop: Kiosks
    world: World
    database_url: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def setting(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Setting]:
    """One shop for everything that is sent: none of it may leave a trace."""
    with postgres.migrated_database() as database_url, selling() as (_, settings):
        async with kiosks(database_url, tmp_path_factory.mktemp("kiosks"), **settings) as shop:
            yield Setting(shop, await open_shop(shop), database_url)


def fault(answer: Answer) -> str | None:
    """What is wrong with a refusal, or None when it is one in the published envelope."""
    if not 400 <= answer.status_code < 500:
        return f"answered {answer.status_code}: {answer.text[:80]}"
    body = answer.json()
    word = body.get("error", "")
    return None if list(body) == ["error"] and word.isascii() and " " not in word else answer.text[:80]


async def test_every_field_is_in_the_table(setting: Setting) -> None:
    bodies = {
        f"{route.method.upper()} {route.path}": route.operation.body
        for route in documented_routes(setting.shop.application, [CONTRACT])
        if route.operation.body is not None
        and not route.path.startswith("/wallet/apple/v1")
        # The form is in test_admin_sign_in_hostile.py.
        and route.operation.body_media_type == "application/json"
    }
    assert set(bodies) == set(FIELDS)
    for route, kind in bodies.items():
        assert [field.name for field in msgspec.structs.fields(kind)] == list(FIELDS[route][1])


@pytest.mark.parametrize("route", FIELDS)
async def test_hostile_fields(setting: Setting, route: str) -> None:
    scope, fields = FIELDS[route]
    request = prepared(setting.world, route)
    before = footprint(setting.database_url)
    faults = {}
    for field, values in fields.items():
        rest = msgspec.json.encode({k: v for k, v in request.body.items() if k != field})[1:-1]
        for value in values:
            raw = b'{"%s": %s, %s}' % (field.encode(), value, rest)
            if found := fault(await setting.shop.post(request.path, raw=raw, by=scope)):
                faults[field, value[:40]] = found
    assert faults == {}
    assert differences(before, footprint(setting.database_url)) == []


@pytest.mark.parametrize("route", FIELDS)
async def test_hostile_bodies(setting: Setting, route: str) -> None:
    scope, _ = FIELDS[route]
    request = prepared(setting.world, route)
    valid = msgspec.json.encode(request.body)
    bodies = [b"", *hostile.NOT_BODIES, *(valid[:cut] for cut in range(1, len(valid), 5))]
    bodies += [valid + b"}", valid + b",", valid + valid, b"[" + valid + b"]", valid.replace(b'"', b"'")]
    for field in request.body:
        bodies.append(valid[:-1] + b',"%s":1}' % field.encode())
        bodies.append(valid[:-1] + b',"\\u%04x%s":1}' % (ord(field[0]), field[1:].encode()))
    before = footprint(setting.database_url)
    faults = {}
    for body in bodies:
        if found := fault(await setting.shop.post(request.path, raw=body, by=scope)):
            faults[body[:60]] = found
    assert faults == {}
    assert differences(before, footprint(setting.database_url)) == []


@pytest.mark.parametrize("path", ["/admin", "/api/card-branding", "/membership"])
async def test_hostile_queries(setting: Setting, path: str) -> None:
    faults: dict[tuple[str, str], int] = {}
    for name in ("venue_id", "customer_id", "ts", "sig", "return_url"):
        for value in hostile.QUERY_VALUES:
            answer = await setting.shop.client.get(
                f"{path}?{name}={value}", headers=setting.shop.headers(ADMIN_SCOPE)
            )
            if not 400 <= answer.status_code < 500:
                faults[name, value[:40]] = answer.status_code
    assert faults == {}


async def test_hostile_addresses(setting: Setting) -> None:
    faults: dict[tuple[str, str], int] = {}
    for part in hostile.PARTS_OF_PATHS:
        # Within a minute they would come to be refused as guesses.
        setting.shop.clock.advance(minutes=1)
        for path in (
            "/wallet/{}", "/wallet/{}.png", "/wallet/{}/join", "/wallet/apple/{}", "/wallet/google/{}",
            "/wallet/style/{}", "/wallet/apple/v1/passes/{}/{}",
            "/wallet/apple/v1/devices/{}/registrations/{}",
        ):  # fmt: skip
            answer = await setting.shop.client.get(path.format(part, part))
            if answer.status_code not in (400, 404, 405, 501):
                faults[path, part[:40]] = answer.status_code
    assert faults == {}


async def test_hostile_headers(setting: Setting) -> None:
    request = prepared(setting.world, "POST /loyalty/get-balance")
    for name in ("X-Kiosk-Secret", "Authorization", "User-Agent", "Cookie", "X-Idempotency-Key", "Origin"):
        for value in hostile.HEADER_VALUES:
            headers: dict[str, Any] = {**setting.shop.headers(KIOSK_SCOPE), name.lower(): value}
            answer = await setting.shop.client.post(request.path, json=request.body, headers=headers)
            assert answer.status_code == (401 if name == "X-Kiosk-Secret" else 200), (name, value[:20])
            assert "set-cookie" not in answer.headers
    # A key beside the right one that is not looked at gains nothing, and breaks nothing.
    assert set(REQUESTS) > set(FIELDS)
