"""A person signs in to the admin page: what is shown, what the cookie opens, and for how long."""

import re
import time
from pathlib import Path

import pytest

from regulars.contracts.sessions.admin_sign_in import COOKIE
from regulars.contracts.sessions.context import ADMIN_SCOPE, INTERNAL_SCOPE, KIOSK_SCOPE
from regulars.contracts.sessions.guessing import WRONG_KEYS_PER_MINUTE
from regulars.features.access import actions as access
from regulars.http.sealed_keys import SealedKeys
from tests.contracts.sessions.test_wallet_page import page_of
from tests.support.browsing import ACCEPT, Person
from tests.support.kiosks import ELSEWHERE, SECOND, VENUE, Answer, Kiosks, kiosks, refused
from tests.support.ledger import NOW

STOPPED_SECONDS_MAX = 5
LIFETIME_SECONDS = 12 * 60 * 60


def shown(answer: Answer, status: int = 200) -> str:
    """A page with a form; it tells us, and nobody else, that it was sent from there."""
    return page_of(answer, status, "same-origin")


def form_of(answer: Answer, status: int, said: str = "") -> str:
    """The sign-in page, which says this and holds no key."""
    html = shown(answer, status)
    assert '<form action="/admin/sign-in" method="post">' in html
    alerts = re.findall(r'role="alert" id="alert">([^<]*)<', html)
    assert alerts == ([said] if said else [])
    assert 'type="password"' in html and 'autocomplete="current-password"' in html
    assert answer.headers.get("set-cookie") is None
    return html


async def test_from_the_form_to_the_figures(shop: Kiosks) -> None:
    person = Person(shop)
    html = form_of(await person.look(VENUE), 401)
    assert f'name="venue_id" value="{VENUE}"' in html
    answer = await person.sign_in()
    assert (answer.status_code, answer.headers["location"]) == (303, f"/admin?venue_id={VENUE}")
    html = shown(await person.look(VENUE))
    assert '<strong id="attach-rate">–</strong>' in html
    assert f'<option value="{VENUE}" selected>' in html and f'<option value="{SECOND}">' in html
    assert ELSEWHERE not in html and "Sign out" in html


async def test_the_cookie_is_for_the_page_alone_and_holds_no_key(shop: Kiosks) -> None:
    person = Person(shop)
    cookie = (await person.sign_in()).headers["set-cookie"]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert parts == {"httponly", "path=/admin", "samesite=strict", "secure", f"max-age={LIFETIME_SECONDS}"}
    assert shop.keys[ADMIN_SCOPE] not in cookie
    for name in ("x-admin-key", "x-kiosk-secret", "authorization"):
        answer = await shop.client.get(f"/admin?venue_id={VENUE}", headers={name: person.cookie})
        refused(answer, 401, "unauthorized")


async def test_without_tls_the_cookie_does_not_ask_for_it(database_url: str, tmp_path: Path) -> None:
    async with kiosks(database_url, tmp_path, public_url=None) as shop:
        assert "secure" not in (await Person(shop).sign_in()).headers["set-cookie"].lower()


async def test_signing_out(shop: Kiosks) -> None:
    person = Person(shop)
    await person.sign_in()
    answer = await person.send("/admin/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin")
    assert person.cookie == "" and "max-age=0" in answer.headers["set-cookie"].lower()
    form_of(await person.look(VENUE), 401)


async def test_it_ends_after_half_a_day(shop: Kiosks) -> None:
    person = Person(shop)
    await person.sign_in()
    shop.clock.advance(seconds=LIFETIME_SECONDS)
    shown(await person.look(VENUE))
    shop.clock.advance(seconds=2)
    html = form_of(await person.look(VENUE), 401, "You have been signed out. Please sign in again.")
    assert f'value="{VENUE}"' in html


async def test_it_ends_with_the_key_within_five_seconds(shop: Kiosks) -> None:
    credential_id, key = await shop.new_key(ADMIN_SCOPE)
    person = Person(shop)
    await person.sign_in(key)
    shown(await person.look(VENUE))
    async with shop.database.transaction() as connection:
        await access.revoke_credential(connection, shop.program_id, credential_id, NOW)
    revoked = time.monotonic()
    while (answer := await person.look(VENUE)).status_code == 200:
        assert time.monotonic() - revoked < STOPPED_SECONDS_MAX
    form_of(answer, 401, "You have been signed out. Please sign in again.")
    form_of(await person.sign_in(key), 401, "That key does not open this page.")


