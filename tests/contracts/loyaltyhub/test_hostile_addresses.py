"""Whatever stands in an address, the answer is one that the document names, and nothing has changed."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from regulars.contracts.loyaltyhub.wire import SyncQuery
from tests.support import hostile
from tests.support.footprint import differences, footprint
from tests.support.hotel_requests import REQUESTS, open_bar, prepared
from tests.support.hotels import BASE, Answer, Hotels, hotels, refused
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = [field.encode_name for field in msgspec.structs.fields(SyncQuery)]
NO_ROUTE = "No route was found matching the URL and request method."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bar(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Hotels, str]]:
    """One bar for all addresses, and its database."""
    with postgres.migrated_database() as database_url:
        async with hotels(database_url, tmp_path_factory.mktemp("bar")) as hub:
            await open_bar(hub)
            yield hub, database_url


def fault(answer: Answer) -> str | None:
    """What is wrong with an answer to a query of /sync, or None."""
    if "set-cookie" in answer.headers or "location" in answer.headers:
        return f"a header that nobody asked for: {answer.headers}"
    body = answer.json()
    if answer.status_code == 200:
        return None if list(body)[:3] == ["customers", "count", "sync_time"] else answer.text[:80]
    if answer.status_code not in (400, 413):
        return f"answered {answer.status_code}: {answer.text[:80]}"
    if list(body) != ["code", "message", "data"] or body["data"] != {"status": answer.status_code}:
        return f"not the published envelope: {answer.text[:80]}"
    return None


async def test_hostile_queries(bar: tuple[Hotels, str]) -> None:
    hub, database_url = bar
    queries = [f"{name}={value}" for name in NAMES for value in hostile.QUERY_VALUES]
    queries += [f"{name}&{name}=&{name}=1" for name in NAMES]
    queries += [f"{name}[]=1&{name}[a]=1&{name}.a=1" for name in NAMES]
    queries += [
        "&".join(f"{name}=1" for name in NAMES * 20),
        "a=1&" * 5000,
        "?" * 100,
        "%00=%00",
        "=",
        "&" * 9,
    ]
    before = footprint(database_url)
    faults = {}
    for query in queries:
        answer = await hub.client.get(f"{BASE}/sync?{query}", headers=hub.headers())
        if found := fault(answer):
            faults[query[:60]] = found
    assert faults == {}
    assert differences(before, footprint(database_url)) == []


async def test_of_a_parameter_that_is_sent_twice_the_first_counts(bar: tuple[Hotels, str]) -> None:
    hub, _ = bar
    for query, count in (("limit=1&limit=9000", 1), ("limit=2&limit=x", 2), ("limit=&limit=3", 3)):
        answer = await hub.client.get(f"{BASE}/sync?{query}", headers=hub.headers())
        assert answer.json()["count"] == count
    answer = await hub.client.get(f"{BASE}/sync?limit=x&limit=1", headers=hub.headers())
    refused(answer, 400, "rest_invalid_param", "Invalid parameter(s): limit")


@pytest.mark.parametrize("raw", [b"\xff", b"a=\xff\xfe", b"cursor=\x00", b"limit=\xc3\x28", b"=" * 70_000])
async def test_queries_that_are_no_text(bar: tuple[Hotels, str], raw: bytes) -> None:
    hub, _ = bar
    statuses = []

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http", "method": "GET", "path": f"{BASE}/sync", "raw_path": f"{BASE}/sync".encode(),
        "query_string": raw, "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        "scheme": "http",
        "headers": [(name.lower().encode(), value.encode()) for name, value in hub.headers().items()],
    }  # fmt: skip
    await hub.application(scope, receive, send)  # type: ignore[arg-type]
    assert len(statuses) == 1
    assert statuses[0] in (200, 400)


@pytest.mark.parametrize("route", [route for route in REQUESTS if route.startswith("POST")])
async def test_a_query_of_a_post_changes_nothing(bar: tuple[Hotels, str], route: str) -> None:
    """Fields are read from the body alone, as they are where it is missing."""
    hub, _ = bar
    request = await prepared(hub, route)
    spoofed = "&".join(f"{name}=1" for name in (*request.body, "program_id", "location_id", "hotel_id"))
    plain = await hub.client.post(request.path, json=request.body, headers=hub.headers())
    request = await prepared(hub, route)
    answer = await hub.client.post(f"{request.path}?{spoofed}", json=request.body, headers=hub.headers())
    assert answer.status_code == plain.status_code < 300
    assert answer.json().keys() == plain.json().keys()
    empty = await hub.client.post(f"{request.path}?{spoofed}", headers=hub.headers())
    refused(empty, 400, "rest_missing_callback_param")


async def test_hostile_paths(bar: tuple[Hotels, str]) -> None:
    """None of them leads anywhere below the contract's address, and `..` does not lead back into it."""
    hub, database_url = bar
    before = footprint(database_url)
    faults = {}
    for part in hostile.PARTS_OF_PATHS:
        for path in (f"{BASE}/{part}", f"{BASE}/identifier/{part}", f"{BASE}/promos/{part}/apply"):
            for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
                answer = await hub.client.request(method, path, headers=hub.headers())
                if answer.status_code not in (400, 404):
                    faults[method, path[:60]] = answer.status_code
    assert faults == {}
    assert differences(before, footprint(database_url)) == []


@pytest.mark.parametrize("route", REQUESTS)
async def test_another_method_or_spelling_is_no_route(bar: tuple[Hotels, str], route: str) -> None:
    hub, database_url = bar
    method, path = route.split(" ")
    others = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - {method}
    before = footprint(database_url)
    for other in sorted(others):
        refused(await hub.client.request(other, path, headers=hub.headers()), 404, "rest_no_route", NO_ROUTE)
    for spelled in (path.upper(), f"{path}.json", f"{path}/x", f"{path}%20", f"{path};a=b"):
        answer = await hub.client.request(method, spelled, headers=hub.headers())
        assert answer.status_code == 404, spelled
    assert differences(before, footprint(database_url)) == []
