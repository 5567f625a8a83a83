"""How bodies and answers travel: content types, sizes, text of every language, and pages of other origins."""

from typing import Any

import msgspec
import pytest

from regulars.features.access import actions as access
from regulars.http.cross_origin import ORIGINS
from tests.support.hotel_requests import REQUESTS, open_bar, prepared
from tests.support.hotels import BASE, Hotels, ok, refused
from tests.support.ledger import NOW

POSTS = [route for route in REQUESTS if route.startswith("POST")]
ORIGIN = "https://till.example"
PREFLIGHT = {
    "origin": ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "x-api-key, content-type",
}


@pytest.fixture(params=POSTS)
def route(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "x" * 5000,
    ],
)
async def test_json_is_json_whatever_it_is_called(hub: Hotels, content_type: str | None) -> None:
    """Tills are scripts, and not all of them name what they send."""
    await open_bar(hub)
    for name in POSTS:
        request = await prepared(hub, name)
        headers = hub.headers() | ({} if content_type is None else {"Content-Type": content_type})
        for raw in (msgspec.json.encode(request.body), b"\xef\xbb\xbf" + msgspec.json.encode(request.body)):
            answer = await hub.client.post(request.path, content=raw, headers=headers)
            # The second time a code or an address is taken, which is as good a sign that it was read.
            assert answer.status_code in (200, 201, 409), (name, answer.text)


async def test_what_is_no_json_is_refused_whatever_it_is_called(hub: Hotels, route: str) -> None:
    path = route.removeprefix("POST ")
    form = {"identifier": "F1", "code": "SUMMER24", "name": "Jane", "customer_id": "1", "total_amount": "1"}
    refused(await hub.client.post(path, data=form, headers=hub.headers()), 400, "rest_invalid_json")
    files = {"name": ("a.txt", b"Jane")}
    refused(await hub.client.post(path, files=files, headers=hub.headers()), 400, "rest_invalid_json")


async def test_a_body_that_is_too_large_is_not_read(hub: Hotels, route: str) -> None:
    path = route.removeprefix("POST ")
    limit = hub.services.settings.request_bytes_max
    too_large = b'{"x": "' + b"y" * limit + b'"}'
    answer = await hub.client.post(path, content=too_large, headers=hub.headers())
    refused(answer, 413, "rest_request_too_large", "The request is too large.")
    # Nobody without a key is asked for a body at all.
    refused(await hub.client.post(path, content=too_large), 401, "missing_api_key")


async def test_extra_fields_are_ignored_unless_they_are_no_json(hub: Hotels, route: str) -> None:
    await open_bar(hub)
    request = await prepared(hub, route)
    more = {"__proto__": {"a": 1}, "": 1, "x" * 500: [[[{"y": None}]]], "\u0000": "\u0000"}
    answer = await hub.client.post(request.path, json={**request.body, **more}, headers=hub.headers())
    assert answer.status_code in (200, 201), answer.text


@pytest.mark.parametrize("text", ["Zo\u00eb", "\u5f20\u4f1f", "\U0001f37a", "\u05d3\u05e0\u05d4", "O'Brien"])
async def test_text_of_every_language_comes_back_as_it_was_sent(hub: Hotels, text: str) -> None:
    registered = await hub.register(text, rfid_code=text)
    added = await hub.add_fob(registered["customer_id"], text + "2", label=text)
    assert (registered["name"], added["value"], added["label"]) == (text, text + "2", text)
    known = ok(await hub.post("/identify", {"identifier": text + "2"}))
    assert (known["name"], known["identifier_label"]) == (text, text)


async def test_answers_are_marked_and_not_kept(hub: Hotels) -> None:
    await open_bar(hub)
    for name in REQUESTS:
        request = await prepared(hub, name)
        for headers in (hub.headers(), {}):
            answer = await hub.client.request(
                request.method, request.path, json=request.body, headers=headers
            )
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-request-id"]


async def test_no_page_of_another_origin_may_call_by_default(hub: Hotels, route: str) -> None:
    path = route.removeprefix("POST ")
    preflight = await hub.client.options(path, headers=PREFLIGHT)
    answer = await hub.client.post(path, headers={**hub.headers(), "origin": ORIGIN})
    for said in (preflight, answer):
        assert not [name for name in said.headers if name.startswith("access-control-")]


async def test_an_origin_that_the_program_names_may_call(hub: Hotels) -> None:
    async with hub.database.transaction() as connection:
        settings: dict[str, Any] = {ORIGINS.name: [ORIGIN]}
        await access.update_program_settings(connection, hub.program_id, settings, now=NOW)
    preflight = await hub.client.options(f"{BASE}/identify", headers=PREFLIGHT)
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, ORIGIN)
    assert preflight.headers["access-control-allow-headers"] == "x-api-key, content-type"
    assert "access-control-allow-credentials" not in preflight.headers
    # It may ask, and still needs a key.
    answer = await hub.client.post(f"{BASE}/identify", headers={"origin": ORIGIN})
    refused(answer, 401, "missing_api_key")
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    other = await hub.client.post(f"{BASE}/identify", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
