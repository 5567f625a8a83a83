"""Who may do what: every route of the application against every kind of caller.

Here are the routes of CryptoKids and the public ones; others stand in the files beside this one.
A route that is missing from the tables fails `test_every_route_is_in_the_tables`.
"""

from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from regulars.app import CONTRACTS
from regulars.http.access import authorisation_table
from tests.contracts.test_authorisation_kiosks import ROUTES as KIOSK_ROUTES
from tests.contracts.test_authorisation_stores import ROUTES as STORE_ROUTES
from tests.contracts.test_authorisation_tills import ROUTES as TILL_ROUTES
from tests.support.family import Family, family
from tests.support.family_callers import KINDS, MISPLACED, NOBODY, Headers, callers
from tests.support.family_requests import REQUESTS, Prepared, prepared
from tests.support.footprint import differences, footprint
from tests.support.market_requests import EVERY as REFERRAL_ROUTES
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROLE_ROUTES: dict[str, tuple[int, int]] = {
    # The statuses for the admin and for another program's admin. A parent's key is a 403, the rest a 401.
    "POST /ck/earn": (200, 400),
    "POST /ck/redeem": (200, 400),
    "POST /ck/adjust": (200, 400),
    "POST /ck/refund": (200, 400),
    "POST /api/holds/{hold_id}/cancel": (200, 404),
}
KEY_ROUTES: dict[str, tuple[int, int]] = {
    # The statuses for the admin and a parent, and for another program's admin. The rest is a 401.
    "POST /api/holds/{hold_id}/approve": (200, 400),
    "GET /api/holds": (200, 200),
    "POST /api/earn/quick": (200, 404),
    "POST /api/tokens/give": (200, 400),
    "GET /api/history": (200, 200),
    "GET /ck/ledger/{userId}": (200, 200),
    "GET /api/admin/telemetry/core-health": (200, 200),
    "GET /api/members": (200, 200),
    "POST /api/members": (201, 201),
    "GET /api/members/{userId}": (200, 404),
    "PATCH /api/members/{userId}": (200, 404),
    "DELETE /api/members/{userId}": (200, 404),
    "POST /api/rewards": (201, 201),
    "PATCH /api/rewards/{id}": (200, 404),
    "POST /api/earn-templates": (201, 201),
    "PATCH /api/earn-templates/{id}": (200, 404),
    "DELETE /api/earn-templates/{id}": (200, 404),
    "POST /admin/upload-image64": (200, 200),
}
CHILD_ROUTES: dict[str, tuple[int, int, int]] = {
    # The statuses for the admin, a parent and the child's own device, for another program's admin, and for
    # another child's device. Nobody's is a 401 in production and as good as the child's in development.
    "POST /api/holds": (201, 400, 400),
    "POST /api/earn/scan": (200, 400, 400),
    "POST /api/tokens/earn": (200, 400, 400),
    "GET /api/earn-templates": (200, 200, 200),
    "GET /api/rewards": (200, 200, 200),
    "GET /api/history/user/{userId}": (200, 200, 200),
    "GET /api/history.csv/{userId}": (200, 200, 200),
    "GET /balance/{userId}": (200, 200, 200),
    "GET /summary/{userId}": (200, 200, 200),
    "GET /api/features": (200, 200, 200),
    "GET /version": (200, 200, 200),
}
PUBLIC_ROUTES: dict[str, tuple[int, int, int]] = {
    # The same three, and nobody's is the first. The page of a token is shown to whoever holds the token,
    # but not to a caller who is known and whom it does not concern.
    "GET /scan": (200, 400, 400),
    "GET /scan/{name}": (200, 200, 200),
    "GET /photos/{name}": (200, 200, 200),
    "GET /docs": (200, 200, 200),
    "GET /docs/openapi.json": (200, 200, 200),
    "GET /docs/{name}": (200, 200, 200),
    "GET /docs/{name}/openapi.json": (200, 200, 200),
    "GET /docs/assets/{name}": (200, 200, 200),
    "GET /healthz": (200, 200, 200),
    "GET /readyz": (200, 200, 200),
    "GET /metrics": (200, 200, 200),
}
ROUTES = [*ROLE_ROUTES, *KEY_ROUTES, *CHILD_ROUTES, *PUBLIC_ROUTES]
ELSEWHERE = "another program's admin"
DEVICES = ("own device", "own device's cookie", "other device")


