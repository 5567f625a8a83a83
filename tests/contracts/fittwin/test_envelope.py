"""Every refusal has the published shape, at both addresses of each route, whatever was wrong."""

from typing import Any

import msgspec
import pytest

from regulars.db.database import DatabaseUnavailable
from regulars.features.referrals import actions as referrals
from tests.support.market import Answer, Market, ok, refused
from tests.support.market_requests import EVERY, OPEN, REQUESTS, SHOP, SHOPPER, of, prepared, send

VOLATILE = {"date", "x-request-id"}


def right(shop: Market, who: str) -> dict[str, str]:
    """The headers of whoever may."""
    return {SHOPPER: shop.as_shopper(), SHOP: shop.as_shop(), OPEN: {}}[who]


def said(answer: Answer) -> tuple[int, bytes, dict[str, str]]:
    headers = {name: value for name, value in answer.headers.items() if name not in VOLATILE}
    headers["allow"] = str(allowed(answer))
    return answer.status_code, answer.content, headers


def allowed(answer: Answer) -> list[str]:
    """The methods that an answer names, which come in any order."""
    return sorted(answer.headers.get("allow", "").split(", "))


@pytest.mark.parametrize("route", REQUESTS)
async def test_both_addresses_answer_alike(shop: Market, route: str) -> None:
    request = await prepared(shop, route)
    _, who, status = REQUESTS[route]
    first = await send(shop, request, right(shop, who))
    assert first.status_code == status
    body = b"" if request.body is None else msgspec.json.encode(request.body)
    unknown = request.path.replace(request.path.split("/")[-1], "A" * 22)
    contents = [body, b"", b"{", b"[]", b"{}", b'{"rid": 5, "productId": 5, "deviceFingerprint": 5}']
    tries: list[tuple[str, str, dict[str, str], bytes]] = [
        *((request.method, request.path, right(shop, who), content) for content in contents),
        (request.method, request.path, {}, body),
        (request.method, request.path, {"x-internal-api-key": "x", "authorization": "Bearer x"}, body),
        (request.method, unknown, right(shop, who), body),
        ("HEAD", request.path, right(shop, who), b""),
        ("OPTIONS", request.path, {}, b""),
        ("PATCH", request.path, right(shop, who), body),
        (request.method, request.path + "/more", right(shop, who), body),
    ]
    for method, path, headers, content in tries:
        answers = [
            await shop.client.request(method, api + path, content=content, headers=headers)
            for api in ("", "/api/v1")
        ]
        assert said(answers[0]) == said(answers[1]), (method, path, content)


@pytest.mark.parametrize("api", ["", "/api/v1"])
async def test_addresses_and_methods_that_there_are_not(shop: Market, api: str) -> None:
    for path in ("/r", "/r/", "/r/a/b", "/referrals/a/b/c", "/referrals/a/events/b", "/referrals/orders/a/b"):
        for method in ("GET", "POST"):
            for headers in ({}, shop.as_shop(), shop.as_shopper()):
                answer = await shop.client.request(method, api + path, headers=headers)
                refused(answer, 404, "NOT_FOUND")
    for route, right_method in (
        ("/referrals", "POST"), ("/referrals/orders/x/refund", "POST"), ("/referrals/x/track-click", "POST"),
        ("/referrals/x", "GET"), (f"/r/{'A' * 22}", "GET"),
    ):  # fmt: skip
        for method in ("PUT", "DELETE", "PATCH"):
            answer = await shop.client.request(method, api + route, headers=shop.as_shop())
            refused(answer, 405, "METHOD_NOT_ALLOWED")
            assert allowed(answer) == sorted(["OPTIONS", right_method])


@pytest.mark.parametrize("route", [route for route in EVERY if route.startswith("POST")])
async def test_bodies_that_are_none_or_too_large(shop: Market, route: str) -> None:
    request = await prepared(shop, route)
    headers = right(shop, of(route)[1])
    reads_no_body = "/orders/" in route
    for content in (b"{", b"\xff", b"[" * 5000, b"null", b'{"rid": "x"', b"<x/>"):
        answer = await shop.post(request.path, raw=content, headers=headers)
        if not reads_no_body:
            refused(answer, 400, "VALIDATION_FAILED")
    large = b'{"channel": "' + b"x" * shop.services.settings.request_bytes_max + b'"}'
    answer = await shop.post(request.path, raw=large, headers=headers)
    if not reads_no_body:
        refused(answer, 413, "VALIDATION_FAILED")
        assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("route", ["POST /referrals/validate", "POST /referrals"])
async def test_nobody_asks_for_a_content_type(shop: Market, route: str) -> None:
    request = await prepared(shop, route)
    status = of(route)[2]
    body: dict[str, Any] = dict(request.body)
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense", "", None):
        if "productId" in body:
            body["productId"] = await shop.product()
        headers = right(shop, of(route)[1]) | ({} if kind is None else {"content-type": kind})
        ok(await shop.post(request.path, body, headers), status)


async def test_what_passes_says_when_to_come_back(shop: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    rid = await shop.rid()

    async def fail(*_: Any, **__: Any) -> None:
        raise DatabaseUnavailable("gone")

    for name in ("validate", "attribute", "return_order", "find", "find_link", "stats_of", "create"):
        monkeypatch.setattr(referrals, name, fail)
    answers = [
        await shop.validate(rid), await shop.attribute(rid, "order"), await shop.create(),
        await shop.post("/referrals/orders/order/refund"), await shop.post(f"/referrals/{rid}/track-click"),
        await shop.get(f"/referrals/{rid}"), await shop.client.get(f"/r/{rid}"),
    ]  # fmt: skip
    for answer in answers:
        refused(answer, 503, "SERVICE_UNAVAILABLE")
        assert answer.headers["retry-after"] == "1"
