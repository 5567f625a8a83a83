"""A customer's way in a real browser: enrolled at a kiosk, a member by Stripe's page, a reward redeemed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from regulars.contracts.sessions.context import ADMIN_SCOPE, INTERNAL_SCOPE
from regulars.contracts.sessions.settings import UNKNOWN_CARDS_PER_MINUTE
from regulars.stand_ins.stripe.stand_in import StripeStandIn
from tests.support.kiosks import PHONE, VENUE, Kiosks, carrying, kiosks, ok, selling
from tests.support.listening import listening

PHONE_SIZE, DESK_SIZE = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
BRANDING = {"brand_name": "Sessions", "hero_text": "Coffee, records, company.", "primary_color": "#1f3a5f",
            "accent_color": "#ffaa00", "support_email": "hello@sessions.example"}  # fmt: skip


class Counter:
    """The shop, Stripe, and the address under which the customer's browser reaches the shop."""

    def __init__(self, shop: Kiosks, stripe: StripeStandIn, url: str) -> None:
        self.shop = shop
        self.stripe = stripe
        self.url = url

    async def order(self, customer_id: str, order_id: str, total_minor: int, **more: Any) -> dict[str, Any]:
        """A paid order, a minute after the one before."""
        self.shop.clock.advance(minutes=1)
        return await self.shop.pay(customer_id, total_minor, order_id, **more)

    async def kiosk(self, verb: str, **body: Any) -> dict[str, Any]:
        """What a kiosk is answered."""
        return ok(await self.shop.post(f"/loyalty/{verb}", {"venue_id": VENUE, **body}))


class Walk:
    """A customer's browser on one page, and all that it complained about or fetched."""

    def __init__(self, page: Page, counter: Counter) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.fetched: list[str] = []
        self._counter = counter
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._complain)
        page.on("request", lambda request: self.fetched.append(request.url))

    def _complain(self, message: ConsoleMessage) -> None:
        # That a declined card is a 402 is meant.
        if not message.location["url"].startswith(f"{self._counter.stripe.url}/pay/"):
            self.complaints.append(message.text)

    async def open(self, path: str) -> None:
        """Goes to a page of the shop's."""
        await self.page.goto(self._counter.url + path)

    async def shows(self, *, points: int, rewards: int, to_go: str, tickets: int) -> None:
        """The card says this, fits the screen, and loads nothing from elsewhere."""
        await expect(self.page.locator("#points")).to_have_text(str(points))
        await expect(self.page.locator("#rewards")).to_have_text(str(rewards))
        await expect(self.page.get_by_text(f"{to_go} to your next reward")).to_be_visible()
        await expect(self.page.locator(".ticket")).to_have_count(tickets)
        await self.fits()

    async def fits(self) -> None:
        """Nothing sticks out, and the browser has nothing to complain about."""
        width = await self.page.evaluate("document.documentElement.scrollWidth")
        assert self.page.viewport_size is not None
        assert width <= self.page.viewport_size["width"]
        ours = (self._counter.url, self._counter.stripe.url, "data:,")
        assert [url for url in self.fetched if not url.startswith(ours)] == []
        assert self.complaints == []

    async def history(self) -> list[str]:
        """The lines of the history, newest first: what, and what it changed."""
        labels = await self.page.locator(".history li span").all_inner_texts()
        changes = await self.page.locator(".history li strong").all_inner_texts()
        return [f"{label}: {change}" for label, change in zip(labels, changes, strict=True)]


@pytest_asyncio.fixture
async def counter(database_url: str, tmp_path: Path) -> AsyncIterator[Counter]:
    """A shop with its own colours, which sells memberships and signs cards for Apple Wallet."""
    with selling() as (stripe, sold):
        # Without an address of its own, the shop's is the one that the browser uses.
        settings = {**sold, **carrying(), "public_url": None}
        async with kiosks(database_url, tmp_path, **settings) as shop, listening(shop) as url:
            stripe.account.clock = lambda: shop.clock().timestamp()
            stripe.webhook_url = f"{url}/loyalty/stripe-webhook"
            branding = {"venue_id": VENUE, **BRANDING}
            ok(await shop.post("/api/card-branding", branding, by=ADMIN_SCOPE))
            yield Counter(shop, stripe, url)


@pytest_asyncio.fixture(params=[PHONE_SIZE, DESK_SIZE], ids=["phone", "desk"])
async def walk(request: pytest.FixtureRequest, browser: Browser, counter: Counter) -> AsyncIterator[Walk]:
    """The customer's browser on a phone, and on a desk."""
    context = await browser.new_context(viewport=request.param, has_touch=request.param is PHONE_SIZE)
    context.set_default_timeout(5000)
    yield Walk(await context.new_page(), counter)
    await context.close()


async def test_from_the_kiosk_to_a_redeemed_reward(walk: Walk, counter: Counter) -> None:
    issued = {"phone_raw": PHONE, "venue_id": VENUE}
    card = ok(await counter.shop.post("/api/issue-card", issued, by=INTERNAL_SCOPE))
    customer_id, path = card["customer_id"], f"/wallet/{card['wallet_token']}"
    assert card["wallet_url"].endswith(path)

    await new_customer(walk, path)
    await counter.order(customer_id, "ord_1", 9_900)
    await become_member(walk, counter, path)
    await counter.order(customer_id, "ord_2", 100)
    await walk.page.reload()
    await walk.shows(points=1, rewards=2, to_go="99 points", tickets=2)
    await redeem(walk, counter, card["wallet_token"])
    assert await walk.history() == [
        "Reward used: −1 reward", "Reward earned: +1 reward", "Purchase: +2 points",
        "Membership reward: +1 reward", "Purchase: +99 points",
    ]  # fmt: skip
    await refuse_and_pay(walk, counter, path)
    await walk.shows(points=1, rewards=2, to_go="99 points", tickets=2)


