"""Each endpoint with each of its errors, in the published envelope, and in the order of the guards."""

from typing import Any

import pytest

from regulars.base.ids import new_id
from regulars.contracts.sessions.context import ADMIN_SCOPE, INTERNAL_SCOPE, KIOSK_SCOPE
from tests.support.kiosks import ELSEWHERE, SECOND, VENUE, Kiosks, ok, refused

BODIES: dict[str, tuple[str, list[str], dict[str, Any]]] = {
    "/loyalty/resolve-customer-from-pass-token": (
        KIOSK_SCOPE, ["pass_token", "venue_id"], {"pass_token": "0" * 48, "venue_id": VENUE},
    ),
    "/loyalty/upsert-customer-by-phone": (
        KIOSK_SCOPE, ["phone_raw", "venue_id"], {"phone_raw": "+447700900000", "venue_id": VENUE},
    ),
    "/loyalty/get-balance": (
        KIOSK_SCOPE, ["customer_id", "venue_id"], {"customer_id": str(new_id()), "venue_id": VENUE},
    ),
    "/loyalty/attach-customer-to-cart-session": (
        KIOSK_SCOPE, ["cart_session_id", "customer_id", "venue_id"],
        {"cart_session_id": "c", "customer_id": str(new_id()), "venue_id": VENUE},
    ),
    "/loyalty/apply-reward-to-cart": (
        KIOSK_SCOPE, ["cart_session_id", "customer_id", "venue_id"],
        {"cart_session_id": "c", "customer_id": str(new_id()), "venue_id": VENUE},
    ),
    "/loyalty/earn-points-from-paid-order": (
        KIOSK_SCOPE, ["order_id", "venue_id", "payment_event_id", "total_minor"],
        {
            "order_id": "o", "venue_id": VENUE, "payment_event_id": "e", "total_minor": 100,
            "customer_id": str(new_id()),
        },
    ),
    "/loyalty/redeem-reward-after-payment": (
        KIOSK_SCOPE, ["order_id", "venue_id", "payment_event_id"],
        {"order_id": "o", "venue_id": VENUE, "payment_event_id": "e"},
    ),
    "/loyalty/membership-checkout-create-session": (
        INTERNAL_SCOPE, ["customer_id", "venue_id", "return_url"],
        {"customer_id": str(new_id()), "venue_id": VENUE, "return_url": "https://cards.test/thanks"},
    ),
    "/api/issue-card": (
        KIOSK_SCOPE, ["phone_raw", "venue_id"], {"phone_raw": "+447700900000", "venue_id": VENUE},
    ),
    "/api/card-branding": (ADMIN_SCOPE, ["venue_id"], {"venue_id": VENUE, "brand_name": "Sessions"}),
}  # fmt: skip
OF_CUSTOMERS = [path for path, (_, required, _) in BODIES.items() if "customer_id" in required]


@pytest.fixture(params=BODIES)
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_without_a_credential(shop: Kiosks, path: str) -> None:
    refused(await shop.post(path, BODIES[path][2], by=None), 401, "unauthorized")
    # Nobody unknown is told what is wrong with a body.
    refused(await shop.post(path, raw=b"{", by=None), 401, "unauthorized")


async def test_what_is_no_json(shop: Kiosks, path: str) -> None:
    for raw in (b"", b"{", b"[]", b"null", b"5", b"venue_id=venue_001"):
        refused(await shop.post(path, raw=raw, by=BODIES[path][0]), 400, "invalid_json")


async def test_what_is_missing_is_named_in_the_published_order(shop: Kiosks, path: str) -> None:
    scope, required, body = BODIES[path]
    refused(await shop.post(path, {}, by=scope), 400, "_and_".join(required) + "_required")
    for name in required:
        for nothing in ({}, {name: None}, {name: ""}) if name != "total_minor" else ({}, {name: None}):
            rest = {key: value for key, value in body.items() if key != name}
            refused(await shop.post(path, {**rest, **nothing}, by=scope), 400, f"{name}_required")


async def test_what_is_of_the_wrong_type(shop: Kiosks, path: str) -> None:
    scope, _, body = BODIES[path]
    for name in body:
        wrong: list[Any] = [["x"], {"x": 1}, True, "5" if name == "total_minor" else 5]
        for value in wrong:
            refused(await shop.post(path, {**body, name: value}, by=scope), 400, f"invalid_{name}")


