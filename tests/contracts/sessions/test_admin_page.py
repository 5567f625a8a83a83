"""The operator's page: the figures of the last 24 hours, and of nobody else's venue."""

import re

import pytest

from regulars.contracts.sessions.context import ADMIN_SCOPE
from regulars.stand_ins.stripe.stand_in import StripeStandIn
from tests.contracts.sessions.test_membership import PATH, body_of, bought
from tests.contracts.sessions.test_wallet_page import page_of
from tests.support.kiosks import SECOND, VENUE, Kiosks, ok

FIGURES = ("attach-rate", "earn-events", "redeem-events", "conversions", "active-members")


async def figures(shop: Kiosks, venue: str = VENUE) -> list[str]:
    html = page_of(await shop.get("/admin", by=ADMIN_SCOPE, venue_id=venue))
    found = [re.search(rf'<strong id="{name}">([^<]*)</strong>', html) for name in FIGURES]
    return [match[1] for match in found if match is not None]


async def the_day_before(shop: Kiosks) -> list[str]:
    html = page_of(await shop.get("/admin", by=ADMIN_SCOPE, venue_id=VENUE))
    return re.findall(r'class="before">(.*?) the day before<', html)


async def test_a_venue_without_orders(shop: Kiosks) -> None:
    assert await figures(shop) == ["–", "0", "0", "0", "0"]


async def test_the_figures_of_a_day(stripe_shop: tuple[Kiosks, StripeStandIn]) -> None:
    shop, stripe = stripe_shop
    customer_id = (await shop.enrol())["customer_id"]
    ok(await shop.post(PATH, body_of(customer_id), by="sessions:internal"))
    await bought(shop, stripe, stripe.account.one("checkout.session")["id"])
    await shop.pay(customer_id, 5000, "ord_1")
    await shop.pay(customer_id, 5000, "ord_2")
    await shop.pay(None, 5000, "ord_3")
    hold = {"cart_session_id": "c", "customer_id": customer_id, "venue_id": VENUE}
    ok(await shop.post("/loyalty/apply-reward-to-cart", hold))
    order = {"order_id": "ord_2", "venue_id": VENUE, "payment_event_id": "evt_ord_2", "cart_session_id": "c"}
    ok(await shop.post("/loyalty/redeem-reward-after-payment", order))
    assert await figures(shop) == ["66.7 %", "2", "1", "1", "1"]
    assert await figures(shop, SECOND) == ["–", "0", "0", "0", "0"]
    assert await the_day_before(shop) == ["0", "0", "0"]
    shop.clock.advance(hours=24, seconds=1)
    assert await figures(shop) == ["–", "0", "0", "0", "1"]
    assert await the_day_before(shop) == ["66.7 %", "2", "1", "1"]
    shop.clock.advance(hours=24, seconds=1)
    assert await the_day_before(shop) == []


@pytest.mark.parametrize("scope", ["sessions:kiosk", "sessions:internal"])
async def test_other_keys_are_wrong_ones(shop: Kiosks, scope: str) -> None:
    for headers in ({"x-admin-key": shop.keys[scope]}, shop.headers(scope), {"x-admin-key": "x"}):
        answer = await shop.client.get("/admin", params={"venue_id": VENUE}, headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})