async def new_customer(walk: Walk, path: str) -> None:
    """The page right after the enrolment: an empty card with its code."""
    await walk.open(path)
    await expect(walk.page.locator("h1")).to_have_text("Sessions")
    await expect(walk.page.get_by_text("Coffee, records, company.")).to_be_visible()
    await walk.shows(points=0, rewards=0, to_go="100 points", tickets=0)
    await expect(walk.page.get_by_text("Your first purchase will show here.")).to_be_visible()
    code = await walk.page.get_by_role("img", name="Your card as a QR code").bounding_box()
    assert code is not None and code["width"] >= 150 and abs(code["width"] - code["height"]) < 2
    await expect(walk.page.get_by_role("link", name="Apple Wallet")).to_be_visible()
    await expect(walk.page.get_by_role("link", name="Google Wallet")).to_have_count(0)
    await expect(walk.page.get_by_role("link", name="hello@sessions.example")).to_be_visible()


async def become_member(walk: Walk, counter: Counter, path: str) -> None:
    """To Stripe's page and back, first without buying."""
    page = walk.page
    await page.reload()
    await walk.shows(points=99, rewards=0, to_go="1 point", tickets=0)
    await expect(page.get_by_role("heading", name="Become a member")).to_be_visible()
    await page.get_by_role("link", name="Become a member").click()
    await expect(page.get_by_text("GBP per month")).to_be_visible()
    assert page.url.startswith(f"{counter.stripe.url}/pay/")
    await walk.fits()
    await page.get_by_role("button", name="Decline the card").click()
    await expect(page.get_by_role("alert")).to_contain_text("Your card was declined.")
    await walk.fits()
    await walk.open(path)
    await expect(page.get_by_role("heading", name="Become a member")).to_be_visible()
    # Coming back later leads to the same purchase.
    first = counter.stripe.account.one("checkout.session")["id"]
    await page.get_by_role("link", name="Become a member").click()
    await page.wait_for_url(f"**/pay/{first}")
    counter.shop.clock.advance(minutes=1)
    await page.get_by_role("button", name="Pay").click()
    await page.wait_for_url(f"**{path}")
    await walk.shows(points=99, rewards=1, to_go="1 point", tickets=1)
    await expect(page.get_by_role("heading", name="You are a member")).to_be_visible()
    await expect(page.locator(".badge")).to_have_text("Member")
    await expect(page.locator("#join")).to_have_count(0)
    # Whoever kept the address is a member already, and buys nothing more.
    await walk.open(f"{path}/join")
    assert page.url == counter.url + path
    assert len(counter.stripe.account.of_kind("subscription")) == 1


async def refuse_and_pay(walk: Walk, counter: Counter, path: str) -> None:
    """The buttons on the stand-in's own page, and what the customer's page makes of them."""
    page = walk.page
    for button, said in (
        ("Fail the next payment", "Payment overdue"),
        ("Pay what is due", "You are a member"),
    ):
        await page.goto(counter.stripe.url)
        await walk.fits()
        await page.get_by_role("button", name=button).click()
        await expect(page.locator(".waiting")).to_have_count(0)
        await walk.open(path)
        await expect(page.get_by_role("heading", name=said)).to_be_visible()


async def redeem(walk: Walk, counter: Counter, token: str) -> None:
    """The kiosk reads the card, reserves a reward, and the order is paid."""
    resolve = "resolve-customer-from-pass-token"
    customer_id = (await counter.kiosk(resolve, pass_token=token))["customer_id"]
    counter.shop.clock.advance(minutes=1)
    cart = {"cart_session_id": "cart_1"}
    held = await counter.kiosk("apply-reward-to-cart", customer_id=customer_id, **cart)
    assert held["discount_minor"] == 100
    await walk.page.reload()
    await expect(walk.page.get_by_text("1 reward reserved for an order that is being paid.")).to_be_visible()
    await walk.shows(points=1, rewards=2, to_go="99 points", tickets=2)
    paid = {"order_id": "ord_3", "payment_event_id": "evt_ord_3", **cart}
    assert (await counter.kiosk("redeem-reward-after-payment", **paid))["status"] == "redeemed"
    await walk.page.reload()
    await expect(walk.page.get_by_text("reserved for an order")).to_have_count(0)
    await walk.shows(points=1, rewards=1, to_go="99 points", tickets=1)


async def test_a_link_that_leads_to_no_card(walk: Walk, counter: Counter) -> None:
    """It is said in words; whoever goes on trying is asked to wait, and whoever has a card is not."""
    token = (await counter.shop.enrol())["wallet_token"]
    await walk.open(f"/wallet/{'0' * 48}")
    await expect(walk.page.locator("h1")).to_have_text("We do not know this card")
    for _ in range(UNKNOWN_CARDS_PER_MINUTE.default):
        answer = await walk.page.request.get(f"{counter.url}/wallet/{'0' * 48}")
    assert answer.status == 429
    await walk.open(f"/wallet/{'1' * 48}")
    await expect(walk.page.locator("h1")).to_have_text("One moment, please")
    await expect(walk.page.get_by_text("try again in a minute")).to_be_visible()
    # That these pages are a 404 and a 429 is all there is to complain about.
    assert len(walk.complaints) == 2 and all("status of 4" in said for said in walk.complaints)
    walk.complaints.clear()
    await walk.fits()
    await walk.open(f"/wallet/{token}")
    await walk.shows(points=0, rewards=0, to_go="100 points", tickets=0)
