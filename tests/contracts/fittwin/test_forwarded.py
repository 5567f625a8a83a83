"""Where clicks and owners come from, behind a proxy that is believed and behind one that is not."""

from contextlib import closing

import pytest

from regulars.features.referrals.model import Rule
from tests.support.http_socket import Answer, get_bytes, post_bytes
from tests.support.markets import Markets, open_markets
from tests.support.server_process import running_server
from tests.support.site import Site
from tests.support.till import Till

HERE = "127.0.0.1"
CLICKS = 14


async def follow(market: Markets, rid: str, forwarded: list[str]) -> None:
    """Somebody follows the link once for each of these headers, with another browser each time."""
    with closing(Till(market.server)) as till:
        for number, value in enumerate(forwarded):
            headers = {
                "user-agent": f"browser {number}", "x-forwarded-for": value, "x-real-ip": f"192.0.2.{number}",
                "forwarded": f"for=192.0.2.{number}", "x-client-ip": f"192.0.2.{number}",
            }  # fmt: skip
            answer = await till.ask(get_bytes(f"/r/{rid}", headers))
            assert answer.status == 302


async def rid_from(market: Markets, subject: str, forwarded: str) -> str:
    """A RID that its owner has made from behind this header."""
    headers = market.shopper(subject) | {"x-forwarded-for": forwarded}
    body = {"productId": await market.product()}
    return str((await market.ok(post_bytes("/referrals", body, headers)))["rid"])


async def verdict(market: Markets, rid: str, address: str) -> Answer:
    """What is said of an order from this address."""
    number = len(await market.rows("select from referral_conversions"))
    return await market.ask(market.validation(rid, f"order-{number}", address=address))


async def rules(market: Markets) -> list[Rule]:
    return [flag.rule for flag in await market.flags()]


@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8"])
async def test_nobody_is_believed_who_is_not_named(site: Site, trusted: str) -> None:
    with running_server(site, REGULARS_TRUSTED_PROXIES=trusted) as server:
        async with open_markets(server, events_per_hour_max=10) as market:
            rid = await rid_from(market, "ann", "198.51.100.1")
            await follow(market, rid, [f"198.51.100.{number}" for number in range(CLICKS)])
            # The owner's own sign-up was the first event from here.
            assert (await market.stats(rid))["clicks"] == 9
            assert await rules(market) == [Rule.EVENT_FLOOD]
            assert (await verdict(market, rid, "198.51.100.1")).status == 200
            own = await verdict(market, rid, HERE)
            assert (own.status, own.body["reason"]) == (409, "RID_SELF_PURCHASE_BLOCKED")
            assert sorted(await rules(market)) == [Rule.EVENT_FLOOD, Rule.SHARED_ADDRESS]


async def test_a_named_proxy_says_whom_it_forwards(site: Site) -> None:
    with running_server(site, REGULARS_TRUSTED_PROXIES=HERE) as server:
        async with open_markets(server, events_per_hour_max=10) as market:
            rid = await rid_from(market, "ann", "203.0.113.1, 198.51.100.1")
            await follow(market, rid, [f"198.51.100.{number}" for number in range(2, 2 + CLICKS)])
            assert (await market.stats(rid))["clicks"] == CLICKS
            assert await rules(market) == []
            # Of several, the one counts that the proxy has seen itself; the others are the visitor's words.
            other = await rid_from(market, "ben", "203.0.113.2, 198.51.100.99")
            await follow(market, other, [f"203.0.113.{number}, 198.51.100.77" for number in range(CLICKS)])
            assert (await market.stats(other, "ben"))["clicks"] == 10
            assert await rules(market) == [Rule.EVENT_FLOOD]
            assert (await verdict(market, other, "203.0.113.2")).status == 200
            own = await verdict(market, other, "198.51.100.99")
            assert (own.status, own.body["reason"]) == (409, "RID_SELF_PURCHASE_BLOCKED")
