"""What a request says beyond its contract gains nothing: no field, no header."""

from typing import Any

from regulars.contracts.sessions.context import INTERNAL_SCOPE, KIOSK_SCOPE
from tests.support.kiosks import VENUE, Kiosks, ok

SPOOFED = {
    "x-actor-role": "admin", "x-user-id": "1", "x-program-id": "2", "x-venue-id": "venue_002",
    "x-forwarded-for": "10.0.0.1", "x-forwarded-host": "evil.example", "x-original-url": "/admin",
}  # fmt: skip


async def test_extra_fields_are_worth_nothing(shop: Kiosks) -> None:
    customer_id = (await shop.enrol())["customer_id"]
    extra: dict[str, Any] = {
        "points_earned": 10**6, "points": 10**6, "multiplier": 9, "rewards_balance": 9, "program_id": 2,
        "membership_status": "active", "discount_minor": 10**6, "expires_at": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    paid = await shop.pay(customer_id, 11_050, "ord_1", **extra)
    assert (paid["points_earned"], paid["rewards_converted"]) == (110, 1)
    balance = {"customer_id": customer_id, "venue_id": VENUE}
    asked = ok(await shop.post("/loyalty/get-balance", {**balance, **extra}))
    assert asked == await shop.balance(customer_id)
    assert (asked["points_balance"], asked["rewards_balance"], asked["membership_status"]) == (10, 1, "none")
    cart = {**balance, "cart_session_id": "cart_1"}
    held = ok(await shop.post("/loyalty/apply-reward-to-cart", {**cart, **extra}))
    assert held["discount_minor"] == 100
    assert not held["expires_at"].startswith("2099")


async def test_headers_open_no_door_and_change_no_answer(shop: Kiosks) -> None:
    customer_id = (await shop.enrol())["customer_id"]
    body = {"customer_id": customer_id, "venue_id": VENUE}
    plain = await shop.balance(customer_id)
    client = shop.client
    answer = await client.post(
        "/loyalty/get-balance", json=body, headers={**shop.headers(KIOSK_SCOPE), **SPOOFED}
    )
    assert ok(answer) == plain
    nobody = await client.post("/loyalty/get-balance", json=body, headers=SPOOFED)
    assert (nobody.status_code, nobody.json()) == (401, {"error": "unauthorized"})
    admin = await client.get(
        "/admin", params={"venue_id": VENUE}, headers={**SPOOFED, **shop.headers(INTERNAL_SCOPE)}
    )
    assert admin.status_code == 401
    job = await client.post(
        "/loyalty/monthly-reward-grant-job", headers={**SPOOFED, **shop.headers(KIOSK_SCOPE)}
    )
    assert job.status_code == 401
