"""The customer's page: what it shows, and that nothing in it comes from anywhere it should not."""

import io
import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
from PIL import Image

from regulars.contracts.sessions.context import ADMIN_SCOPE
from regulars.stand_ins.stripe.stand_in import StripeStandIn
from tests.contracts.sessions.test_membership import bought
from tests.support.kiosks import VENUE, Answer, Kiosks, ok, refused

Shop = tuple[Kiosks, StripeStandIn]


def page_of(answer: Answer, status: int = 200, referrer: str = "no-referrer") -> str:
    """The HTML of a page, which nobody may keep, frame or run a script in."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == referrer
    assert answer.headers["x-frame-options"] == "DENY"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'none'; style-src 'self' 'sha256-")
    assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert "<script" not in answer.text and " style=" not in answer.text and "onload" not in answer.text
    return answer.text


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html[html.index("<body") :]).split())


async def shown(shop: Kiosks, token: str) -> str:
    return page_of(await shop.client.get(f"/wallet/{token}"))


async def brand(shop: Kiosks, **branding: Any) -> None:
    ok(await shop.post("/api/card-branding", {"venue_id": VENUE, **branding}, by=ADMIN_SCOPE))


async def test_a_new_customers_page(shop: Kiosks) -> None:
    html = await shown(shop, (await shop.enrol())["wallet_token"])
    said = text_of(html)
    assert '<strong id="points">0</strong>' in html and '<strong id="rewards">0</strong>' in html
    assert '<progress id="progress" max="100" value="0"' in html
    assert "100 points to your next reward" in said
    assert "Your first purchase will show here." in said
    # Nothing is offered that is not there.
    for absent in ("Apple Wallet", "Google Wallet", "member"):
        assert absent not in said


async def test_points_rewards_and_history(shop: Kiosks) -> None:
    enrolled = await shop.enrol()
    customer_id = enrolled["customer_id"]
    await shop.pay(customer_id, 23500, "ord_1")
    shop.clock.advance(hours=1)
    await shop.pay(customer_id, 100, "ord_2")
    hold = {"cart_session_id": "c", "customer_id": customer_id, "venue_id": VENUE}
    ok(await shop.post("/loyalty/apply-reward-to-cart", hold))
    html = await shown(shop, enrolled["wallet_token"])
    said = text_of(html)
    assert '<strong id="points">36</strong>' in html and '<strong id="rewards">2</strong>' in html
    assert "64 points to your next reward 36/100" in said
    assert said.count("£1 off your order") == 2
    assert "1 reward reserved for an order that is being paid." in said
    history = said[said.index("History") :]
    assert "Purchase 1 March 2026 +1 point Reward earned 1 March 2026 +2 rewards Purchase" in history
    assert "+235 points" in history
    order = {"order_id": "ord_2", "venue_id": VENUE, "payment_event_id": "evt_ord_2", "cart_session_id": "c"}
    ok(await shop.post("/loyalty/redeem-reward-after-payment", order))
    said = text_of(await shown(shop, enrolled["wallet_token"]))
    assert "Reward used 1 March 2026 −1 reward" in said and "reserved" not in said


async def test_history_is_as_long_as_a_screen(shop: Kiosks) -> None:
    enrolled = await shop.enrol()
    for number in range(15):
        await shop.pay(enrolled["customer_id"], 100 + number, f"ord_{number}")
    assert text_of(await shown(shop, enrolled["wallet_token"])).count("Purchase") == 12


async def test_the_membership_in_each_state(stripe_shop: Shop) -> None:
    shop, stripe = stripe_shop
    enrolled = await shop.enrol()
    token = enrolled["wallet_token"]
    html = await shown(shop, token)
    assert f'id="join" href="/wallet/{token}/join"' in html
    assert "Become a member" in text_of(html) and "Double points on every order" in text_of(html)
    await shop.client.get(f"/wallet/{token}/join")
    await bought(shop, stripe, stripe.account.one("checkout.session")["id"])
    html = await shown(shop, token)
    assert "You are a member" in text_of(html) and 'id="join"' not in html
    assert "Membership reward 1 March 2026 +1 reward" in text_of(html)
    for status, title in [
        ("past_due", "Payment overdue"),
        ("trialing", "You are a member"),
        ("canceled", "Come back as a member"),
    ]:
        stripe.account.change(stripe.account.one("subscription")["id"], status)
        body, signed = stripe.signed(stripe.account.events[-1], at=shop.clock().timestamp())
        ok(await shop.post("/loyalty/stripe-webhook", raw=body, by=None, stripe_signature=signed))
        html = await shown(shop, token)
        assert title in text_of(html)
        assert ('id="join"' in html) == (status == "canceled")


async def test_the_venues_branding(shop: Kiosks) -> None:
    token = (await shop.enrol())["wallet_token"]
    await brand(
        shop, brand_name="Sessions", hero_text="Good to see you", primary_color="#ABC",
        accent_color="#ff8800", logo_url="https://pictures.example:8443/logo.png",
        support_email="help@sessions.market",
    )  # fmt: skip
    answer = await shop.client.get(f"/wallet/{token}")
    html = page_of(answer)
    assert "--primary:#aabbcc" in html and "--accent:#ff8800" in html
    assert 'src="https://pictures.example:8443/logo.png"' in html
    assert "img-src 'self' data: https://pictures.example:8443;" in answer.headers["content-security-policy"]
    assert "Sessions" in text_of(html) and "Good to see you" in text_of(html)
    assert 'href="mailto:help@sessions.market"' in html
    # The style that stands in the page is the one that its policy allows.
    style = html[html.index("<style>") + 7 : html.index("</style>")]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["content-security-policy"]
    await brand(shop, logo_url="", support_email=None)
    assert "pictures.example" not in await shown(shop, token)


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "{{ 7*7 }}", "</title><b>"]
)
async def test_what_is_typed_is_text(shop: Kiosks, text: str) -> None:
    token = (await shop.enrol())["wallet_token"]
    await brand(shop, brand_name=text[:64], hero_text=text)
    for html in (await shown(shop, token), page_of(await shop.get("/admin", by=ADMIN_SCOPE, venue_id=VENUE))):
        assert text not in html or text == "{{ 7*7 }}"
        assert "<b>" not in html and "onerror=alert(1)>" not in html and "49" not in text_of(html)


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/x.png?a=1;script-src%20*",
        "https://a.example/'unsafe-inline'",
        "https://a.example:x/",
    ],
)
async def test_a_logo_cannot_widen_the_policy(shop: Kiosks, url: str) -> None:
    token = (await shop.enrol())["wallet_token"]
    answer = await shop.post("/api/card-branding", {"venue_id": VENUE, "logo_url": url}, by=ADMIN_SCOPE)
    assert answer.status_code in (200, 400)
    page_of(await shop.client.get(f"/wallet/{token}"))


async def test_cards_that_are_none(shop: Kiosks) -> None:
    enrolled = await shop.enrol()
    token = enrolled["wallet_token"]
    for other in ("0" * 48, "x", token[:-1], token.upper(), "a" * 5000, "%27", "\u00e9"):
        said = text_of(page_of(await shop.client.get(f"/wallet/{other}"), 404))
        assert "We do not know this card" in said and other not in said
        refused(await shop.client.get(f"/wallet/{other}.png"), 404, "pass_not_found")
    await shop.erase(enrolled["customer_id"])
    page_of(await shop.client.get(f"/wallet/{token}"), 404)
    other = (await shop.enrol("+447700900001"))["wallet_token"]
    await shop.close_venue(VENUE)
    page_of(await shop.client.get(f"/wallet/{other}"), 404)


async def test_the_code_as_a_picture(shop: Kiosks) -> None:
    token = (await shop.enrol())["wallet_token"]
    answer = await shop.client.get(f"/wallet/{token}.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.headers["cache-control"] == "no-store"
    picture = Image.open(io.BytesIO(answer.content))
    assert picture.format == "PNG" and picture.width == picture.height >= 300
    assert '<svg viewBox="0 0' in await shown(shop, token)


async def test_the_style_is_kept_by_browsers(shop: Kiosks) -> None:
    html = await shown(shop, (await shop.enrol())["wallet_token"])
    found = re.search(r'href="(/wallet/style/sessions.css\?v=[0-9a-f]+)"', html)
    assert found is not None
    answer = await shop.client.get(found[1])
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    # Nothing in it is loaded from anywhere.
    assert "url(" not in answer.text and "@import" not in answer.text
