"""Links that people follow: to the product in the shop and nowhere else, and each device counts once."""

from urllib.parse import urlsplit

import pytest

from regulars.features.referrals import actions as referrals
from tests.support.footprint import differences, footprint
from tests.support.ledger import NOW
from tests.support.market import SHOP_URL, Market, ok, refused, token

EVIL = "https://evil.test"


@pytest.mark.parametrize("way", ["link", "track-click"])
async def test_a_device_counts_once_in_half_an_hour(shop: Market, way: str) -> None:
    await shop.set_program(referrals__events_per_hour_max=900)
    rid, other = await shop.rid(), await shop.rid()

    async def click(rid: str, device: str) -> None:
        if way == "link":
            await shop.client.get(f"/r/{rid}", headers={"user-agent": device})
        else:
            await shop.post(f"/referrals/{rid}/track-click", {"deviceFingerprint": device})

    counted = []
    for minutes, seconds in ((0, 0), (0, 1), (29, 58), (0, 1), (29, 59), (0, 1)):
        shop.clock.advance(minutes=minutes, seconds=seconds)
        await click(rid, "one")
        counted.append((await shop.stats(rid))["clicks"])
    assert counted == [1, 1, 1, 2, 2, 3]
    await click(rid, "another")
    await click(other, "one")
    assert [(await shop.stats(one))["clicks"] for one in (rid, other)] == [4, 1]
    assert await shop.told("referral.click") == [{"rid": rid}] * 4 + [{"rid": other}]


async def test_clicks_of_nobody_in_particular_are_the_shop_s_own(shop: Market) -> None:
    rid = await shop.rid()
    for body in (None, {}, {"deviceFingerprint": " "}, {"ip": None}, {"deviceFingerprint": "", "ip": ""}):
        answer = await shop.post(f"/referrals/{rid}/track-click", body)
        assert (answer.status_code, answer.content) == (204, b"")
    assert (await shop.stats(rid))["clicks"] == 1


async def test_programs_that_only_look_count_nothing(shop: Market, database_url: str) -> None:
    made = ok(await shop.create(), 201)
    before = footprint(database_url)
    for api in ("", "/api/v1"):
        for agent in ("a preview", "another preview"):
            answer = await shop.client.head(f"{api}/r/{made['rid']}", headers={"user-agent": agent})
            assert (answer.status_code, answer.content) == (302, b"")
            assert answer.headers["location"] == made["shareUrl"]
    assert differences(before, footprint(database_url)) == []
    counted = "select attempted_at from attempts where limiter = 'referral_events'"
    assert [len(moments) for (moments,) in await shop.rows(counted)] == [1]


async def test_a_link_to_nothing_leads_nowhere(shop: Market, database_url: str) -> None:
    rid = await shop.rid()
    before = footprint(database_url)
    for path in ("A" * 22, "x", rid[:-1], rid + "A", rid.swapcase(), f"{rid[:-1]}%00", f"{rid} ", rid[::-1]):
        for method in ("GET", "HEAD"):
            answer = await shop.client.request(method, f"/r/{path}")
            assert answer.status_code == 404, path
            assert "location" not in answer.headers
    refused(await shop.client.get(f"/r/{'A' * 22}"), 404, "RID_NOT_FOUND")
    assert differences(before, footprint(database_url)) == []


PATHS = [
    "/r//evil.test", "/r/%2f%2fevil.test", "/r/https:%2f%2fevil.test",
    "/r/{rid}/..%2f..%2f%2fevil.test", "/r/{rid}//evil.test",
    "/r/{rid}%0d%0alocation:%20https:%2f%2fevil.test",
    "/r/{rid}@evil.test", "/r/{rid}\\evil.test",
]  # fmt: skip
QUERIES = ["url", "to", "next", "redirect", "redirect_uri", "return", "shop", "slug", "rid", "host"]


@pytest.mark.parametrize("path", PATHS)
async def test_no_address_leads_elsewhere(shop: Market, path: str) -> None:
    rid = await shop.rid()
    answer = await shop.client.get(path.format(rid=rid))
    assert answer.status_code in (400, 404)
    assert "location" not in answer.headers


async def test_nothing_that_is_said_beside_leads_elsewhere(shop: Market) -> None:
    made = ok(await shop.create(), 201)
    query = "&".join(f"{name}={EVIL}" for name in QUERIES)
    said: list[dict[str, str]] = [
        {"host": "evil.test"}, {"x-forwarded-host": "evil.test", "x-forwarded-proto": "ftp"},
        {"forwarded": "host=evil.test"}, {"referer": EVIL}, {"x-original-url": EVIL}, {"origin": EVIL},
    ]  # fmt: skip
    for shop_url in (SHOP_URL, None):
        await shop.set_program(referrals__shop_url=shop_url)
        base = shop_url or "https://regulars.test"
        for headers in said:
            answer = await shop.client.get(f"/r/{made['rid']}?{query}", headers=headers)
            assert answer.status_code == 302
            assert answer.headers["location"] == f"{base}/p/slug?rid={made['rid']}"
            again = await shop.client.post(
                "/referrals", json={"productId": shop.product_id}, headers=shop.as_shopper() | headers
            )
            assert ok(again, 409)["shareUrl"] == answer.headers["location"]


async def test_a_link_is_never_kept_by_a_cache(shop: Market) -> None:
    answer = await shop.client.get(f"/r/{await shop.rid()}")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert urlsplit(answer.headers["location"]).hostname == "app.fittwin.test"


async def test_links_of_another_program_lead_to_its_own_shop(shop: Market) -> None:
    async with shop.database.transaction() as connection:
        theirs = await referrals.add_product(
            connection, shop.other_program_id, slug="coat", name="Coat", now=NOW
        )
    headers = {"authorization": f"Bearer {token(aud='others')}"}
    made = ok(await shop.post("/referrals", {"productId": str(theirs.product_id)}, headers), 201)
    await shop.set_program(referrals__shop_url="https://other.test")
    answer = await shop.client.get(f"/r/{made['rid']}")
    assert answer.headers["location"] == made["shareUrl"] == f"{SHOP_URL}/p/coat?rid={made['rid']}"
    clicked = await shop.post(f"/referrals/{made['rid']}/track-click")
    refused(clicked, 404, "RID_NOT_FOUND")
