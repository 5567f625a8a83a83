"""What happens in a phone's browser when a QR code is opened."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Site
from tests.support.family import ok

PHONE = {"width": 360, "height": 640}
LONG = "Averyveryverylongword" * 5


class Visit:
    """A page that was opened, and all that its browser complained about or fetched."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.fetched: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: self.fetched.append(request.url))

    async def reads(self, title: str, badge: str, message: str) -> None:
        """The page comes to say this."""
        await expect(self.page.locator("h1")).to_have_text(title)
        await expect(self.page.locator("#badge")).to_have_text(badge)
        await expect(self.page.locator("#message")).to_have_text(message)

    async def submit(self, key: str) -> None:
        """Types a key and presses the button."""
        await self.page.get_by_label("Parent's key").fill(key)
        await self.page.get_by_role("button").click()

    async def fact(self, label: str) -> str:
        """The value beside a label of the summary."""
        row = self.page.locator(".facts div", has=self.page.get_by_text(label, exact=True))
        return await row.locator("dd").inner_text()


@asynccontextmanager
async def phone(browser: Browser, **options: Any) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport=PHONE, has_touch=True, **options)  # type: ignore[arg-type]
    context.set_default_timeout(5000)
    yield context
    await context.close()


async def scan(context: BrowserContext, site: Site, token: str) -> Visit:
    """The page of a token, which fits the phone and loads nothing from elsewhere."""
    visit = Visit(await context.new_page())
    await visit.page.goto(f"{site.url}/scan?t={token}")
    width = await visit.page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    assert all(url.startswith((site.url, "data:,")) for url in visit.fetched)
    return visit


async def give(site: Site, **more: Any) -> str:
    body = {"userId": "leo", "amount": 25, **more}
    token: str = ok(await site.home.post("/api/tokens/give", body))["token"]
    return token


async def earn(site: Site, **more: Any) -> str:
    body = {"userId": "leo", "templates": [{"id": site.home.template_id, "count": 2}], **more}
    token: str = ok(await site.home.post("/api/tokens/earn", body))["token"]
    return token


async def test_a_gift_is_collected_once(browser: Browser, site: Site) -> None:
    token = await give(site, note="Well done")
    async with phone(browser) as context:
        visit = await scan(context, site, token)
        await visit.reads("+25 points", "Done", "leo now has 25 points.")
        assert await visit.fact("Balance") == "25"
        await expect(visit.page.locator("form")).to_be_hidden()
        assert visit.complaints == []
        again = await scan(context, site, token)
        await again.reads(
            "This code was used already", "Already used", "Each code works once. Ask for a new one."
        )
    assert await site.home.balance() == 25


async def test_chores_need_a_parents_key(browser: Browser, site: Site) -> None:
    async with phone(browser) as context:
        visit = await scan(context, site, await earn(site))
        await visit.reads(
            "6 points for leo?", "Waiting for a parent", "A parent confirms that this was done."
        )
        assert await visit.fact("2 × Dishes") == "6"
        await visit.submit("not the key at all")
        await expect(visit.page.locator("#message")).to_have_text("That key is not right. Please try again.")
        assert await site.home.balance() == 0
        await visit.submit(site.home.keys["parent"])
        await visit.reads("+6 points", "Done", "leo now has 6 points.")
        await expect(visit.page.locator("form")).to_be_hidden()
    assert await site.home.balance() == 6


async def test_a_parent_approves_a_reward(browser: Browser, site: Site) -> None:
    await site.home.earn(1200)
    held = await site.home.reserve(note="For Saturday")
    async with phone(browser) as context:
        visit = await scan(context, site, held["token"])
        await visit.reads("Cinema", "Waiting for a parent", "leo would like this for 10 points.")
        facts = [await visit.fact(label) for label in ("For", "Reward", "Cost", "Balance", "After approval")]
        assert facts == ["leo", "Cinema", "10", "1,200", "1,190"]
        await expect(visit.page.get_by_text("For Saturday")).to_be_visible()
        await visit.submit(site.home.keys["admin"])
        await visit.reads("Enjoy the reward!", "Approved", "Points left: 1,190.")
        assert await visit.fact("Balance") == "1,190"
        assert visit.complaints == []
        await visit.page.reload()
        await visit.reads("This reward was approved already", "Approved", "There is nothing left to do.")
        assert await visit.page.locator("form").count() == 0
    assert await site.home.balance() == 1190


