"""Who may do what at the routes of the tills, each against every kind of caller, in the whole application."""

from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from regulars.app import CONTRACTS
from regulars.contracts.loyaltyhub.context import TILL
from regulars.http.access import authorisation_table
from tests.support.footprint import differences, footprint
from tests.support.hotel_callers import ELSEWHERES, KINDS, Sent, callers, expected_refusals
from tests.support.hotel_requests import REQUESTS, Prepared, open_bar, prepared
from tests.support.hotels import BASE, Answer, Hotels, hotels
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUTES: dict[str, tuple[int, int]] = {
    # The statuses for the program's tills, and for another program's till. The rest is a 401 or a 403.
    f"POST {BASE}/identify": (200, 404),
    f"POST {BASE}/transaction": (201, 404),
    f"POST {BASE}/register": (201, 201),
    f"GET {BASE}/sync": (200, 200),
    f"POST {BASE}/identifier/add": (201, 404),
    f"POST {BASE}/identifier/replace": (200, 404),
    f"POST {BASE}/promos/validate": (200, 400),
    f"POST {BASE}/promos/apply": (200, 400),
}
REFUSALS = expected_refusals()


def expected_status(route: str, kind: str) -> int:
    """What the tables say."""
    right, other_program = ROUTES[route]
    if kind in REFUSALS:
        return REFUSALS[kind][0]
    return other_program if kind in ELSEWHERES else right


class World(msgspec.Struct, frozen=True):
    """Two hotels, everybody who might call their server, and the server's database."""

    hub: Hotels
    sent: dict[str, Sent]
    database_url: str

    async def ask(self, kind: str, request: Prepared, method: str | None = None) -> Answer:
        """The answer to this kind of caller."""
        sent = self.sent[kind]
        return await self.hub.client.request(
            method or request.method, request.path + sent.query, json=request.body, headers=sent.headers
        )

    async def statuses(self, requests: dict[str, Prepared]) -> dict[str, int]:
        """What every kind of caller is answered; whoever is refused learns nothing but why."""
        statuses = {}
        for kind, request in requests.items():
            answer = await self.ask(kind, request)
            if kind in REFUSALS:
                status, code, message = REFUSALS[kind]
                assert answer.json() == {"code": code, "message": message, "data": {"status": status}}, kind
            statuses[kind] = answer.status_code
        return statuses


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["production", "development"])
async def world(
    request: pytest.FixtureRequest, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """One for all routes; that development opens nothing here is part of the table."""
    directory = tmp_path_factory.mktemp("hotels")
    with postgres.migrated_database() as database_url:
        async with hotels(
            database_url, directory, contracts=CONTRACTS, mode=request.param, jobs=False
        ) as hub:
            await open_bar(hub)
            yield World(hub, await callers(hub), database_url)


async def test_every_route_of_the_tills_is_in_the_table(world: World) -> None:
    rows = [row for row in authorisation_table(world.hub.application) if row.contract == "loyaltyhub"]
    assert {f"{row.method} {row.path}" for row in rows} == set(ROUTES) == set(REQUESTS)
    assert {row.access for row in rows} == {TILL}


@pytest.mark.parametrize("route", ROUTES)
async def test_every_kind_of_caller_of_a_route(world: World, route: str) -> None:
    expected = {kind: expected_status(route, kind) for kind in KINDS}
    requests = {kind: await prepared(world.hub, route) for kind in KINDS}
    refused = {kind: requests.pop(kind) for kind in REFUSALS}
    elsewhere = {kind: requests.pop(kind) for kind in ELSEWHERES}

    everything = footprint(world.database_url)
    answered = await world.statuses(refused)
    assert differences(everything, footprint(world.database_url)) == []
    ours = footprint(world.database_url, world.hub.program_id)
    answered |= await world.statuses(elsewhere)
    assert differences(ours, footprint(world.database_url, world.hub.program_id)) == []
    answered |= await world.statuses(requests)
    assert answered == expected


async def test_head_asks_for_the_same_key_as_get(world: World) -> None:
    route = f"GET {BASE}/sync"
    request = await prepared(world.hub, route)
    for kind in KINDS:
        answer = await world.ask(kind, request, "HEAD")
        assert answer.status_code == expected_status(route, kind), kind


@pytest.mark.parametrize("route", ROUTES)
async def test_options_tells_the_methods_and_nothing_else(world: World, route: str) -> None:
    request = await prepared(world.hub, route)
    answer = await world.ask("no key", request, "OPTIONS")
    assert (answer.status_code, answer.content) == (204, b"")
    assert request.method in answer.headers["allow"].split(", ")