async def test_a_venue_that_is_none(shop: Kiosks, path: str) -> None:
    scope, _, body = BODIES[path]
    await shop.close_venue(SECOND)
    for venue in ("nowhere", ELSEWHERE, SECOND, "VENUE_001", "é", "a" * 200, "venue_001/..", "'"):
        refused(await shop.post(path, {**body, "venue_id": venue}, by=scope), 404, "venue_not_found")


async def test_a_credential_of_one_venue_reaches_no_other(shop: Kiosks, path: str) -> None:
    scope, _, body = BODIES[path]
    _, key = await shop.new_key(scope, venue=SECOND)
    shop.keys[scope] = key
    refused(await shop.post(path, body, by=scope), 404, "venue_not_found")
    there = await shop.post(path, {**body, "venue_id": SECOND}, by=scope)
    assert there.json() != {"error": "venue_not_found"}


@pytest.mark.parametrize("route", [*OF_CUSTOMERS, "/loyalty/earn-points-from-paid-order"])
async def test_a_customer_who_is_none(shop: Kiosks, route: str) -> None:
    scope, _, body = BODIES[route]
    erased = (await shop.enrol())["customer_id"]
    await shop.erase(erased)
    shop.keys, shop.other_keys = shop.other_keys, shop.keys
    foreign = (await shop.enrol(venue=ELSEWHERE))["customer_id"]
    shop.keys, shop.other_keys = shop.other_keys, shop.keys
    if route == "/loyalty/membership-checkout-create-session":
        # Whether there is anything to buy is asked first, and here there is not.
        refused(await shop.post(route, body, by=scope), 503, "stripe_not_configured")
        refused(await shop.post(route, {**body, "customer_id": "x"}, by=scope), 404, "customer_not_found")
        return
    for customer_id in (str(new_id()), "x", "1", erased, foreign, "{" + erased + "}", "a" * 200):
        answer = await shop.post(route, {**body, "customer_id": customer_id}, by=scope)
        refused(answer, 404, "customer_not_found")


async def test_a_card_that_is_none(shop: Kiosks) -> None:
    token = (await shop.enrol())["wallet_token"]
    path = "/loyalty/resolve-customer-from-pass-token"
    for pass_token in ("0" * 48, "x", token[:-1], token + "0", token[::-1], "é" * 48, "%", "a" * 200):
        refused(await shop.post(path, {"pass_token": pass_token, "venue_id": VENUE}), 404, "pass_not_found")
    # It is a card of its own venue only.
    refused(await shop.post(path, {"pass_token": token, "venue_id": SECOND}), 404, "pass_not_found")
    ok(await shop.post(path, {"pass_token": f" {token} ", "venue_id": VENUE}))


@pytest.mark.parametrize("phone", ["x", "1", "+", "0" * 40, "+44 7700 900123 ext. 5", "+4477009000001234"])
async def test_a_phone_that_is_none(shop: Kiosks, phone: str) -> None:
    for path in ("/loyalty/upsert-customer-by-phone", "/api/issue-card"):
        refused(await shop.post(path, {"phone_raw": phone, "venue_id": VENUE}), 400, "invalid_phone")


async def test_reward_counts(shop: Kiosks) -> None:
    customer_id = (await shop.enrol())["customer_id"]
    body = {"cart_session_id": "c", "customer_id": customer_id, "venue_id": VENUE}
    path = "/loyalty/apply-reward-to-cart"
    for count, status, word in [
        (0, 400, "invalid_reward_count"),
        (-1, 400, "invalid_reward_count"),
        (2, 400, "mvp_max_one_reward"),
        (2**63, 400, "invalid_reward_count"),
        (1, 409, "insufficient_rewards"),
    ]:
        refused(await shop.post(path, {**body, "reward_count": count}), status, word)
    refused(await shop.post(path, body), 409, "insufficient_rewards")
    # The customer comes before the count.
    unknown = {**body, "customer_id": str(new_id()), "reward_count": 0}
    refused(await shop.post(path, unknown), 404, "customer_not_found")


