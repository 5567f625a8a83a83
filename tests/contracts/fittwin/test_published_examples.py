"""Each example of the published contract, word for word."""

import re
from typing import Any

import msgspec
import pytest

from regulars.base.ids import new_id
from tests.support.market import BEN, SHOP_URL, Market, ok, refused

RID = re.compile(r"[A-Za-z0-9_-]{22}")
API = ["", "/api/v1"]


def shape(value: Any) -> Any:
    """The names in their order, with the kinds of what they name."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__


CREATED = """
{
  "rid": "b64urlhash",
  "shareUrl": "https://app.fittwin.com/p/slug?rid=b64urlhash",
  "expiresAt": "2025-10-23T00:00:00Z",
  "policy": {"rewardType": "storeCredit", "rewardValue": 1000, "currency": "USD", "holdDays": 30}
}
"""
STATS = """
{
  "rid": "b64urlhash", "clicks": 42, "conversions": 5, "gmv": 215000, "status": "active",
  "expiresAt": "2025-10-23T00:00:00Z", "rewards": {"pendingHold": 3, "payable": 2, "paid": 0}
}
"""
EVENTS = """
{
  "events": [
    {"eventId": "uuid", "eventType": "click", "timestamp": "2025-09-20T12:34:00Z"},
    {"eventId": "uuid", "eventType": "conversion", "timestamp": "2025-09-21T18:10:00Z",
      "orderId": "uuid", "orderTotal": 12900}
  ],
  "nextCursor": null
}
"""
VALID = '{"valid": true, "attribution": "first_click", "reason": null}'


def published(text: str) -> Any:
    return msgspec.json.decode(text)


@pytest.mark.parametrize("api", API)
async def test_a_rid_is_made_once(shop: Market, api: str) -> None:
    body = {"productId": shop.product_id, "channel": "social"}
    made = ok(await shop.post(f"{api}/referrals", body, shop.as_shopper()), 201)
    assert shape(made) == shape(published(CREATED))
    assert list(made) == list(published(CREATED))
    assert RID.fullmatch(made["rid"])
    assert made["shareUrl"] == f"{SHOP_URL}/p/slug?rid={made['rid']}"
    assert made["expiresAt"] == "2026-03-31T12:00:00Z"
    assert made["policy"] == published(CREATED)["policy"]
    # The same data with a 409, whatever is asked for besides.
    await shop.set_program(referrals__reward_value=5, referrals__hold_days=1)
    for again in (body, {"productId": shop.product_id.upper()}):
        assert ok(await shop.post(f"{api}/referrals", again, shop.as_shopper()), 409) == made


@pytest.mark.parametrize("api", API)
async def test_the_owner_sees_what_came_of_it(shop: Market, api: str) -> None:
    rid = ok(await shop.create(), 201)["rid"]
    for device in ("one", "two", "one"):
        click = await shop.post(f"{api}/referrals/{rid}/track-click", {"deviceFingerprint": device})
        assert (click.status_code, click.content) == (204, b"")
    orders = [await shop.buy(rid) for _ in range(3)]
    assert await shop.mature(days=31) == 3
    late = str(new_id())
    ok(await shop.attribute(rid, orders[0]))
    refused(await shop.attribute(rid, late), 409, "RID_EXPIRED")
    said = ok(await shop.get(f"{api}/referrals/{rid}"))
    assert list(said) == list(published(STATS))
    assert shape(said) == shape(published(STATS))
    assert said == {
        "rid": rid, "clicks": 2, "conversions": 3, "gmv": 3 * 12900, "status": "expired",
        "expiresAt": "2026-03-31T12:00:00Z", "rewards": {"pendingHold": 0, "payable": 3, "paid": 0},
    }  # fmt: skip


@pytest.mark.parametrize("api", API)
async def test_events_are_listed_newest_first(shop: Market, api: str) -> None:
    rid = ok(await shop.create(), 201)["rid"]
    ok_order = await shop.buy(rid)
    shop.clock.advance(minutes=5)
    await shop.post(f"/referrals/{rid}/track-click", {"deviceFingerprint": "one"})
    said = ok(await shop.get(f"{api}/referrals/{rid}/events"))
    assert list(said) == list(published(EVENTS))
    assert shape(said) == shape(published(EVENTS))
    click, conversion = said["events"]
    assert (click["eventType"], click["timestamp"]) == ("click", "2026-03-01T12:05:00Z")
    assert conversion["orderId"] == ok_order
    assert conversion["orderTotal"] == 12900


@pytest.mark.parametrize("api", API)
async def test_an_order_came_by_a_rid(shop: Market, api: str) -> None:
    rid, order_id = await shop.rid(), str(new_id())
    body = {
        "rid": rid, "orderId": order_id, "userId": str(new_id()), "deviceFingerprint": "hash",
        "ip": "hashed-ip",
    }  # fmt: skip
    for _ in range(2):
        said = ok(await shop.post(f"{api}/referrals/validate", body))
        assert said == published(VALID)
        assert list(said) == list(published(VALID))
    own = body | {"orderId": str(new_id()), "userId": "0197C1A2-0000-7000-8000-00000000000A"}
    said = ok(await shop.post(f"{api}/referrals/validate", own), 409)
    assert said == {"valid": False, "attribution": None, "reason": "RID_SELF_PURCHASE_BLOCKED"}
    shop.clock.advance(days=30)
    late = body | {"orderId": str(new_id())}
    said = ok(await shop.post(f"{api}/referrals/validate", late), 409)
    assert said == {"valid": False, "attribution": None, "reason": "RID_EXPIRED"}


@pytest.mark.parametrize("api", API)
async def test_a_link_leads_to_the_shop(shop: Market, api: str) -> None:
    made = ok(await shop.create(), 201)
    for _ in range(3):
        answer = await shop.client.get(f"{api}/r/{made['rid']}")
        assert (answer.status_code, answer.content) == (302, b"")
        assert answer.headers["location"] == made["shareUrl"]
    assert (await shop.stats(made["rid"]))["clicks"] == 1
    await shop.client.head(f"{api}/r/{made['rid']}", headers={"user-agent": "a preview"})
    await shop.client.get(f"{api}/r/{made['rid']}", headers={"user-agent": "another browser"})
    assert (await shop.stats(made["rid"]))["clicks"] == 2
    shop.clock.advance(days=31)
    answer = await shop.client.get(f"{api}/r/{made['rid']}")
    assert answer.headers["location"] == made["shareUrl"]
    assert (await shop.stats(made["rid"]))["clicks"] == 2


@pytest.mark.parametrize("api", API)
@pytest.mark.parametrize("way", ["refund", "cancel"])
async def test_an_order_comes_back(shop: Market, api: str, way: str) -> None:
    rid = await shop.rid()
    order_id = await shop.buy(rid)
    paid = ok(await shop.attribute(rid, order_id))
    assert paid == {
        "rid": rid, "orderId": order_id, "orderTotal": 12900, "rewardAmount": 1000, "currency": "USD",
        "status": "pending_hold", "holdUntil": "2026-03-31T12:00:00Z",
    }  # fmt: skip
    back = {"rid": rid, "orderId": order_id, "rewardStatus": "cancelled", "clawedBack": False}
    for _ in range(2):
        assert ok(await shop.post(f"{api}/referrals/orders/{order_id}/{way}")) == back
    assert (await shop.stats(rid))["rewards"] == {"pendingHold": 0, "payable": 0, "paid": 0}
    other = await shop.buy(rid)
    assert await shop.mature(days=31) == 1
    assert (await shop.credit()).balance == 1000
    said = ok(await shop.post(f"{api}/referrals/orders/{other.upper()}/{way}"))
    assert said == {"rid": rid, "orderId": other, "rewardStatus": "cancelled", "clawedBack": True}
    assert (await shop.credit()).balance == 0


async def test_ten_rids_a_day(shop: Market) -> None:
    for _ in range(10):
        await shop.rid()
    refused(await shop.create(await shop.product()), 429, "RID_RATE_LIMITED")
    await shop.rid(BEN)


async def test_what_is_told_when_a_reward_is_payable(shop: Market) -> None:
    rid = await shop.rid()
    order_id = await shop.buy(rid)
    assert await shop.mature(days=30) == 1
    [data] = await shop.told("referral.reward_payable")
    assert data == {
        "rid": rid, "orderId": order_id, "rewardAmount": 1000, "currency": "USD", "status": "payable",
    }  # fmt: skip