async def test_a_request_that_was_closed_meanwhile(browser: Browser, site: Site) -> None:
    await site.home.earn(20)
    held = await site.home.reserve()
    async with phone(browser) as context:
        visit = await scan(context, site, held["token"])
        ok(await site.home.post(f"/api/holds/{held['holdId']}/cancel"))
        await visit.submit(site.home.keys["admin"])
        await visit.reads("This request is closed", "Closed", "It was approved or cancelled before.")
        await expect(visit.page.locator("form")).to_be_hidden()
    assert await site.home.balance() == 20


async def test_a_code_that_grew_too_old_on_the_screen(browser: Browser, site: Site) -> None:
    token = await earn(site)
    async with phone(browser) as context:
        visit = await scan(context, site, token)
        site.home.clock.advance(seconds=121)
        await visit.submit(site.home.keys["admin"])
        await visit.reads("This code is too old", "Expired", "Codes last a short while. Ask for a new one.")
        await expect(visit.page.locator("form")).to_be_hidden()
        for text in (token, "nonsense", ""):
            assert await (await scan(context, site, text)).page.locator("form").count() == 0


async def test_the_server_goes_away_and_comes_back(browser: Browser, site: Site) -> None:
    async with phone(browser) as context:
        visit = await scan(context, site, await earn(site))
        await context.set_offline(True)
        await visit.submit(site.home.keys["admin"])
        await expect(visit.page.locator("#message")).to_have_text("No connection. Please try again.")
        await context.set_offline(False)
        await visit.page.get_by_role("button").click()
        await visit.reads("+6 points", "Done", "leo now has 6 points.")


@pytest.mark.parametrize(
    "text",
    ["<img src=x onerror=alert(1)>", '"><script>alert(1)</script>', "'-alert(1)-'", "{{constructor}}", LONG],
)
async def test_what_others_wrote_is_text(browser: Browser, site: Site, text: str) -> None:
    home = site.home
    reward = ok(await home.post("/api/rewards", {"name": text, "cost": 1, "imageUrl": "/nowhere.png"}), 201)
    body = {"title": text, "points": 1}
    template = ok(await home.post("/api/earn-templates", body), 201)
    await home.earn(5)
    held = ok(await home.post("/api/holds", {"userId": "leo", "itemId": reward["id"], "note": text}), 201)
    async with phone(browser) as context:
        visit = await scan(context, site, held["token"])
        await expect(visit.page.locator("h1")).to_have_text(text)
        await expect(visit.page.locator(".note")).to_have_text(text)
        await expect(visit.page.locator("#picture")).to_have_count(0)
        token = await earn(site, templates=[{"id": template["id"], "count": 1}], note=text)
        listed = await scan(context, site, token)
        await expect(listed.page.locator(".facts dt").first).to_have_text(f"1 × {text}")
        gift = await scan(context, site, await give(site, note=text))
        await gift.reads("+25 points", "Done", "leo now has 30 points.")
        for visited in (listed, gift):
            assert visited.complaints == []
        # The picture that does not exist is all there was to complain about.
        assert [complaint for complaint in visit.complaints if "404" not in complaint] == []


async def test_what_the_script_writes_is_text(browser: Browser, site: Site) -> None:
    name = "<b>bold</b><img src=x onerror=alert(1)>"
    async with phone(browser) as context:
        visit = await scan(context, site, await give(site, userId=name))
        await visit.reads("+25 points", "Done", f"{name} now has 25 points.")
        assert visit.complaints == []


async def test_in_production_a_linked_device_collects_by_itself(
    browser: Browser, production_site: Site
) -> None:
    home = production_site.home
    async with phone(browser) as context:
        cookie = {"name": "cryptokids_device", "value": home.keys["leo"], "url": production_site.url}
        await context.add_cookies([cookie])  # type: ignore[list-item]
        visit = await scan(context, production_site, await give(production_site))
        await visit.reads("+25 points", "Done", "leo now has 25 points.")
    async with phone(browser) as context:
        visit = await scan(context, production_site, await give(production_site))
        await expect(visit.page.locator("#message")).to_have_text(
            "This device is not linked to a child. A parent's key is needed."
        )
        await visit.submit(home.keys["parent"])
        await visit.reads("+25 points", "Done", "leo now has 50 points.")


async def test_without_a_mouse(browser: Browser, site: Site) -> None:
    """The key's field is labelled and the form works from the keyboard."""
    async with phone(browser, color_scheme="dark") as context:
        visit = await scan(context, site, await earn(site))
        await visit.page.keyboard.press("Tab")
        await visit.page.keyboard.type(site.home.keys["admin"])
        await visit.page.keyboard.press("Enter")
        await visit.reads("+6 points", "Done", "leo now has 6 points.")
        assert await visit.page.get_by_role("status").inner_text() == "leo now has 6 points."
