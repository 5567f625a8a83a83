"""Who may do what at the routes of the kiosks, each against every kind of caller."""

from collections.abc import AsyncIterator
from datetime import timedelta
from secrets import token_hex

import msgspec
import pytest
import pytest_asyncio

from regulars.contracts.sessions.context import ADMIN_SCOPE, INTERNAL_SCOPE, KIOSK_SCOPE
from regulars.features.access import actions as access
from regulars.http.access import authorisation_table
from tests.support.footprint import differences, footprint
from tests.support.kiosk_requests import REQUESTS, World, open_shop, prepared, send
from tests.support.kiosks import HEADERS, SECOND, SECRET_KEY, VENUE, Kiosks, kiosks, selling
from tests.support.ledger import NOW
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

KIOSK, INTERNAL, ADMIN = "kiosk", "internal", "admin"
SCOPES = {KIOSK: KIOSK_SCOPE, INTERNAL: INTERNAL_SCOPE, ADMIN: ADMIN_SCOPE}
OPEN = (KIOSK, INTERNAL, ADMIN, "anybody")

ROUTES: dict[str, tuple[tuple[str, ...], int]] = {
    # Who may, and what they are answered.
    "POST /loyalty/resolve-customer-from-pass-token": ((KIOSK,), 200),
    "POST /loyalty/upsert-customer-by-phone": ((KIOSK,), 200),
    "POST /loyalty/get-balance": ((KIOSK,), 200),
    "POST /loyalty/attach-customer-to-cart-session": ((KIOSK,), 200),
    "POST /loyalty/apply-reward-to-cart": ((KIOSK,), 200),
    "POST /loyalty/earn-points-from-paid-order": ((KIOSK, INTERNAL), 200),
    "POST /loyalty/redeem-reward-after-payment": ((KIOSK, INTERNAL), 200),
    "POST /loyalty/membership-checkout-create-session": ((INTERNAL,), 200),
    "POST /loyalty/monthly-reward-grant-job": ((INTERNAL,), 200),
    "POST /loyalty/process-pass-update-jobs": ((INTERNAL,), 200),
    "POST /api/issue-card": ((KIOSK, INTERNAL), 200),
    "GET /api/card-branding": ((KIOSK, INTERNAL, ADMIN), 200),
    "POST /api/card-branding": ((ADMIN,), 200),
    "GET /admin": ((ADMIN,), 200),
    # The key is in the form, whoever else sends it; and a cookie that is not there can be cleared.
    "POST /admin/sign-in": (OPEN, 303),
    "POST /admin/sign-out": (OPEN, 303),
    # Open by contract. What stands in front of them is a signature, a token, or nothing.
    "POST /loyalty/stripe-webhook": (OPEN, 400),
    "GET /membership": (OPEN, 401),
    "GET /wallet/{token}": (OPEN, 200),
    "GET /wallet/{token}/join": (OPEN, 302),
    "GET /wallet/apple/{token}": (OPEN, 501),
    "GET /wallet/google/{token}": (OPEN, 501),
    "GET /wallet/style/{name}": (OPEN, 200),
    "POST /wallet/apple/v1/devices/{device}/registrations/{pass_type}/{serial}": (OPEN, 501),
    "DELETE /wallet/apple/v1/devices/{device}/registrations/{pass_type}/{serial}": (OPEN, 501),
    "GET /wallet/apple/v1/devices/{device}/registrations/{pass_type}": (OPEN, 501),
    "GET /wallet/apple/v1/passes/{pass_type}/{serial}": (OPEN, 501),
    "POST /wallet/apple/v1/log": (OPEN, 200),
}
JOBS = {"POST /loyalty/monthly-reward-grant-job", "POST /loyalty/process-pass-update-jobs"}
"""These are about no venue."""
REPORT = "POST /wallet/apple/v1/log"
REPORTS_APART = timedelta(seconds=3)
"""More often than that, and for long, nobody may report."""


class Setting(msgspec.Struct, frozen=True):
    """The shop, its customer, everybody who might call, and the database."""

    shop: Kiosks
    world: World
    nobodies: dict[str, dict[str, str]]
    elsewhere: dict[str, dict[str, str]]
    database_url: str

    def wait_before(self, route: str) -> None:
        """Lets as much time go by as phones have to leave between two reports."""
        if route == REPORT:
            self.shop.clock.now += REPORTS_APART


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def setting(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Setting]:
    """One for all routes."""
    directory = tmp_path_factory.mktemp("kiosks")
    with postgres.migrated_database() as database_url, selling() as (_, settings):
        async with kiosks(database_url, directory, jobs=False, **settings) as shop:
            world = await open_shop(shop)
            yield Setting(shop, world, await nobodies(shop), await elsewhere(shop), database_url)


