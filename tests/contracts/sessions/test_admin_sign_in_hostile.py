"""Whatever is sent to the sign-in page: it is answered, signs nobody in, and is shown as text if at all."""

from typing import Any
from urllib.parse import quote

import pytest
from markupsafe import escape

from regulars.contracts.sessions.admin_sign_in import COOKIE
from regulars.contracts.sessions.context import ADMIN_SCOPE
from regulars.features.access import actions as access
from regulars.http.queries import FORM_BYTES_MAX
from tests.contracts.sessions.test_wallet_page import page_of
from tests.support import hostile
from tests.support.browsing import ACCEPT, OWN_PAGE, Person
from tests.support.kiosks import VENUE, Answer, Kiosks, refused
from tests.support.ledger import NOW

MARKUP = [
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "'-alert(1)-'",
    "{{7*191}}",
    "<b>&amp;</b>",
]


async def answered(shop: Kiosks, content: bytes, accept: str = ACCEPT) -> Answer:
    """The answer to a form; time goes by, so that it is none of too many."""
    shop.clock.advance(seconds=61)
    headers = {**OWN_PAGE, "accept": accept, "content-type": "application/x-www-form-urlencoded"}
    answer = await shop.client.post("/admin/sign-in", content=content, headers=headers)
    shop.client.cookies.clear()
    return answer


BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "JSON": (b'{"admin_key": "x"}', 400),
    "no form": (b"\xff\xfe\x00" * 100, 400),
    "only signs": (b"&=&&==&", 400),
    "a NUL in the key": (b"admin_key=a%00b", 400),
    "a NUL as it is": (b"admin_key=a\x00b", 400),
    "a NUL in the venue": (b"admin_key=x&venue_id=a%00b", 400),
    "bytes beyond ASCII": (b"admin_key=" + b"\xff\xc3\xa9" * 20, 401),
    "broken UTF-8": (b"admin_key=" + b"%ff%c3" * 20, 401),
    "a lone surrogate": (b"admin_key=" + b"%ed%a0%80" * 20, 401),
    "another alphabet": (f"admin_key={quote('ключ' * 8)}".encode(), 401),
    "an override of direction": (f"admin_key={quote(chr(0x202E) * 20)}".encode(), 401),
    "a key of 513": (b"admin_key=" + b"x" * 513, 400),
    "a venue of 201": (b"admin_key=x&venue_id=" + b"x" * 201, 400),
    "101 fields": (b"a=b&" * 101 + b"admin_key=x", 413),
    "as much as goes": (b"admin_key=x&a=" + b"x" * (FORM_BYTES_MAX - 14), 401),
    "more than goes": (b"admin_key=x&a=" + b"x" * FORM_BYTES_MAX, 413),
}  # fmt: skip


@pytest.mark.parametrize(("content", "status"), BODIES.values(), ids=BODIES)
async def test_forms_that_are_none(shop: Kiosks, content: bytes, status: int) -> None:
    answer = await answered(shop, content)
    html = page_of(answer, status, "same-origin")
    assert 'role="alert"' in html and "set-cookie" not in answer.headers
    said = await answered(shop, content, "*/*")
    assert said.status_code == status and list(said.json()) == ["error"]


async def test_of_a_field_that_is_there_twice_the_first_counts(shop: Kiosks) -> None:
    key = shop.keys[ADMIN_SCOPE]
    wrong_first = await answered(shop, f"admin_key=x&admin_key={key}".encode())
    assert wrong_first.status_code == 401
    right_first = await answered(shop, f"admin_key={key}&admin_key=x&venue_id=a&venue_id=b".encode())
    assert (right_first.status_code, right_first.headers["location"]) == (303, "/admin?venue_id=a")
    person = Person(shop)
    await person.sign_in()
    headers = {"accept": ACCEPT, "cookie": f"{COOKIE}=x; {COOKIE}={person.cookie}"}
    assert (await shop.client.get("/admin", headers=headers)).status_code == 401
    headers["cookie"] = f"{COOKIE}={person.cookie}; {COOKIE}=x"
    twice = await shop.client.get(f"/admin?venue_id={VENUE}&venue_id=nowhere", headers=headers)
    assert twice.status_code == 200


@pytest.mark.parametrize("name", ["venue_id", "admin_key"])
async def test_hostile_fields(shop: Kiosks, name: str) -> None:
    faults: dict[str, Any] = {}
    for value in hostile.QUERY_VALUES:
        answer = await answered(shop, f"{name}={value}".encode())
        if answer.status_code not in (400, 401, 413) or "set-cookie" in answer.headers:
            faults[value[:40]] = answer.status_code
    assert faults == {}


async def test_hostile_queries_of_whoever_has_signed_in_or_not(shop: Kiosks) -> None:
    person = Person(shop)
    faults: dict[Any, Any] = {}
    for expected in ((401,), (200, 400, 404)):
        for value in hostile.QUERY_VALUES:
            headers = {"accept": ACCEPT, "cookie": f"{COOKIE}={person.cookie}"}
            answer = await shop.client.get(f"/admin?venue_id={value}", headers=headers)
            if answer.status_code not in expected or "html" not in answer.headers["content-type"]:
                faults[expected, value[:40]] = answer.status_code
        await person.sign_in()
    assert faults == {}


async def test_hostile_headers(shop: Kiosks) -> None:
    for name in ("cookie", "accept", "origin", "sec-fetch-site"):
        for value in hostile.HEADER_VALUES:
            sent: dict[str, Any] = {"accept": ACCEPT, name: value}
            answer = await shop.client.get(f"/admin?venue_id={VENUE}", headers=sent)
            assert answer.status_code == 401, (name, value[:20])
            form = {"admin_key": "x" * 64, "venue_id": VENUE}
            shop.clock.advance(seconds=61)
            answer = await shop.client.post("/admin/sign-in", data=form, headers=sent)
            assert answer.status_code == 401 and "set-cookie" not in answer.headers, (name, value[:20])


@pytest.mark.parametrize("quality", ["1e999", "nan", "-1", "x", "", "0x1", "9" * 400])
async def test_what_is_accepted_how_gladly(shop: Kiosks, quality: str) -> None:
    answer = await shop.client.get("/admin", headers={"accept": f"text/html;q={quality}"})
    assert answer.status_code == 401
    refused(
        await shop.client.get("/admin", headers={"accept": f"application/json,text/html;q={quality}, */*"}),
        401,
        "unauthorized",
    )


@pytest.mark.parametrize("text", MARKUP)
async def test_what_somebody_typed_is_text(shop: Kiosks, text: str) -> None:
    person = Person(shop)
    for html in (
        page_of(await person.sign_in("x" * 64, text), 401, "same-origin"),
        page_of(await person.look(text), 401, "same-origin"),
    ):
        assert f'name="venue_id" value="{escape(text)}"' in html and "1337" not in html
    await person.sign_in()
    html = page_of(await person.look(text), 404, "same-origin")
    assert "alert(1)" not in html and "No venue of that name." in html


@pytest.mark.parametrize("text", MARKUP)
async def test_the_name_of_a_venue_is_text(shop: Kiosks, text: str) -> None:
    async with shop.database.transaction() as connection:
        await access.create_location(connection, shop.program_id, slug="venue_009", name=text, now=NOW)
    person = Person(shop)
    await person.sign_in()
    for html in (
        page_of(await person.look(), 200, "same-origin"),
        page_of(await person.look("venue_009"), 200, "same-origin"),
        page_of(await person.look(VENUE), 200, "same-origin"),
    ):
        assert str(escape(text)) in html and "1337" not in html
        assert text not in html.replace(str(escape(text)), "")
