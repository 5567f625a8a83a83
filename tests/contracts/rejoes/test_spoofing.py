"""What a request says beyond its contract gains nothing: no field, no header."""

from typing import Any

from tests.support.stores import Stores, ok

SPOOFED = {
    "x-actor-role": "admin", "x-user-id": "1", "x-program-id": "2", "x-store-location": "Store B",
    "x-forwarded-for": "10.0.0.1", "x-shopify-hmac-sha256": "AAAA",
    "x-original-url": "/members/dev/seed-member",
}  # fmt: skip


async def test_extra_fields_lend_nothing(shop: Stores) -> None:
    member_id = await shop.member("BASIC")
    extra: dict[str, Any] = {
        "itemsUsed": -5, "itemsOut": -5, "swapsUsed": -5, "tier": "PREMIUM", "programId": 2,
        "status": "ACTIVE",
        "itemsPerCycle": 99, "dueDate": "2099-01-01T00:00:00Z", "loanId": "mine",
    }  # fmt: skip
    one, other = await shop.photos(member_id), await shop.photos(member_id)
    body = {"memberId": member_id, "storeLocation": "Store A", **extra}
    lent = ok(await shop.post("/loans/checkout", {**body, "uploadIds": one}, once="one"), 201)
    assert "2099" not in str(lent)
    refused = await shop.post("/loans/checkout", {**body, "uploadIds": other}, once="other")
    assert refused.json() == {"message": "BASIC plan: 0 of 1 items remaining this month"}
    added = {"cardToken": "CARD-X", "shopifyCustomerId": "900", "itemsUsed": -5, "status": "PAUSED"}
    assert ok(await shop.post("/members/add", added), 201)["member"]["status"] == "ACTIVE"


async def test_headers_open_no_door_and_change_no_answer(shop: Stores) -> None:
    member_id = await shop.member("BASIC", "CARD-S")
    path = "/members/by-card/CARD-S"
    plain = ok(await shop.client.get(path, headers=shop.headers()))
    assert plain["member"]["id"] == member_id
    assert ok(await shop.client.get(path, headers={**shop.headers(), **SPOOFED})) == plain
    assert (await shop.client.get(path, headers=SPOOFED)).status_code == 401
    seed = {"cardToken": "CARD-T", "tier": "PREMIUM"}
    headers = {**shop.headers(), **SPOOFED}
    seeded = await shop.client.post("/members/dev/seed-member", json=seed, headers=headers)
    assert seeded.status_code == 403
    told = {"type": "x", "data": {"shopifyCustomerId": "1", "planHandle": "premium", "status": "ACTIVE"}}
    news = await shop.client.post("/webhooks/subscription", json=told, headers={**shop.headers(), **SPOOFED})
    assert news.status_code == 401
