"""What the owner of a RID reads: pages that stay as they are, and never who clicked or bought."""

from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from regulars.contracts.fittwin.cursors import cursor_before
from tests.support.market import BEN, Market, ok, refused

BUYER = {"userId": "buyer-nightingale", "deviceFingerprint": "device-nightingale", "ip": "198.51.100.77"}


async def click(shop: Market, rid: str, device: str) -> None:
    body = {"deviceFingerprint": device, "ip": f"address of {device}"}
    assert (await shop.post(f"/referrals/{rid}/track-click", body)).status_code == 204


async def page(shop: Market, rid: str, **query: Any) -> dict[str, Any]:
    asked = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    said: dict[str, Any] = ok(await shop.get(f"/referrals/{rid}/events?{asked}"))
    return said


async def test_events_say_nothing_of_who_it_was(shop: Market) -> None:
    rid = await shop.rid()
    await shop.buy(rid, "order-1", **BUYER)
    tracked = {"deviceFingerprint": BUYER["deviceFingerprint"], "ip": BUYER["ip"]}
    await shop.post(f"/referrals/{rid}/track-click", tracked)
    await shop.client.get(f"/r/{rid}", headers={"user-agent": "agent-nightingale"})
    events = (await page(shop, rid))["events"]
    assert [list(event) for event in events] == [
        ["eventId", "eventType", "timestamp"],
        ["eventId", "eventType", "timestamp"],
        ["eventId", "eventType", "timestamp", "orderId", "orderTotal"],
    ]
    for text in (await page(shop, rid), await shop.stats(rid), await shop.told("referral.conversion")):
        for secret in ("nightingale", "198.51.100", "203.0.113"):
            assert secret not in str(text)


async def test_a_cursor_leads_to_the_same_page_for_ever(shop: Market) -> None:
    rid = await shop.rid()
    for number in range(6):
        await click(shop, rid, f"device {number}")
    first = await page(shop, rid, limit=2)
    second = await page(shop, rid, limit=2, cursor=first["nextCursor"])
    for number in range(3):
        await click(shop, rid, f"late device {number}")
        await shop.buy(rid)
        assert await page(shop, rid, limit=2, cursor=first["nextCursor"]) == second
    last = await page(shop, rid, limit=2, cursor=second["nextCursor"])
    assert last["nextCursor"] is None
    seen = [event["eventId"] for part in (first, second, last) for event in part["events"]]
    assert len(seen) == len(set(seen)) == 6


async def test_a_cursor_of_another_rid_shows_nothing_of_it(shop: Market) -> None:
    mine, others = await shop.rid(), await shop.rid(BEN)
    for number in range(5):
        await click(shop, others, f"device {number}")
    asked = await shop.get(f"/referrals/{others}/events?limit=1", BEN)
    cursor = ok(asked)["nextCursor"]
    assert await page(shop, mine, cursor=cursor) == {"events": [], "nextCursor": None}
    refused(await shop.get(f"/referrals/{others}/events?cursor={cursor}"), 404, "RID_NOT_FOUND")
    await click(shop, mine, "one")
    said = await page(shop, mine, cursor=cursor)
    assert [event["eventType"] for event in said["events"]] == ["click"]


@pytest.mark.parametrize("number", [1, 2, 7, 10**17, 10**18 - 1])
async def test_a_cursor_that_somebody_made_shows_at_most_the_own_events(shop: Market, number: int) -> None:
    rid = await shop.rid()
    for device in ("one", "two", "three"):
        await click(shop, rid, device)
    said = await page(shop, rid, cursor=cursor_before(number))
    assert len(said["events"]) == min(number - 1, 3)
    assert said["nextCursor"] is None


async def test_pages_are_of_1_to_50_events_in_plain_digits(shop: Market) -> None:
    rid = await shop.rid()
    path = f"/referrals/{rid}/events"
    for limit in ("0", "51", "-1", "ten", "0x5", "%D9%A1", "true", "null", "9" * 5000, "1,2"):
        refused(await shop.get(f"{path}?limit={limit}"), 400, "VALIDATION_FAILED", "limit")
    for limit in ("1", "50"):
        assert ok(await shop.get(f"{path}?limit={limit}")) == {"events": [], "nextCursor": None}
    for cursor in ("YmVmb3JlIDA", "YmVmb3JlIC0x", "YmVmb3JlIDA1", "..", "%00", "A" * 501, "A" * 400):
        refused(await shop.get(f"{path}?cursor={cursor}"), 400, "VALIDATION_FAILED", "cursor")
    refused(await shop.get(f"{path}?{'&'.join(['x=1'] * 101)}"), 413, "VALIDATION_FAILED")


async def test_statistics_count_what_stands_where(shop: Market) -> None:
    await shop.set_program(referrals__hold_days=5)
    rid = await shop.rid()
    orders = [await shop.buy(rid) for _ in range(2)]
    assert await shop.mature(days=5) == 2
    orders += [await shop.buy(rid) for _ in range(3)]
    for order_id in (orders[0], orders[4]):
        ok(await shop.post(f"/referrals/orders/{order_id}/refund"))
    said = await shop.stats(rid)
    assert said["rewards"] == {"pendingHold": 2, "payable": 1, "paid": 0}
    assert (said["conversions"], said["gmv"]) == (5, 5 * 12900)
    assert msgspec.json.decode((await shop.get(f"/api/v1/referrals/{rid}")).content) == said
