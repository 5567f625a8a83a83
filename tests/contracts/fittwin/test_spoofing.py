"""What a request says beyond its contract gains nothing: no field, no parameter, no header."""

from typing import Any

import msgspec
import pytest

from regulars.features.referrals.model import Rule
from tests.support.footprint import differences, footprint
from tests.support.market import ANN, BEN, Answer, Market, ok
from tests.support.market_requests import EVERY, OPEN, REQUESTS, SHOP, of, prepared, send

ADDRESS = "203.0.113.9"
"""Where the client of the tests is."""

SPOOFED = {
    "x-actor-role": "admin", "x-user-id": BEN, "x-program-id": "2", "x-owner-id": BEN, "x-admin": "true",
    "x-forwarded-for": "198.51.100.1", "forwarded": "for=198.51.100.1;host=evil.test", "via": "1.1 evil.test",
    "x-real-ip": "198.51.100.1", "x-client-ip": "198.51.100.1", "true-client-ip": "198.51.100.1",
    "cf-connecting-ip": "198.51.100.1", "x-forwarded-host": "evil.test", "x-forwarded-proto": "http",
    "x-original-url": "/referrals/orders/x/refund", "x-http-method-override": "DELETE",
    "x-rewrite-url": "/metrics",
}  # fmt: skip
EXTRA: dict[str, Any] = {
    "ownerId": BEN, "programId": 2, "program_id": 2, "policy": {"rewardValue": 10**9}, "rewardValue": 10**9,
    "rewardAmount": 10**9, "reward_amount": 10**9, "rewardType": "cash", "status": "paid", "holdDays": 0,
    "holdUntil": "2000-01-01T00:00:00Z", "hold_until": "2000-01-01T00:00:00Z", "valid": True,
    "expiresAt": "2099-01-01T00:00:00Z", "conversions": 10**6, "clicks": 10**6, "gmv": 10**9,
    "attribution": "first_click", "clawedBack": False, "flagged": False, "is_admin": True, "slug": "evil",
}  # fmt: skip


def headers_of(shop: Market, route: str) -> dict[str, str]:
    who = of(route)[1]
    return {} if who is OPEN else shop.as_shop() if who is SHOP else shop.as_shopper()


async def figures(shop: Market) -> dict[str, tuple[Any, ...]]:
    """What could be gained under each RID: its owner, policy and figures, and its order's reward."""
    rows = await shop.rows(
        """
        select r.rid, r.program_id, i.value, r.status, r.reward_type, r.reward_value, r.hold_days,
            r.expires_at, r.clicks, r.conversions, r.gmv, c.status, c.reward_amount, c.reward_status,
            c.hold_until
        from referrals r
        join identifiers i on i.program_id = r.program_id and i.member_id = r.owner_id
        left join referral_conversions c on c.program_id = r.program_id and c.rid = r.rid
        """
    )
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize("route", REQUESTS)
async def test_extra_fields_and_headers_change_nothing(shop: Market, route: str) -> None:
    """One request as it should be and one with all that gains nothing leave the same behind."""
    seen = []
    known: dict[str, tuple[Any, ...]] = {}
    for extra, more in (({}, {}), (EXTRA, SPOOFED)):
        request = await prepared(shop, route)
        body = {**extra, **(request.body or {})}
        query = "&".join(f"{name}={value}" for name, value in extra.items() if isinstance(value, str | int))
        sent = msgspec.structs.replace(request, path=f"{request.path}?{query}", body=body or None)
        answer = await send(shop, sent, headers_of(shop, route) | more)
        assert answer.status_code == of(route)[2]
        found = await figures(shop)
        [figures_of_new] = [found[rid] for rid in found.keys() - known.keys()]
        seen.append((without_names(answer), figures_of_new))
        known = found
    assert seen[0] == seen[1]


def without_names(answer: Answer) -> Any:
    """An answer without the texts that differ from one RID or order to the next."""
    if not answer.content:
        return answer.headers.get("location", "").partition("/p/")[0]
    body = answer.json()
    return {name: value for name, value in body.items() if name not in ("rid", "shareUrl", "orderId")}


@pytest.mark.parametrize("route", EVERY)
async def test_headers_open_no_door(shop: Market, database_url: str, route: str) -> None:
    request, who = await prepared(shop, route), of(route)[1]
    if who is OPEN:
        await check_link(shop, request.path)
        return
    before = footprint(database_url)
    for more in ({}, {"x-internal-api-key": "undefined"}, {"authorization": "Basic YWRtaW46YWRtaW4="}):
        answer = await send(shop, request, {**SPOOFED, **more})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHORIZED")
    assert differences(before, footprint(database_url)) == []


async def check_link(shop: Market, path: str) -> None:
    plain, spoofed = await shop.client.get(path), await shop.client.get(path, headers=SPOOFED)
    assert (plain.status_code, spoofed.status_code) == (302, 302)
    assert plain.headers["location"] == spoofed.headers["location"]


async def test_nobody_clicks_from_elsewhere_by_saying_so(shop: Market) -> None:
    rid = await shop.rid()
    for number in range(30):
        said = {name: f"198.51.100.{number}" for name in SPOOFED if "ip" in name or "forwarded-for" in name}
        said |= {"forwarded": f"for=198.51.100.{number}", "user-agent": f"browser {number}"}
        answer = await shop.client.get(f"/r/{rid}", headers=SPOOFED | said)
        assert answer.status_code == 302
    # The owner's own sign-up was the first event from here.
    assert (await shop.stats(rid))["clicks"] == 9
    assert [flag.rule for flag in await shop.flags()] == [Rule.EVENT_FLOOD]


async def test_no_owner_is_elsewhere_by_saying_so(shop: Market) -> None:
    body = {"productId": shop.product_id}
    made = ok(await shop.post("/referrals", body, shop.as_shopper() | SPOOFED), 201)
    elsewhere = ok(await shop.validate(made["rid"], "order-1", userId="x", ip="198.51.100.1"))
    assert elsewhere["valid"]
    own = ok(await shop.validate(made["rid"], "order-2", userId="x", ip=ADDRESS), 409)
    assert own["reason"] == "RID_SELF_PURCHASE_BLOCKED"
    assert [flag.rule for flag in await shop.flags()] == [Rule.SHARED_ADDRESS]


async def test_the_shop_s_own_address_is_not_the_buyer_s(shop: Market) -> None:
    """The key's owner tells of buyers in the body; what its request says of itself says nothing of them."""
    rid = await shop.rid()
    said = {"rid": rid, "orderId": "order", "userId": "buyer"}
    headers = shop.as_shop() | SPOOFED | {"x-forwarded-for": ADDRESS, "x-user-id": ANN}
    assert ok(await shop.post("/referrals/validate", said, headers))["valid"]
    assert await shop.flags() == []
