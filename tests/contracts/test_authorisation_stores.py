"""Who may do what at the routes of the stores, each against every kind of caller."""

from collections.abc import AsyncIterator
from datetime import timedelta
from secrets import token_hex

import msgspec
import pytest
import pytest_asyncio

from regulars.contracts.rejoes.context import STORE_SCOPE
from regulars.contracts.rejoes.settings import KEYLESS
from regulars.features.access import actions as access
from regulars.http.access import authorisation_table
from tests.support.footprint import differences, footprint
from tests.support.ledger import NOW
from tests.support.postgres import PostgresServer
from tests.support.store_requests import EVERY, World, open_store, prepared, send
from tests.support.stores import SECRET_KEY, STORE_A, STORE_B, Stores, stores

pytestmark = pytest.mark.asyncio(loop_scope="module")

STORE, OPEN = "store", "anybody"
_ROUTES: dict[str, tuple[str, int, int]] = {
    # Who may, what they are answered, and what another program's store is answered.
    "GET /members/by-card/{cardToken}": (STORE, 200, 404),
    "POST /members/add": (STORE, 201, 201),
    "POST /uploads/loan-photo": (STORE, 201, 404),
    "GET /loans/active/{memberId}": (STORE, 200, 404),
    "GET /loans/active": (STORE, 400, 400),
    "POST /loans/checkout": (STORE, 201, 404),
    "POST /loans/return": (STORE, 200, 404),
    "POST /loans/swap": (STORE, 200, 404),
    # What stands in front of these is a signature, or production.
    "POST /members/dev/seed-member": (OPEN, 403, 403),
    "GET /uploads/loan-photo/{name}": (OPEN, 200, 200),
    "POST /webhooks/subscription": (OPEN, 200, 200),
    "POST /webhooks/customers/delete": (OPEN, 200, 200),
}
ROUTES = {route: _ROUTES[route.replace(" /api/", " /")] for route in EVERY}
CLOSED = [route for route, (who, _, _) in ROUTES.items() if who is STORE]
SIGNED = [route for route in ROUTES if "/webhooks/" in route]
NAMES_A_STORE = ("/loans/checkout", "/loans/swap")
"""A key for one store is no key for another here; all else is the program's."""


class Setting(msgspec.Struct, frozen=True):
    """The stores, a member, everybody who might call, and the database."""

    shop: Stores
    world: World
    nobodies: dict[str, dict[str, str]]
    misplaced: dict[str, dict[str, str]]
    database_url: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def setting(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Setting]:
    """One for all routes."""
    with postgres.migrated_database() as database_url:
        async with stores(database_url, tmp_path_factory.mktemp("stores"), jobs=False) as shop:
            world = await open_store(shop)
            yield Setting(shop, world, await nobodies(shop), await misplaced(shop), database_url)


async def nobodies(shop: Stores) -> dict[str, dict[str, str]]:
    """What those send who are nobody: 401 wherever somebody is asked for."""
    return {
        "no key": {},
        "an empty key": {"x-api-key": ""},
        "an unknown key": {"x-api-key": token_hex(32)},
        "a key in a cookie": {"cookie": f"x-api-key={shop.key}"},
        "a key as a token": {"authorization": f"Bearer {shop.key}"},
        "a key under another name": {"x-admin-key": shop.key},
        "a revoked key": {"x-api-key": await revoked(shop)},
        "an old key after its overlap": {"x-api-key": (await rotated(shop, 0))[0]},
    }


async def misplaced(shop: Stores) -> dict[str, dict[str, str]]:
    """Keys for something else: 403, because they are known."""
    scopes = ("loyaltyhub:till", "cryptokids:admin", "sessions:kiosk", "rejoes:other")
    return {f"a key of {scope}": {"x-api-key": (await shop.new_key(scope))[1]} for scope in scopes}


async def revoked(shop: Stores) -> str:
    credential_id, key = await shop.new_key()
    async with shop.database.transaction() as connection:
        await access.revoke_credential(connection, shop.program_id, credential_id, NOW)
    return key


async def rotated(shop: Stores, hours: int) -> tuple[str, str]:
    """The old and the new key of a credential."""
    credential_id, old = await shop.new_key()
    async with shop.database.transaction() as connection:
        issued = await access.rotate_credential(
            connection, SECRET_KEY, shop.program_id, credential_id, overlap=timedelta(hours=hours), now=NOW
        )
    return old, issued.key