async def test_idempotency_keys(shop: Kiosks) -> None:
    await shop.set_program(rewards_per_cart_max=3)
    customer_id = (await shop.enrol())["customer_id"]
    await shop.pay(customer_id, 50000, "ord_1")
    path = "/loyalty/apply-reward-to-cart"
    body = {"cart_session_id": "c", "customer_id": customer_id, "venue_id": VENUE}
    first = ok(await shop.post(path, body, x_idempotency_key="k1"))
    for key in ("k1", '"k1"'):
        assert ok(await shop.post(path, body, x_idempotency_key=key)) == first
    assert ok(await shop.post(path, {**body, "idempotency_key": "k1"})) == first
    # The header wins over the body.
    other = {**body, "cart_session_id": "d"}
    answer = await shop.post(path, {**other, "idempotency_key": "k2"}, x_idempotency_key="k1")
    refused(answer, 409, "idempotency_conflict")
    refused(await shop.post(path, other, x_idempotency_key="k1"), 409, "idempotency_conflict")
    refused(await shop.post(path, other, x_idempotency_key="k" * 201), 400, "invalid_idempotency_key")
    # Another kiosk's keys are its own.
    _, shop.keys[KIOSK_SCOPE] = await shop.new_key()
    assert ok(await shop.post(path, other, x_idempotency_key="k1"))["hold_id"] != first["hold_id"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("currency", "POUND"), ("currency", "12"), ("currency", "£££"), ("paid_at", "today"),
        ("paid_at", "2026-02-17T09:30:00"), ("paid_at", "2026-02-30T09:30:00Z"), ("order_id", "x" * 201),
        ("total_minor", 10**11 + 1), ("total_minor", -(10**11) - 1), ("total_minor", 1.5),
        ("cart_session_id", "c" * 201), ("payment_event_id", "\0"),
    ],
)  # fmt: skip
async def test_orders_that_are_none(shop: Kiosks, name: str, value: Any) -> None:
    scope, _, body = BODIES["/loyalty/earn-points-from-paid-order"]
    customer_id = (await shop.enrol())["customer_id"]
    order = {**body, "customer_id": customer_id, name: value}
    refused(await shop.post("/loyalty/earn-points-from-paid-order", order, by=scope), 400, f"invalid_{name}")
    assert (await shop.balance(customer_id))["points_balance"] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("brand_name", ""), ("brand_name", None), ("brand_name", "a\nb"), ("brand_name", "x" * 65),
        ("hero_text", "x" * 201), ("primary_color", "red"), ("primary_color", "#12"),
        ("accent_color", "#gggggg"),
        ("accent_color", "fff"), ("logo_url", "javascript:alert(1)"), ("logo_url", "http://a.example/x.png"),
        ("logo_url", "https://"), ("support_email", "x"), ("support_email", "<a@b>"),
    ],
)  # fmt: skip
async def test_brandings_that_are_none(shop: Kiosks, name: str, value: Any) -> None:
    before = ok(await shop.get("/api/card-branding", by=ADMIN_SCOPE, venue_id=VENUE))
    answer = await shop.post("/api/card-branding", {"venue_id": VENUE, name: value}, by=ADMIN_SCOPE)
    refused(answer, 400, f"invalid_{name}")
    assert ok(await shop.get("/api/card-branding", by=ADMIN_SCOPE, venue_id=VENUE)) == before


@pytest.mark.parametrize("path", ["/api/card-branding", "/admin"])
async def test_queries(shop: Kiosks, path: str) -> None:
    refused(await shop.get(path, by=ADMIN_SCOPE), 400, "venue_id_required")
    refused(await shop.get(path, by=ADMIN_SCOPE, venue_id=" "), 400, "venue_id_required")
    refused(await shop.get(path, by=ADMIN_SCOPE, venue_id="nowhere"), 404, "venue_not_found")
    refused(await shop.get(path, venue_id=VENUE), 401, "unauthorized")


async def test_addresses_that_lead_nowhere(shop: Kiosks) -> None:
    for method, path in [
        ("POST", "/loyalty"), ("POST", "/loyalty/nothing"), ("GET", "/loyalty/get-balance/x"),
        ("POST", "/loyalty/get_balance"), ("GET", "/wallet"), ("GET", "/wallet/style/nothing.css"),
        ("GET", "/admin/x"), ("GET", "/membership/x"),
    ]:  # fmt: skip
        answer = await shop.client.request(method, path, headers=shop.headers())
        refused(answer, 404, "loyalty_route_not_found")
    refused(await shop.client.get("/loyalty/get-balance", headers=shop.headers()), 405, "method_not_allowed")


async def test_a_body_that_is_too_large_is_not_read(shop: Kiosks) -> None:
    large = b'{"x": "' + b"y" * shop.services.settings.request_bytes_max + b'"}'
    refused(await shop.post("/loyalty/get-balance", raw=large), 413, "request_too_large")
    refused(await shop.post("/loyalty/stripe-webhook", raw=large, by=None), 413, "request_too_large")


async def test_without_settings_nothing_of_stripe_works(shop: Kiosks) -> None:
    for signature in ("", "t=1,v1=aa"):
        answer = await shop.post("/loyalty/stripe-webhook", raw=b"{}", by=None, stripe_signature=signature)
        refused(answer, 503, "stripe_not_configured")
