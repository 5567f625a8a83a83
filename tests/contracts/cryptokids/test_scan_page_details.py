"""The page behind a QR code, where a template, a note or a device decides what it shows."""

import re

from tests.support.family import Family, ok
from tests.support.family_acts import change_template, earn_token, give_token


async def page(home: Family, token: str, status: int = 200, key: str | None = None) -> str:
    answer = await home.get("/scan", key=key, t=token)
    assert answer.status_code == status, answer.text
    return str(answer.text)


async def test_a_template_that_was_switched_off_no_longer_exists(home: Family) -> None:
    token = await earn_token(home)
    await change_template(home, active=False)
    assert "no longer exists" in await page(home, token, 400)


async def test_a_child_says_what_its_wish_is_for(home: Family) -> None:
    await home.earn(10)
    held = await home.reserve(note="With Maya, on Sunday")
    assert "With Maya, on Sunday" in await page(home, held["token"])


async def test_a_token_for_a_user_id_that_nobody_had_is_shown_to_no_device(production: Family) -> None:
    """It is nobody's yet, so it is not the device owner's; whoever is not known may look at it."""
    gift = await give_token(production, userId="ada")
    chores = ok(
        await production.post(
            "/api/tokens/earn", {"userId": "ada", "templates": [{"id": production.template_id}]}
        )
    )["token"]
    for token in (gift, chores):
        assert "ada" in await page(production, token)
        assert "ada" in await page(production, token, key="admin")
        for device in ("leo", "maya"):
            assert "ada" not in await page(production, token, 400, key=device)


async def test_a_lapsed_wish_is_too_old(home: Family) -> None:
    await home.set(hold_lifetime_seconds=60)
    await home.earn(10)
    held = await home.reserve()
    home.clock.advance(seconds=60)
    html = await page(home, held["token"])
    assert "too old" in html
    assert not re.search("key-form", html)


async def test_the_page_may_do_what_it_does_and_nothing_else(home: Family) -> None:
    answer = await home.get("/scan", key=None, t=await give_token(home))
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        # A reward's picture may lie on another server.
        "img-src": "'self' data: https:",
        "connect-src": "'self'",
        "form-action": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
