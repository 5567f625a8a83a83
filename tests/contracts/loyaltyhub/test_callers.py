"""Who may call, and what everybody else is told."""

from datetime import timedelta
from typing import Any

import pytest

from regulars.features.access import actions as access
from regulars.http.access import authorisation_table
from tests.support.hotels import BASE, ELSEWHERE, HIGH_STREET, NUMBER_FOUR, SECRET_KEY, Hotels, ok, refused
from tests.support.ledger import NOW

ROUTES: dict[str, dict[str, Any] | None] = {
    "POST /register": {"name": "Jane Doe"},
    "GET /sync": None,
    "POST /identifier/add": {"customer_id": 1, "identifier": "F1"},
    "POST /identifier/replace": {"customer_id": 1, "identifier_id": 1, "new_identifier": "F1"},
    "POST /identify": {"identifier": "F1"},
    "POST /transaction": {"customer_id": 1, "total_amount": 45.50},
    "POST /promos/validate": {"code": "SUMMER24"},
    "POST /promos/apply": {"code": "SUMMER24"},
}
MISSING = (401, "missing_api_key", "Missing API key")
INVALID = (401, "invalid_api_key", "Invalid API key")
INACTIVE = (403, "hotel_inactive", "Hotel is inactive")


@pytest.fixture(params=ROUTES)
def route(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def send(hub: Hotels, route: str, headers: dict[str, Any], **more: Any) -> Any:
    method, path = route.split(" ")
    return await hub.client.request(method, BASE + path, json=ROUTES[route], headers=headers, **more)


async def test_every_route_of_the_contract_is_in_the_table(hub: Hotels) -> None:
    rows = [row for row in authorisation_table(hub.application) if row.contract == "loyaltyhub"]
    assert {f"{row.method} {row.path.removeprefix(BASE)}" for row in rows} == set(ROUTES)
    assert all(row.access.scopes == {"loyaltyhub:till"} for row in rows)
    assert not any(row.access.public or row.access.keyless_setting for row in rows)


async def test_without_a_key(hub: Hotels, route: str) -> None:
    elsewhere = {"Authorization": f"Bearer {hub.keys[HIGH_STREET]}", "X-Admin-Key": hub.keys[HIGH_STREET]}
    for headers in ({}, elsewhere):
        refused(await send(hub, route, headers), *MISSING)


async def test_with_a_key_that_is_none(hub: Hotels, route: str) -> None:
    right = hub.keys[HIGH_STREET]
    for key in ("", " ", "x", "x" * 64, right[:-1], right + "x", right.swapcase(), "\u00e9" * 64, "x" * 5000):
        refused(await send(hub, route, {"X-API-Key": key.encode()}), *INVALID)


async def test_with_a_key_that_is_for_something_else(hub: Hotels, route: str) -> None:
    here = hub.location_ids[HIGH_STREET]
    _, other_contract = await hub.new_key(location_id=here, scope="rejoes:staff")
    _, no_hotel = await hub.new_key()
    for key in (other_contract, no_hotel):
        refused(await send(hub, route, {"X-API-Key": key}), *INVALID)


async def test_with_a_key_that_was_revoked(hub: Hotels, route: str) -> None:
    credential_id, key = await hub.new_key(location_id=hub.location_ids[HIGH_STREET])
    async with hub.database.transaction() as connection:
        await access.revoke_credential(connection, hub.program_id, credential_id, hub.clock())
    refused(await send(hub, route, {"X-API-Key": key}), *INVALID)


async def test_with_the_key_of_a_hotel_that_was_switched_off(hub: Hotels, route: str) -> None:
    await hub.register("Before", hotel=NUMBER_FOUR)
    await hub.close_hotel(NUMBER_FOUR)
    refused(await send(hub, route, hub.headers(NUMBER_FOUR)), *INACTIVE)
    # The hotel next door goes on, with its guests.
    assert (await hub.sync())["count"] == 1


async def test_an_inactive_hotel_is_told_so_whatever_it_sends(hub: Hotels) -> None:
    await hub.close_hotel(HIGH_STREET)
    for raw in (b"", b"{", b"[]", b'{"name": 5}'):
        refused(await hub.post("/register", raw=raw), *INACTIVE)
    refused(await hub.get("/sync", updated_since="x"), *INACTIVE)


async def test_both_keys_work_while_a_key_is_rotated(hub: Hotels) -> None:
    credential_id, old = await hub.new_key(location_id=hub.location_ids[HIGH_STREET])
    async with hub.database.transaction() as connection:
        issued = await access.rotate_credential(
            connection, SECRET_KEY, hub.program_id, credential_id, overlap=timedelta(hours=1), now=NOW
        )
    assert len(old) == len(issued.key) == 64
    for key in (old, issued.key):
        ok(await hub.client.get(f"{BASE}/sync", headers={"X-API-Key": key}))


async def test_headers_and_fields_that_are_not_read_gain_nothing(hub: Hotels) -> None:
    spoofed = {
        "name": "Jane", "customer_id": 77, "home_hotel_id": 99, "is_staff": True, "tier": "Regular",
        "program_id": hub.other_program_id, "qr_code": "LHAAAAAAAAAAAA", "status": "erased",
    }  # fmt: skip
    headers = {**hub.headers(), "X-Actor-Role": "admin", "X-Program-Id": str(hub.other_program_id)}
    answer = await hub.client.post(f"{BASE}/register", json=spoofed, headers=headers)
    body = ok(answer, 201)
    assert (body["customer_id"], body["tier"]) == (1, "Member")
    assert body["qr_code"] != "LHAAAAAAAAAAAA"
    jane = await hub.customer(1)
    assert (jane.staff, jane.home_location_id) == (False, hub.location_ids[HIGH_STREET])
    assert (await hub.sync(hotel=ELSEWHERE))["count"] == 0


async def test_addresses_that_lead_nowhere(hub: Hotels) -> None:
    for method, path in [
        ("GET", "/nothing"), ("POST", ""), ("GET", "/register"), ("POST", "/sync"), ("PUT", "/register"),
        ("DELETE", "/identifier/add"), ("GET", "/identifier"), ("POST", "/register/x"),
    ]:  # fmt: skip
        for headers in (hub.headers(), {}):
            answer = await hub.client.request(method, BASE + path, headers=headers)
            refused(answer, 404, "rest_no_route", "No route was found matching the URL and request method.")