def expected_status(route: str, kind: str, mode: str) -> int:
    """What the tables say."""
    if route in ROLE_ROUTES or route in KEY_ROUTES:
        right, other_program = ROLE_ROUTES.get(route) or KEY_ROUTES[route]
        if kind == "parent" and route in ROLE_ROUTES:
            return 403
        refused = kind in NOBODY or kind in MISPLACED or kind in DEVICES
        return 401 if refused else other_program if kind == ELSEWHERE else right
    right, other_program, other_device = CHILD_ROUTES.get(route) or PUBLIC_ROUTES[route]
    if route in CHILD_ROUTES and (kind in MISPLACED or (kind in NOBODY and mode == "production")):
        return 401
    return {ELSEWHERE: other_program, "other device": other_device}.get(kind, right)


class World(msgspec.Struct, frozen=True):
    """A family, everybody who might call its server, and the server's database."""

    home: Family
    mode: str
    sent: dict[str, Headers]
    database_url: str

    async def statuses(self, requests: dict[str, Prepared]) -> dict[str, int]:
        """What every kind of caller is answered; whoever is refused learns nothing but why."""
        statuses = {}
        for kind, request in requests.items():
            answer = await self.home.client.request(
                request.method, request.path, json=request.body, headers=self.sent[kind]
            )
            if answer.status_code == 401:
                assert answer.json() == {"error": "UNAUTHORIZED"}
            statuses[kind] = answer.status_code
        return statuses


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["production", "development"])
async def world(
    request: pytest.FixtureRequest, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """A family whose refunds are not counted, for its keys try them more than twenty times."""
    mode, directory = request.param, tmp_path_factory.mktemp("family")
    with postgres.migrated_database() as database_url:
        async with family(database_url, directory, mode=mode, contracts=CONTRACTS, jobs=False) as home:
            await home.set(refunds_per_hour=0)
            yield World(home, mode, await callers(home), database_url)


async def test_every_route_is_in_the_tables(world: World) -> None:
    declared = [f"{row.method} {row.path}" for row in authorisation_table(world.home.application)]
    assert sorted([*ROUTES, *TILL_ROUTES, *KIOSK_ROUTES, *STORE_ROUTES, *REFERRAL_ROUTES]) == sorted(declared)
    assert set(REQUESTS) == set(ROUTES)


async def requests_of(home: Family, route: str) -> dict[str, Prepared]:
    """A request for each kind of caller; those that only read may share one."""
    if route.startswith("GET"):
        return dict.fromkeys(KINDS, await prepared(home, route))
    return {kind: await prepared(home, route) for kind in KINDS}


@pytest.mark.parametrize("route", ROUTES)
async def test_every_kind_of_caller_of_a_route(world: World, route: str) -> None:
    expected = {kind: expected_status(route, kind, world.mode) for kind in KINDS}
    requests = await requests_of(world.home, route)
    refused = {kind: requests.pop(kind) for kind in KINDS if expected[kind] >= 400}
    elsewhere = {kind: requests.pop(kind) for kind in (ELSEWHERE,) if kind in requests}

    everything = footprint(world.database_url)
    answered = await world.statuses(refused)
    assert differences(everything, footprint(world.database_url)) == []
    ours = footprint(world.database_url, world.home.program_id)
    answered |= await world.statuses(elsewhere)
    assert differences(ours, footprint(world.database_url, world.home.program_id)) == []
    answered |= await world.statuses(requests)
    assert answered == expected


@pytest.mark.parametrize("route", [route for route in ROUTES if route.startswith("GET")])
async def test_head_asks_for_the_same_credentials_as_get(world: World, route: str) -> None:
    request = await prepared(world.home, route)
    for kind in KINDS:
        answer = await world.home.client.head(request.path, headers=world.sent[kind])
        assert answer.status_code == expected_status(route, kind, world.mode), kind


@pytest.mark.parametrize("route", ROUTES)
async def test_options_tells_the_methods_and_nothing_else(world: World, route: str) -> None:
    request = await prepared(world.home, route)
    answer = await world.home.client.options(request.path, headers=world.sent["none"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert request.method in answer.headers["allow"].split(", ")