async def test_every_route_is_in_the_table(setting: Setting) -> None:
    rows = [row for row in authorisation_table(setting.shop.application) if row.contract == "rejoes"]
    assert {f"{row.method} {row.path}" for row in rows} == set(ROUTES)
    for row in rows:
        who, _, _ = ROUTES[f"{row.method} {row.path}"]
        assert row.access.public == (who is OPEN)
        assert row.access.scopes == (set() if who is OPEN else {STORE_SCOPE})
        assert row.access.keyless_setting == (None if who is OPEN else KEYLESS.name)


@pytest.mark.parametrize("route", ROUTES)
async def test_nobody_is_let_in(setting: Setting, route: str) -> None:
    who, right, _ = ROUTES[route]
    request = await prepared(setting.shop, setting.world, route)
    before = footprint(setting.database_url)
    for kind, headers in setting.nobodies.items():
        answer = await send(setting.shop, request, headers)
        assert answer.status_code == (right if who is OPEN else 401), (kind, answer.text)
        if who is STORE:
            assert answer.json() == {"message": "Missing or invalid API key"}, kind
    for kind, headers in setting.misplaced.items():
        answer = await send(setting.shop, request, headers)
        assert answer.status_code == (right if who is OPEN else 403), (kind, answer.text)
    if who is STORE:
        assert differences(before, footprint(setting.database_url)) == []


@pytest.mark.parametrize("route", ROUTES)
async def test_whoever_may_is_let_in(setting: Setting, route: str) -> None:
    _, right, _ = ROUTES[route]
    shop = setting.shop
    bound = (await shop.new_key(store=STORE_A))[1]
    for key in (shop.key, bound, *await rotated(shop, 1)):
        answer = await send(shop, await prepared(shop, setting.world, route), shop.headers(key))
        assert answer.status_code == right, answer.text


@pytest.mark.parametrize("route", CLOSED)
async def test_whoever_is_from_elsewhere_reaches_nothing_here(setting: Setting, route: str) -> None:
    shop, (_, right, elsewhere) = setting.shop, ROUTES[route]
    request = await prepared(shop, setting.world, route)
    ours = footprint(setting.database_url, shop.program_id)
    answer = await send(shop, request, shop.headers(shop.other_key))
    assert answer.status_code == elsewhere, answer.text
    assert differences(ours, footprint(setting.database_url, shop.program_id)) == []
    bound = (await shop.new_key(store=STORE_B))[1]
    answer = await send(shop, request, shop.headers(bound))
    assert answer.status_code == (403 if route.endswith(NAMES_A_STORE) else right), answer.text


@pytest.mark.parametrize("route", SIGNED)
async def test_a_webhook_without_the_shop_s_signature_is_nobody_s(setting: Setting, route: str) -> None:
    shop = setting.shop
    request = await prepared(shop, setting.world, route)
    before = footprint(setting.database_url)
    for headers in ({"x-shopify-hmac-sha256": ""}, {"x-shopify-hmac-sha256": "AAAA"}):
        answer = await send(shop, request, {**headers, **shop.headers()})
        assert answer.status_code == 401
    assert differences(before, footprint(setting.database_url)) == []


async def test_a_program_may_go_without_keys(setting: Setting) -> None:
    shop = setting.shop
    for value, status in ((True, 200), ("true", 401), (1, 401), (False, 401)):
        await shop.set_program(rejoes__keyless=value)
        assert (await shop.get("/members/by-card/CARD-1", key="")).status_code == status, value


@pytest.mark.parametrize("route", [route for route in ROUTES if route.startswith("GET")])
async def test_head_asks_for_the_same_key_as_get(setting: Setting, route: str) -> None:
    who, right, _ = ROUTES[route]
    request = await prepared(setting.shop, setting.world, route)
    assert (await send(setting.shop, request, {}, "HEAD")).status_code == (right if who is OPEN else 401)
    assert (await send(setting.shop, request, setting.shop.headers(), "HEAD")).status_code == right


@pytest.mark.parametrize("route", ROUTES)
async def test_options_tells_the_methods_and_nothing_else(setting: Setting, route: str) -> None:
    request = await prepared(setting.shop, setting.world, route)
    answer = await send(setting.shop, request, {}, "OPTIONS")
    assert (answer.status_code, answer.content) == (204, b"")
    assert request.method in answer.headers["allow"].split(", ")
