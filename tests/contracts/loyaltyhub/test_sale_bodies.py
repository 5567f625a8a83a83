"""What the endpoints of a sale are sent by whoever means harm or has a broken till: no row, the right words.

Every field of every body is given every value that its kind must refuse. A field that is missing from the
table fails the test.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from regulars.contracts.loyaltyhub.router import CONTRACT
from regulars.contracts.loyaltyhub.wire_transaction import SaleLine
from regulars.http.openapi import documented_routes
from tests.support import hostile
from tests.support.footprint import differences, footprint
from tests.support.guests import Guests
from tests.support.hotels import BASE, ELSEWHERE, HIGH_STREET, Answer, Hotels, hotels, refused
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

Values = list[bytes]
CUSTOMER_ID: Values = [
    b"1.0", b"1e2", b"1.5", b"-0.0", b"true", b"false", b'"1"', b'""', b"[]", b"{}", b"[1]", hostile.DIGITS,
    b"-" + hostile.DIGITS, b"1e400",
]  # fmt: skip
"""Whole numbers that are nobody's are a 404, like those of other programs' customers."""
_NUMBER: Values = [
    b"-1", b"-0.01", b"-1e-5", b"1e400", b"-1e400", b"1e308", b"9223372036854775808", b"18446744073709551616",
    hostile.DIGITS, b"-" + hostile.DIGITS, b"1" + b"0" * 400, b"true", b"false", b'"5"', b'"NaN"',
    b'"Infinity"', b'""', b"[]", b"{}", b"[5]",
]  # fmt: skip
AMOUNT: Values = [*_NUMBER, b"0.001", b"45.505", b"0.0099", b"1000000000.01", b"1e12"]
QUANTITY: Values = [*_NUMBER, b"0.0001", b"1000000.001", b"1e7"]
RATE: Values = [*_NUMBER, b"100.01", b"101", b"12.00001", b"0.00009"]
TEXT: Values = [b"5", b"1.5", b"true", b"[]", b"{}", b'["a"]', b'"a\\u0000b"', b'"\\u0000"', hostile.DIGITS]
LONG: Values = [*TEXT, b'"' + b"x" * 201 + b'"', b'"' + b"x" * 100_000 + b'"']
ITEMS: Values = [
    b"5", b'"x"', b"true", b"{}", b"[5]", b"[null]", b"[[]]", b'["x"]', b'[{"quantity": -1}]',
    b'[{"price": 0.001}]', b'[{}, {"price": "1"}]', b'[{"quantity": 1, "product_name": 5}]',
    b'[{"product_name": "a\\u0000"}]', b"[" + b",".join([b"{}"] * 1001) + b"]",
]  # fmt: skip
FIELDS: dict[str, dict[str, Values]] = {
    "/identify": {"identifier": [*TEXT, b'""', b'" \\n "']},
    "/promos/validate": {"code": TEXT, "customer_id": CUSTOMER_ID, "total_amount": AMOUNT},
    "/promos/apply": {
        "code": TEXT, "customer_id": CUSTOMER_ID, "base_wet_discount": RATE, "base_dry_discount": RATE,
    },
    "/transaction": {
        "customer_id": CUSTOMER_ID, "ticket_id": LONG, "total_amount": AMOUNT, "wet_total": AMOUNT,
        "dry_total": AMOUNT, "wet_discount_amount": AMOUNT, "dry_discount_amount": AMOUNT,
        "discount_type": LONG, "tier_at_visit": LONG, "promo_code": LONG, "items": ITEMS,
    },
}  # fmt: skip
LINE_FIELDS: dict[str, Values] = {
    "product_name": LONG, "product_group": LONG, "quantity": QUANTITY, "price": AMOUNT, "stock_type": TEXT,
}  # fmt: skip
VALID: dict[str, dict[str, Any]] = {
    "/identify": {"identifier": "F1"},
    "/promos/validate": {"code": "SUMMER24", "customer_id": 1, "total_amount": 25.0},
    "/promos/apply": {"code": "SUMMER24", "customer_id": 1, "base_wet_discount": 5, "base_dry_discount": 10},
    "/transaction": {"customer_id": 1, "total_amount": 10, "ticket_id": "T", "items": [{"price": 1}]},
}
REQUIRED = {
    "/identify": ["identifier"],
    "/promos/validate": ["code"],
    "/promos/apply": ["code"],
    "/transaction": ["customer_id", "total_amount"],
}
NOT_JSON: Values = [
    b"NaN", b"Infinity", b"-Infinity", b'"\\ud800"', b'"x\\udfff"', b'"\xff"', b'"\xed\xa0\x80"', b'"open',
    b"05", b"+5", b"0x5", b"5.", b"undefined", b"'a'", b'"\n"', b"[" * 5_000, b"[" * 100_000 + b"]" * 100_000,
]  # fmt: skip


class Bar(msgspec.Struct, frozen=True):
    """Two hotels, a guest and a promo, and the database that must stay as it is."""

    hub: Hotels
    database_url: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bar(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bar]:
    """One for everything that is sent: none of it may leave a trace."""
    with postgres.migrated_database() as database_url:
        async with hotels(database_url, tmp_path_factory.mktemp("bar")) as hub:
            guests = Guests(hub)
            await guests.guest(identifiers=[("rfid", "F1", None)])
            await guests.code(usage_limit=3)
            yield Bar(hub, database_url)


def with_field(body: dict[str, Any], field: str, value: bytes) -> bytes:
    """The body as JSON with one field set to exactly these bytes."""
    rest = msgspec.json.encode({name: content for name, content in body.items() if name != field})[1:-1]
    return b"{%s%s}" % (b'"%s":%s' % (field.encode(), value), b"," + rest if rest else b"")


def fault(answer: Answer, code: str, message: str) -> str | None:
    """What is wrong with a refusal, which must be this one in the published envelope."""
    if answer.status_code != 400:
        return f"answered {answer.status_code}: {answer.text[:80]}"
    if answer.json() != {"code": code, "message": message, "data": {"status": 400}}:
        return answer.text[:120]
    return None


async def faults_of(bar: Bar, path: str, bodies: list[bytes], code: str, message: str) -> dict[bytes, str]:
    """Which of the bodies are not refused as they must be, or leave a trace."""
    before = footprint(bar.database_url)
    found = {}
    for raw in bodies:
        if wrong := fault(await bar.hub.post(path, raw=raw), code, message):
            found[raw[:60]] = wrong
    assert differences(before, footprint(bar.database_url)) == []
    return found


async def test_every_field_is_in_the_table(bar: Bar) -> None:
    routes = {route.path: route for route in documented_routes(bar.hub.application, [CONTRACT])}
    for path, fields in FIELDS.items():
        body = routes[BASE + path].operation.body
        assert {field.encode_name for field in msgspec.structs.fields(body)} == set(fields)
    assert {field.encode_name for field in msgspec.structs.fields(SaleLine)} == set(LINE_FIELDS)


@pytest.mark.parametrize(("path", "field"), [(path, field) for path in FIELDS for field in FIELDS[path]])
async def test_a_wrong_field_is_named(bar: Bar, path: str, field: str) -> None:
    bodies = [with_field(VALID[path], field, value) for value in FIELDS[path][field]]
    message = f"Invalid parameter(s): {field}"
    assert await faults_of(bar, path, bodies, "rest_invalid_param", message) == {}


@pytest.mark.parametrize("field", LINE_FIELDS)
async def test_a_wrong_field_of_a_line(bar: Bar, field: str) -> None:
    bodies = [
        with_field(VALID["/transaction"], "items", b'[{"price": 1}, {"%s": %s}]' % (field.encode(), value))
        for value in LINE_FIELDS[field]
    ]
    message = "Invalid parameter(s): items"
    assert await faults_of(bar, "/transaction", bodies, "rest_invalid_param", message) == {}


@pytest.mark.parametrize(("path", "field"), [(path, field) for path in REQUIRED for field in REQUIRED[path]])
async def test_a_missing_field_is_named(bar: Bar, path: str, field: str) -> None:
    without = {name: value for name, value in VALID[path].items() if name != field}
    bodies = [msgspec.json.encode(without), with_field(VALID[path], field, b"null")]
    message = f"Missing parameter(s): {field}"
    assert await faults_of(bar, path, bodies, "rest_missing_callback_param", message) == {}


@pytest.mark.parametrize("path", FIELDS)
async def test_of_several_wrong_fields_the_first_published_one_is_named(bar: Bar, path: str) -> None:
    first = next(iter(FIELDS[path]))
    body = b"{%s}" % b",".join(b'"%s":[]' % field.encode() for field in reversed(FIELDS[path]))
    refused(await bar.hub.post(path, raw=body), 400, "rest_invalid_param", f"Invalid parameter(s): {first}")


@pytest.mark.parametrize("path", FIELDS)
async def test_what_is_no_json(bar: Bar, path: str) -> None:
    valid = msgspec.json.encode(VALID[path])
    bodies = [with_field(VALID[path], field, value) for field in FIELDS[path] for value in NOT_JSON]
    bodies += [valid[:-1] + b',"x":' + value + b"}" for value in NOT_JSON if b"\\" not in value]
    bodies += [valid[:cut] for cut in range(1, len(valid), 5)]
    # Names that occur twice, escaped ones too: which of both was meant, nobody can say.
    for field in VALID[path]:
        escaped = b'"\\u%04x%s"' % (ord(field[0]), field[1:].encode())
        bodies += [valid[:-1] + b',"%s":1}' % field.encode(), valid[:-1] + b"," + escaped + b":1}"]
    message = "Invalid JSON body passed."
    assert await faults_of(bar, path, bodies, "rest_invalid_json", message) == {}


@pytest.mark.parametrize("line", [b'{"price":1,"price":2}', b'{"quantity":1,"\\u0071uantity":1}'])
async def test_a_line_that_names_something_twice(bar: Bar, line: bytes) -> None:
    """Two lines name the same things, and that is as it should be."""
    message = "Invalid JSON body passed."
    lines = [b"[" + line + b"]", b'[{"price":1},{"price":1},' + line + b"]"]
    bodies = [with_field(VALID["/transaction"], "items", value) for value in lines]
    assert await faults_of(bar, "/transaction", bodies, "rest_invalid_json", message) == {}


@pytest.mark.parametrize("path", FIELDS)
async def test_whole_bodies(bar: Bar, path: str) -> None:
    before = footprint(bar.database_url)
    for raw in hostile.NOT_BODIES:
        answer = await bar.hub.post(path, raw=raw)
        assert answer.status_code == 400, raw[:40]
        assert answer.json()["code"] in ("rest_invalid_json", "rest_missing_callback_param"), raw[:40]
        assert answer.json().keys() == {"code", "message", "data"}
    assert differences(before, footprint(bar.database_url)) == []


@pytest.mark.parametrize("path", FIELDS)
async def test_another_programs_till_sees_nothing(bar: Bar, path: str) -> None:
    before = footprint(bar.database_url)
    answer = await bar.hub.post(path, VALID[path], hotel=ELSEWHERE)
    refused(answer, 404, "customer_not_found", "Customer not found")
    assert differences(before, footprint(bar.database_url)) == []


@pytest.mark.parametrize("path", FIELDS)
async def test_extra_fields_and_headers_change_nothing(bar: Bar, path: str) -> None:
    extra = {"program_id": 2, "location_id": 9, "member_id": "x", "is_staff": True, "hotel": ELSEWHERE}
    headers = {**bar.hub.headers(), "X-Hotel-Id": "9", "X-Actor-Role": "admin"}
    answer = await bar.hub.client.post(BASE + path, json={**VALID[path], **extra}, headers=headers)
    plain = await bar.hub.post(path, VALID[path])
    assert answer.status_code == plain.status_code < 300
    assert answer.json() == plain.json()


@pytest.mark.parametrize("path", FIELDS)
async def test_an_inactive_hotel_is_told_so_before_its_body_is_read(
    path: str, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with postgres.migrated_database() as database_url:
        async with hotels(database_url, tmp_path_factory.mktemp("closed")) as hub:
            await hub.close_hotel(HIGH_STREET)
            for raw in (msgspec.json.encode(VALID[path]), b"{"):
                refused(await hub.post(path, raw=raw), 403, "hotel_inactive", "Hotel is inactive")