async def nobodies(shop: Kiosks) -> dict[str, dict[str, str]]:
    """What those send who are nobody: 401 wherever somebody is asked for."""
    callers: dict[str, dict[str, str]] = {
        "no key": {},
        "a key in a cookie": {"Cookie": "; ".join(f"{HEADERS[s]}={shop.keys[s]}" for s in HEADERS)},
        "a key under another name": {"X-API-Key": shop.keys[ADMIN_SCOPE]},
        "a key as a token": {"Authorization": f"Bearer {shop.keys[KIOSK_SCOPE]}"},
        "another issuer's token": {"Authorization": f"Bearer {shop.token(iss='https://evil.example')}"},
    }
    for name, scope in SCOPES.items():
        header = HEADERS[scope]
        callers[f"an unknown {name} key"] = {header: token_hex(32)}
        callers[f"an empty {name} key"] = {header: ""}
        callers[f"a revoked {name} key"] = {header: await revoked(shop, scope)}
        callers[f"an old {name} key after its overlap"] = {header: (await rotated(shop, scope, 0))[0]}
        callers[f"a {name} key of another contract"] = {header: (await shop.new_key("rejoes:staff"))[1]}
        for other, wrong in SCOPES.items():
            if other != name:
                callers[f"a {other} key sent as a {name}'s"] = {header: shop.keys[wrong]}
    return callers


async def elsewhere(shop: Kiosks) -> dict[str, dict[str, str]]:
    """Right credentials of the wrong place, by who has them."""
    return {
        f"{name} {place}": {HEADERS[scope]: key}
        for name, scope in SCOPES.items()
        for place, key in (
            ("of another venue", (await shop.new_key(scope, venue=SECOND))[1]),
            ("of another program", shop.other_keys[scope]),
        )
    }


async def revoked(shop: Kiosks, scope: str) -> str:
    credential_id, key = await shop.new_key(scope)
    async with shop.database.transaction() as connection:
        await access.revoke_credential(connection, shop.program_id, credential_id, NOW)
    return key


async def rotated(shop: Kiosks, scope: str, hours: int) -> tuple[str, str]:
    """The old and the new key of a credential."""
    credential_id, old = await shop.new_key(scope)
    async with shop.database.transaction() as connection:
        issued = await access.rotate_credential(
            connection, SECRET_KEY, shop.program_id, credential_id, overlap=timedelta(hours=hours), now=NOW
        )
    return old, issued.key


async def test_every_route_is_in_the_table(setting: Setting) -> None:
    rows = [row for row in authorisation_table(setting.shop.application) if row.contract == "sessions"]
    assert {f"{row.method} {row.path}" for row in rows} == set(ROUTES) == set(REQUESTS)
    for row in rows:
        who, _ = ROUTES[f"{row.method} {row.path}"]
        assert row.access.public == (who is OPEN)
        assert row.access.scopes == (set() if who is OPEN else {SCOPES[name] for name in who})


@pytest.mark.parametrize("route", ROUTES)
async def test_nobody_is_let_in(setting: Setting, route: str) -> None:
    who, right = ROUTES[route]
    request = prepared(setting.world, route)
    before = footprint(setting.database_url)
    for kind, headers in setting.nobodies.items():
        setting.wait_before(route)
        answer = await send(setting.shop, request, headers)
        assert answer.status_code == (right if who is OPEN else 401), (kind, answer.text)
        if who is not OPEN:
            assert answer.json() == {"error": "unauthorized"}, kind
    if who is not OPEN:
        assert differences(before, footprint(setting.database_url)) == []


@pytest.mark.parametrize("route", ROUTES)
async def test_whoever_may_is_let_in(setting: Setting, route: str) -> None:
    who, right = ROUTES[route]
    shop = setting.shop
    for name, scope in SCOPES.items():
        bound = (await shop.new_key(scope, venue=VENUE))[1]
        for key in (shop.keys[scope], bound, *await rotated(shop, scope, 1)):
            setting.wait_before(route)
            answer = await send(shop, prepared(setting.world, route), {HEADERS[scope]: key})
            allowed = name in who
            assert answer.status_code == (right if allowed else 401), (name, answer.text)
    tokens = [shop.token(), shop.token(venue_id=VENUE)]
    for token in tokens:
        setting.wait_before(route)
        answer = await send(shop, prepared(setting.world, route), {"Authorization": f"Bearer {token}"})
        assert answer.status_code == (right if KIOSK in who else 401), answer.text


@pytest.mark.parametrize("route", [route for route, (who, _) in ROUTES.items() if who is not OPEN])
async def test_whoever_is_from_elsewhere_reaches_nothing_here(setting: Setting, route: str) -> None:
    who, _ = ROUTES[route]
    ours = footprint(setting.database_url, setting.shop.program_id)
    for kind, headers in setting.elsewhere.items():
        answer = await send(setting.shop, prepared(setting.world, route), headers)
        if kind.split(" ")[0] not in who:
            assert answer.status_code == 401, kind
        elif route not in JOBS and "of another venue" in kind:
            assert (answer.status_code, answer.json()) == (404, {"error": "venue_not_found"}), kind
        elif answer.status_code == 404:
            # The other program has a venue of the same name, but neither the customer nor the card.
            assert answer.json()["error"] in ("customer_not_found", "pass_not_found"), kind
    assert differences(ours, footprint(setting.database_url, setting.shop.program_id)) == []


async def test_head_asks_for_the_same_key_as_get(setting: Setting) -> None:
    request = prepared(setting.world, "GET /admin")
    assert (await send(setting.shop, request, {}, "HEAD")).status_code == 401
    assert (await send(setting.shop, request, setting.shop.headers(ADMIN_SCOPE), "HEAD")).status_code == 200