async def test_cookies_that_this_server_has_not_sealed(shop: Kiosks) -> None:
    person, key = Person(shop), shop.keys[ADMIN_SCOPE]
    await person.sign_in()
    right = person.cookie
    foreign = SealedKeys("the secret key of another server, 42 letters", clock=shop.clock).seal(key)
    changed = [right[:place] + ("A" if right[place] != "A" else "B") + right[place + 1 :] for place in
               range(0, len(right), 7)]  # fmt: skip
    for cookie in (key, foreign, right[:-4], right + "AAAA", right * 9, '"', "=", "%00", *changed):
        person.cookie = cookie
        assert (await person.look(VENUE)).status_code == 401, cookie


async def test_wrong_keys(shop: Kiosks) -> None:
    person = Person(shop)
    for key in (shop.keys[KIOSK_SCOPE], shop.keys[INTERNAL_SCOPE], "a key", "x" * 64, "ключ" * 8):
        html = form_of(await person.sign_in(key), 401, "That key does not open this page.")
        assert f'value="{VENUE}"' in html and key not in html
    form_of(await person.sign_in(""), 400, "Please enter the admin key.")
    form_of(await person.sign_in("   "), 400, "Please enter the admin key.")
    form_of(await person.send("/admin/sign-in"), 400, "Please enter the admin key.")
    # Space comes along when a key is copied.
    assert (await person.sign_in(f" {shop.keys[ADMIN_SCOPE]}\n")).status_code == 303


async def test_no_venue_is_named(shop: Kiosks) -> None:
    person = Person(shop)
    assert (await person.sign_in(venue_id=None)).headers["location"] == "/admin"
    html = shown(await person.look())
    assert re.findall(r'href="/admin\?venue_id=([^"]*)"', html) == [VENUE, SECOND]
    # Programs are answered as ever, with the header and without.
    headers = {**shop.headers(ADMIN_SCOPE), "accept": ACCEPT}
    refused(await shop.client.get("/admin", headers=headers), 400, "venue_id_required")


@pytest.mark.parametrize("venue_id", ["nowhere", ELSEWHERE, "Пирс", "a" * 200])
async def test_a_venue_that_there_is_not(shop: Kiosks, venue_id: str) -> None:
    person = Person(shop)
    # Whoever has no key is not told which venues there are.
    form_of(await person.sign_in("x" * 64, venue_id), 401, "That key does not open this page.")
    assert (await person.sign_in(venue_id=venue_id)).status_code == 303
    html = shown(await person.look(venue_id), 404)
    assert "No venue of that name." in html and f'href="/admin?venue_id={VENUE}"' in html


async def test_venues_that_are_closed_and_keys_of_one_venue(shop: Kiosks) -> None:
    _, key = await shop.new_key(ADMIN_SCOPE, venue=SECOND)
    person = Person(shop)
    await person.sign_in(key)
    html = shown(await person.look())
    assert re.findall(r'href="/admin\?venue_id=([^"]*)"', html) == [SECOND]
    shown(await person.look(VENUE), 404)
    # With one venue there is nothing to switch to, but a way out.
    html = shown(await person.look(SECOND))
    assert "<select" not in html and "Sign out" in html
    await shop.close_venue(SECOND)
    assert "There is no venue yet" in shown(await person.look())


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "x&next=//evil", "a\r\nset-cookie: b=c", "../x", "é"],
)
async def test_it_leads_to_the_page_and_nowhere_else(shop: Kiosks, target: str) -> None:
    answer = await Person(shop).sign_in(venue_id=target)
    assert answer.status_code == 303
    assert re.fullmatch(r"/admin\?venue_id=[A-Za-z0-9%+._-]*", answer.headers["location"])
    assert len(answer.headers.get_list("set-cookie")) == 1


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"origin": "https://evil.example", "sec_fetch_site": "cross-site"},
        {"origin": "http://evil.kiosks.test", "sec_fetch_site": "same-site"},
        {"origin": "null", "sec_fetch_site": "cross-site"},
        {"origin": "https://kiosks.test.evil.example"},
        {"origin": "https://cards.test.evil.example"},
    ],
)
@pytest.mark.parametrize("path", ["/admin/sign-in", "/admin/sign-out"])
async def test_other_sites_sign_nobody_in_or_out(shop: Kiosks, path: str, elsewhere: dict[str, str]) -> None:
    person = Person(shop)
    await person.sign_in()
    form = {"admin_key": shop.keys[ADMIN_SCOPE], "venue_id": VENUE}
    answer = await person.send(path, form, **elsewhere)
    assert answer.status_code == 401 and "set-cookie" not in answer.headers
    refused(await person.send(path, form, accept="*/*", **elsewhere), 401, "unauthorized")
    # Nor do they use up anybody's attempts.
    async with shop.database.connection() as connection:
        assert (await (await connection.execute("select count(*) from attempts")).fetchone()) == (0,)


