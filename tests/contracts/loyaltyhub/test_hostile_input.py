"""Whatever is sent to the customer endpoints is refused in the published envelope, and nothing has changed.

Every field of every body is given every value that its kind must refuse. A field that is missing from the
table below fails the test.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from regulars.contracts.loyaltyhub.router import CONTRACT
from regulars.http.openapi import documented_routes
from tests.support import hostile
from tests.support.footprint import differences, footprint
from tests.support.hotels import BASE, Answer, Hotels, hotels
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

Values = list[bytes]
CODE: Values = [
    *hostile.NOT_TEXT,
    b"null",
    b'""',
    b'" "',
    b'"' + b"f" * 201 + b'"',
    b'"a\\nb"',
    b'"a\\u2028b"',
]
OPTIONAL_CODE = [value for value in CODE if value not in (b"null", b'""', b'" "')]
ID: Values = [*hostile.NOT_INTEGER, b"0", b"-1", b"null", b"2147483648", b'"1"']
EMAIL: Values = [
    *hostile.NOT_TEXT, b'"jane"', b'"@"', b'"a@b@c"', b'"a b@c"', b'"' + b"e" * 250 + b'@x.de"', b'"a@b\\nc"',
]  # fmt: skip
PHONE: Values = [
    *hostile.NOT_TEXT,
    b'"x"',
    b'"1"',
    b'"' + b"0" * 400 + b'"',
    b'"+44 7700 900123 ext. 5"',
    b'"+"',
]
LABEL: Values = [*hostile.NOT_TEXT, b'"' + b"l" * 101 + b'"', b'"a\\nb"']

FIELDS: dict[str, dict[str, Values]] = {
    "/register": {
        "name": hostile.NAME, "email": EMAIL, "phone": PHONE, "dob": hostile.DATE, "rfid_code": OPTIONAL_CODE,
    },
    "/identifier/add": {"customer_id": ID, "identifier": CODE, "label": LABEL},
    "/identifier/replace": {"customer_id": ID, "identifier_id": ID, "new_identifier": CODE},
}  # fmt: skip


class Till(msgspec.Struct, frozen=True):
    """A till, its database, and for each route a request that would succeed."""

    hub: Hotels
    database_url: str
    bodies: dict[str, dict[str, Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def till(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Till]:
    """One till for everything that is sent: none of it may leave a trace."""
    with postgres.migrated_database() as database_url:
        async with hotels(database_url, tmp_path_factory.mktemp("hotels")) as hub:
            await hub.register("Jane", rfid_code="F1")
            fob = (await hub.identifiers(1))[-1]
            bodies: dict[str, dict[str, Any]] = {
                "/register": {
                    "name": "Joe", "email": "joe@example.com", "phone": "07700900123", "dob": "1990-05-15",
                    "rfid_code": "F2",
                },
                "/identifier/add": {"customer_id": 1, "identifier": "F2", "label": "Second"},
                "/identifier/replace": {
                    "customer_id": 1, "identifier_id": fob.identifier_id, "new_identifier": "F2",
                },
            }  # fmt: skip
            yield Till(hub, database_url, bodies)


def fault(answer: Answer) -> str | None:
    """What is wrong with a refusal, or None when it is one in the published envelope."""
    body = answer.json()
    if not 400 <= answer.status_code < 500:
        return f"answered {answer.status_code}: {answer.text[:80]}"
    if list(body) != ["code", "message", "data"] or body["data"] != {"status": answer.status_code}:
        return f"not the published envelope: {answer.text[:80]}"
    return None


async def test_every_field_is_in_the_table(till: Till) -> None:
    routes = documented_routes(till.hub.application, [CONTRACT])
    bodies = {route.path.removeprefix(BASE): route.operation.body for route in routes}
    for path, fields in FIELDS.items():
        assert {field.name for field in msgspec.structs.fields(bodies[path])} == set(fields)


@pytest.mark.parametrize("path", FIELDS)
async def test_hostile_fields(till: Till, path: str) -> None:
    before = footprint(till.database_url)
    faults = {}
    for field, values in FIELDS[path].items():
        rest = msgspec.json.encode({k: v for k, v in till.bodies[path].items() if k != field})[1:-1]
        for value in values:
            raw = b'{"%s": %s, %s}' % (field.encode(), value, rest)
            if found := fault(await till.hub.post(path, raw=raw)):
                faults[field, value[:40]] = found
    assert faults == {}
    assert differences(before, footprint(till.database_url)) == []


@pytest.mark.parametrize("path", FIELDS)
async def test_hostile_bodies(till: Till, path: str) -> None:
    valid = msgspec.json.encode(till.bodies[path])
    bodies = [b"", *hostile.NOT_BODIES, *(valid[:cut] for cut in range(1, len(valid), 5))]
    bodies += [valid + b"}", valid + b",", valid + valid, b"[" + valid + b"]", valid.replace(b'"', b"'")]
    for field in till.bodies[path]:
        bodies.append(valid[:-1] + b',"%s":1}' % field.encode())
        bodies.append(valid[:-1] + b',"\\u%04x%s":1}' % (ord(field[0]), field[1:].encode()))
    before = footprint(till.database_url)
    faults = {}
    for body in bodies:
        if found := fault(await till.hub.post(path, raw=body)):
            faults[body[:60]] = found
    assert faults == {}
    assert differences(before, footprint(till.database_url)) == []


@pytest.mark.parametrize("name", ["updated_since", "limit", "cursor", "include_deleted"])
async def test_hostile_queries(till: Till, name: str) -> None:
    faults = {}
    for value in hostile.QUERY_VALUES:
        address = f"{BASE}/sync?{name}={value}"
        answer = await till.hub.client.get(address, headers=till.hub.headers())
        if answer.status_code != 200 and (found := fault(answer)):
            faults[value[:40]] = found
    assert faults == {}


async def test_hostile_addresses(till: Till) -> None:
    faults = {}
    for part in hostile.PARTS_OF_PATHS:
        for method in ("GET", "POST"):
            answer = await till.hub.client.request(
                method, f"{BASE}/identifier/{part}/x", headers=till.hub.headers()
            )
            if answer.status_code != 404:
                faults[part[:40]] = answer.status_code
    assert faults == {}


async def test_hostile_headers(till: Till) -> None:
    for name in ("X-API-Key", "User-Agent", "X-Request-Id", "Cookie", "Accept", "Content-Type", "Origin"):
        for value in hostile.HEADER_VALUES:
            headers: dict[str, Any] = {**till.hub.headers(), name: value}
            answer = await till.hub.client.get(f"{BASE}/sync", headers=headers)
            assert answer.status_code == (401 if name == "X-API-Key" else 200), (name, value[:20])
            assert "set-cookie" not in answer.headers
