"""An operator in a real browser: signs in, reads the figures, looks at the other venue, signs out."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from regulars.contracts.sessions.admin_sign_in import COOKIE
from regulars.contracts.sessions.context import ADMIN_SCOPE
from regulars.contracts.sessions.guessing import WRONG_KEYS_PER_MINUTE
from regulars.features.access import actions as access
from tests.support.kiosks import SECOND, VENUE, Kiosks, kiosks, ok
from tests.support.ledger import NOW
from tests.support.listening import listening

PHONE_SIZE, DESK_SIZE = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
LONG = "The Averyveryverylongwordofavenue" * 3


class Desk:
    """The operator's browser on one page, and all that it complained about or fetched."""

    def __init__(self, page: Page, shop: Kiosks, url: str) -> None:
        self.page = page
        self.shop = shop
        self.url = url
        self.complaints: list[str] = []
        self.fetched: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._complain)
        page.on("request", lambda request: self.fetched.append(request.url))

    def _complain(self, message: ConsoleMessage) -> None:
        # That a page is a 401, a 404 or a 429 is as it should be.
        if "the server responded with a status of 4" not in message.text:
            self.complaints.append(message.text)

    async def sign_in(self, key: str, venue: str | None = None) -> None:
        """Fills the form in and sends it."""
        if venue is not None:
            await self.page.get_by_label("Venue").fill(venue)
        await self.page.get_by_label("Admin key").fill(key)
        async with self.page.expect_event("domcontentloaded"):
            await self.page.get_by_role("button", name="Sign in").click()

    async def shows(self, title: str, **figures: str) -> None:
        """A page of this title with these figures, which fits the screen and loads nothing from elsewhere."""
        await expect(self.page.locator("h1")).to_have_text(title)
        for name, figure in figures.items():
            await expect(self.page.locator(f"#{name.replace('_', '-')}")).to_have_text(figure)
        width = await self.page.evaluate("document.documentElement.scrollWidth")
        assert self.page.viewport_size is not None and width <= self.page.viewport_size["width"]
        assert [url for url in self.fetched if not url.startswith((self.url, "data:,"))] == []
        assert self.complaints == []


@pytest_asyncio.fixture
async def served(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[Kiosks, str]]:
    """A shop with orders at one of its venues, at the address that the browser uses."""
    async with kiosks(database_url, tmp_path, public_url=None) as shop, listening(shop) as url:
        customer_id = (await shop.enrol())["customer_id"]
        await shop.pay(customer_id, 5000, "ord_1")
        await shop.pay(None, 5000, "ord_2")
        branding = {"venue_id": VENUE, "primary_color": "#1f3a5f", "accent_color": "#ffaa00"}
        ok(await shop.post("/api/card-branding", branding, by=ADMIN_SCOPE))
        yield shop, url


@pytest_asyncio.fixture(params=[PHONE_SIZE, DESK_SIZE], ids=["phone", "desk"])
async def desk(
    request: pytest.FixtureRequest, browser: Browser, served: tuple[Kiosks, str]
) -> AsyncIterator[Desk]:
    """The operator's browser, on a phone and on a desk."""
    context = await browser.new_context(viewport=request.param, has_touch=request.param is PHONE_SIZE)
    context.set_default_timeout(5000)
    yield Desk(await context.new_page(), *served)
    await context.close()


async def test_from_signing_in_to_signing_out(desk: Desk) -> None:
    page, key = desk.page, desk.shop.keys[ADMIN_SCOPE]
    answer = await page.goto(f"{desk.url}/admin?venue_id={VENUE}")
    assert answer is not None and answer.status == 401
    await expect(page.get_by_label("Venue")).to_have_value(VENUE)
    await desk.shows("Sign in")
    await desk.sign_in("not the key at all")
    await expect(page.get_by_role("alert")).to_have_text("That key does not open this page.")
    await expect(page.get_by_label("Venue")).to_have_value(VENUE)
    await expect(page.get_by_label("Admin key")).to_have_value("")
    await desk.shows("Sign in")
    await desk.sign_in(key)
    await desk.shows("Venue_001", attach_rate="50.0 %", earn_events="1", redeem_events="0")
    assert page.url == f"{desk.url}/admin?venue_id={VENUE}"
    await page.get_by_label("Venue").select_option(SECOND)
    await page.get_by_role("button", name="Show").click()
    await desk.shows("Venue_002", attach_rate="–", earn_events="0", active_members="0")
    await expect(page.get_by_text("No paid orders in the last 24 hours.")).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await desk.shows("Sign in")
    assert await page.context.cookies() == []
    await page.goto(f"{desk.url}/admin?venue_id={VENUE}")
    await desk.shows("Sign in")


async def test_the_list_of_venues(desk: Desk) -> None:
    page, key = desk.page, desk.shop.keys[ADMIN_SCOPE]
    await page.goto(f"{desk.url}/admin")
    await desk.sign_in(key, "")
    await desk.shows("Your venues")
    await page.get_by_role("link", name="Venue_001").click()
    await desk.shows("Venue_001", attach_rate="50.0 %")
    await page.goto(f"{desk.url}/admin?venue_id=nowhere")
    await expect(page.get_by_role("alert")).to_have_text("No venue of that name.")
    await desk.shows("Your venues")


async def test_the_browser_keeps_no_key_and_shows_none_to_scripts(desk: Desk) -> None:
    page, key = desk.page, desk.shop.keys[ADMIN_SCOPE]
    await page.goto(f"{desk.url}/admin?venue_id={VENUE}")
    await desk.sign_in(key)
    await desk.shows("Venue_001")
    [cookie] = await page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (COOKIE, True, "Strict")
    assert cookie["path"] == "/admin" and key not in cookie["value"]
    assert await page.evaluate("document.cookie") == ""


async def test_a_page_of_another_site_signs_nobody_in(desk: Desk) -> None:
    """A form that another site sends by itself, with a key of whoever made it."""
    page, key = desk.page, desk.shop.keys[ADMIN_SCOPE]
    form = (
        f'<form method="post" action="{desk.url}/admin/sign-in"><input name="admin_key" value="{key}"></form>'
        "<script>document.forms[0].submit()</script>"
    )
    await page.route("http://evil.example/", lambda route: route.fulfill(body=form, content_type="text/html"))
    await page.goto("http://evil.example/")
    await expect(page.get_by_role("alert")).to_have_text("Please sign in on this page.")
    assert await page.context.cookies() == []


async def test_too_many_wrong_keys(desk: Desk) -> None:
    page = desk.page
    await page.goto(f"{desk.url}/admin")
    for _ in range(WRONG_KEYS_PER_MINUTE + 1):
        await desk.sign_in("not the key at all", VENUE)
    await expect(page.get_by_role("alert")).to_contain_text("Too many wrong keys were tried from here.")
    await desk.shows("Sign in")
    # A right one opens the page all the same, by the keyboard alone.
    await page.get_by_label("Admin key").fill(desk.shop.keys[ADMIN_SCOPE])
    await page.keyboard.press("Enter")
    await desk.shows("Venue_001", attach_rate="50.0 %")


async def test_a_venue_with_a_long_name(desk: Desk) -> None:
    shop, page = desk.shop, desk.page
    async with shop.database.transaction() as connection:
        await access.create_location(connection, shop.program_id, slug="venue_009", name=LONG, now=NOW)
    await page.goto(f"{desk.url}/admin?venue_id=venue_009")
    await desk.sign_in(shop.keys[ADMIN_SCOPE])
    await desk.shows(LONG, attach_rate="–")
    await page.goto(f"{desk.url}/admin")
    await desk.shows("Your venues")