async def test_behind_a_proxy_the_public_address_is_our_own(shop: Kiosks) -> None:
    answer = await Person(shop).sign_in(origin="https://cards.test", sec_fetch_site="same-origin")
    assert answer.status_code == 303


async def test_somebody_who_guesses_keys(shop: Kiosks) -> None:
    guesser = Person(shop)
    for number in range(WRONG_KEYS_PER_MINUTE):
        form_of(await guesser.sign_in(f"{number:064}"), 401, "That key does not open this page.")
    answer = await guesser.sign_in("y" * 64)
    form_of(answer, 429, "Too many wrong keys were tried from here. Please try again in a minute.")
    assert answer.headers["retry-after"] == "60"
    refused(await guesser.sign_in("y" * 64, accept="*/*"), 429, "too_many_requests")
    # Whoever has a key is let in meanwhile, and programs are not concerned.
    person = Person(shop)
    assert (await person.sign_in()).status_code == 303
    shown(await person.look(VENUE))
    assert (await shop.get("/admin", by=ADMIN_SCOPE, venue_id=VENUE)).status_code == 200
    shop.clock.advance(seconds=61)
    form_of(await guesser.sign_in("y" * 64), 401, "That key does not open this page.")
    async with shop.database.connection() as connection:
        rows = await (await connection.execute("select distinct limiter, subject from attempts")).fetchall()
    [(limiter, subject)] = rows
    assert limiter == "sessions.wrong_admin_keys" and len(bytes.fromhex(subject)) == 16


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.5", ""])
async def test_programs_are_answered_as_before(shop: Kiosks, accept: str) -> None:
    for headers in ({}, {"x-admin-key": "x" * 64}, {"cookie": f"{COOKIE}=x"}):
        answer = await shop.client.get(
            "/admin", params={"venue_id": VENUE}, headers={**headers, "accept": accept}
        )
        refused(answer, 401, "unauthorized")
        assert answer.content == b'{"error":"unauthorized"}'
        assert answer.headers["content-type"] == "application/json"


async def test_whoever_sends_the_header_is_answered_as_before_in_a_browser_too(shop: Kiosks) -> None:
    for key in ("", "x" * 64, shop.keys[KIOSK_SCOPE]):
        headers = {"x-admin-key": key, "accept": ACCEPT}
        refused(await shop.client.get(f"/admin?venue_id={VENUE}", headers=headers), 401, "unauthorized")
    headers = {**shop.headers(ADMIN_SCOPE), "accept": ACCEPT}
    refused(await shop.client.get("/admin?venue_id=nowhere", headers=headers), 404, "venue_not_found")
    html = page_of(await shop.client.get(f"/admin?venue_id={VENUE}", headers=headers))
    assert "Sign out" not in html and "<select" not in html


async def test_the_cookie_counts_for_what_its_page_asks_and_no_header_beside_it(shop: Kiosks) -> None:
    person = Person(shop)
    await person.sign_in()
    # A wrong header is not made good by a cookie.
    refused(await person.look(VENUE, x_admin_key="x" * 64), 401, "unauthorized")
    headers = {"cookie": f"{COOKIE}={person.cookie}", "origin": "https://evil.example"}
    body = {"venue_id": VENUE, "brand_name": "Evil"}
    refused(await shop.client.post("/api/card-branding", json=body, headers=headers), 401, "unauthorized")
