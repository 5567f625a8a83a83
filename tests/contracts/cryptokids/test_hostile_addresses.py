"""Whatever stands in an address, the answer is one that the document names, and nothing has changed."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
import pytest_asyncio

from regulars.app import create_application
from regulars.contracts.cryptokids.router import CONTRACT
from regulars.http.openapi import DocumentedRoute, documented_routes
from regulars.settings import Settings
from tests.support import hostile
from tests.support.family import Answer, Family, family
from tests.support.family_requests import prepared
from tests.support.footprint import differences, footprint
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

_routes = documented_routes(
    create_application(Settings(mode="development"), contracts=[CONTRACT]), [CONTRACT]
)
ROUTES: dict[str, DocumentedRoute] = {f"{route.method.upper()} {route.path}": route for route in _routes}
WITH_PARTS = [name for name, route in ROUTES.items() if route.path_kinds]
WITH_QUERIES = [name for name, route in ROUTES.items() if route.operation.query is not None]
ELSEWHERE = {404, 405}
"""What an address may lead to that is another one by the time it arrives: `..` in it, or nothing."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Family, str]]:
    """One family for all addresses, and its database."""
    with postgres.migrated_database() as database_url:
        async with family(database_url, tmp_path_factory.mktemp("family")) as home:
            await home.earn(10)
            yield home, database_url


def fault(answer: Answer, documented: set[int]) -> str | None:
    """What is wrong with an answer, or None."""
    if answer.status_code >= 500 or answer.status_code not in documented | ELSEWHERE:
        return f"answered {answer.status_code}: {answer.text[:80]}"
    if "set-cookie" in answer.headers or "location" in answer.headers:
        return f"a header that nobody asked for: {answer.headers}"
    media_type = answer.headers["content-type"]
    if answer.status_code >= 400 and media_type == "application/json" and "error" not in answer.json():
        return f"not an error: {answer.text[:80]}"
    return None


async def send(home: Family, method: str, path: str, body: Any) -> Answer:
    """The answer to the admin."""
    return await home.client.request(method, path, json=body, headers=home.headers())


@pytest.mark.parametrize("name", WITH_PARTS)
async def test_hostile_parts_of_paths(house: tuple[Family, str], name: str) -> None:
    home, database_url = house
    route = ROUTES[name]
    request = await prepared(home, name)
    documented = {400, 404, *route.operation.answers}
    before = footprint(database_url)
    faults = {}
    for part in hostile.PARTS_OF_PATHS:
        path = route.path
        for parameter in route.path_kinds:
            path = path.replace(f"{{{parameter}}}", part)
        answer = await send(home, request.method, path, request.body)
        if found := fault(answer, documented):
            faults[part[:40]] = found
        if request.method != "GET" and answer.status_code < 400:
            faults[part[:40]] = f"done: {answer.text[:80]}"
    assert faults == {}
    assert differences(before, footprint(database_url)) == []


@pytest.mark.parametrize("name", WITH_QUERIES)
async def test_hostile_queries(house: tuple[Family, str], name: str) -> None:
    home, database_url = house
    route = ROUTES[name]
    address = (await prepared(home, name)).path.partition("?")[0]
    documented = {400, 413, *route.operation.answers}
    names = [field.encode_name for field in msgspec.structs.fields(route.operation.query)]
    queries = [f"{parameter}={value}" for parameter in names for value in hostile.QUERY_VALUES]
    queries += [f"{parameter}&{parameter}=&{parameter}=1" for parameter in names]
    queries += [f"{parameter}[]=1&{parameter}[a]=1&{parameter}.a=1" for parameter in names]
    queries += [
        "&".join(f"{parameter}=1" for parameter in names * 20),
        "a=1&" * 5000,
        "?" * 100,
        "%00=%00",
        "=",
        "&" * 9,
    ]
    before = footprint(database_url)
    faults = {}
    for query in queries:
        answer = await send(home, "GET", f"{address}?{query}", None)
        if found := fault(answer, documented):
            faults[query[:60]] = found
    assert faults == {}
    assert differences(before, footprint(database_url)) == []


@pytest.mark.parametrize("raw", [b"\xff", b"a=\xff\xfe", b"userId=\x00", b"userId=\xc3\x28", b"=" * 70_000])
async def test_queries_that_are_no_text(house: tuple[Family, str], raw: bytes) -> None:
    home, _ = house
    statuses = []

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(name.lower().encode(), value.encode()) for name, value in home.headers().items()]
    for name in WITH_QUERIES:
        path = (await prepared(home, name)).path.partition("?")[0]
        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": quote(path).encode(),
            "query_string": raw, "root_path": "", "headers": headers, "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2), "scheme": "http",
        }  # fmt: skip
        await home.application(scope, receive, send)  # type: ignore[arg-type]
    assert len(statuses) == len(WITH_QUERIES)
    assert all(status < 500 for status in statuses)
