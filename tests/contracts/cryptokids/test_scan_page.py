"""The page behind a QR code, as the server answers it. What its script does is tested in a browser."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from regulars.db.database import DatabaseUnavailable
from tests.support.family import Answer, Family, ok, refused

SCRIPT = re.compile(r'<script src="(/scan/scan\.js\?v=[0-9a-f]+)" defer></script>')


class Tags(HTMLParser):
    """The tags of a page with their attributes, as a browser would read them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


async def give(home: Family, amount: int = 25, **more: Any) -> str:
    token: str = ok(await home.post("/api/tokens/give", {"userId": "leo", "amount": amount, **more}))["token"]
    return token


async def earn(home: Family, count: int = 2, **more: Any) -> str:
    body = {"userId": "leo", "templates": [{"id": home.template_id, "count": count}], **more}
    token: str = ok(await home.post("/api/tokens/earn", body))["token"]
    return token


async def page(home: Family, token: str | None, status: int = 200, key: str | None = None) -> str:
    query = {} if token is None else {"t": token}
    answer = await home.get("/scan", key=key, **query)
    assert answer.status_code == status, answer.text
    check_safety(answer)
    return answer.text


def check_safety(answer: Answer) -> None:
    """Every page, whatever it says, runs no script but its own and gives its address to nobody."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    tags = Tags(answer.text).found
    script = SCRIPT.search(answer.text)
    assert script is not None
    assert [attributes["src"] for name, attributes in tags if name == "script"] == [script[1]]
    assert not [attribute for _, attributes in tags for attribute in attributes if attribute.startswith("on")]
    assert not [name for name, attributes in tags if name == "style" or "style" in attributes]


async def test_a_gift(home: Family) -> None:
    html = await page(home, token := await give(home, note="Well done"))
    assert 'data-state="give"' in html
    assert 'data-post="/api/earn/scan"' in html
    assert f'data-token="{token}"' in html
    assert "25 points" in html
    assert "Well done" in html
    assert re.search(r'<form class="key" id="key-form" hidden>', html)


async def test_looking_at_the_page_moves_no_points(home: Family) -> None:
    for token in (await give(home), await earn(home)):
        await page(home, token)
    assert await home.rows() == 0


async def test_chores_at_todays_points(home: Family) -> None:
    token = await earn(home, note="All of them")
    path = f"/api/earn-templates/{home.template_id}"
    ok(await home.client.patch(path, json={"points": 7}, headers=home.headers()))
    html = await page(home, token)
    assert 'data-state="earn"' in html
    assert "14 points for leo?" in html
    assert "2 × Dishes" in html
    assert "All of them" in html
    assert re.search(r'<form class="key" id="key-form">', html)
    ok(await home.client.delete(path, headers=home.headers()))
    assert "no longer exists" in await page(home, token, 400)


async def test_a_reward_to_approve(home: Family) -> None:
    await home.earn(42)
    held = await home.reserve()
    html = await page(home, held["token"])
    assert 'data-state="spend"' in html
    assert f'data-post="/api/holds/{held["holdId"]}/approve"' in html
    for text in ("Cinema", "leo", ">10<", ">42<", ">32<", "Approve for 10 points"):
        assert text in html
    approve = {"token": held["token"], "finalCost": 8}
    ok(await home.post(f"/api/holds/{held['holdId']}/approve", approve))
    html = await page(home, held["token"])
    assert "approved already" in html
    assert ">8<" in html
    assert "key-form" not in html
    assert held["token"] not in html


async def test_a_reward_that_was_cancelled(home: Family) -> None:
    await home.earn(42)
    held = await home.reserve()
    ok(await home.post(f"/api/holds/{held['holdId']}/cancel"))
    html = await page(home, held["token"])
    assert "was cancelled" in html
    assert "key-form" not in html


async def test_an_expired_code_tells_nothing_else(home: Family) -> None:
    await home.earn(42)
    tokens = [await give(home), await earn(home), (await home.reserve())["token"]]
    home.clock.advance(seconds=120)
    for token in tokens:
        html = await page(home, token, 400)
        assert "too old" in html
        assert "leo" not in html
        assert "key-form" not in html


@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        "x",
        "a.b",
        "\0",
        "é.é",
        "a" * 5000,
        "..",
        '"><script>alert(1)</script>',
        "eyJ0eXAiOiJnaXZlIn0.AAAA",
    ],
)
async def test_a_code_that_is_none(home: Family, token: str | None) -> None:
    answer = await home.get("/scan", key=None, **({} if token is None else {"t": token}))
    assert answer.status_code == 400
    check_safety(answer)
    assert "alert(1)" not in answer.text


async def test_without_a_database_the_page_says_so(home: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unavailable(*_: Any) -> None:
        raise DatabaseUnavailable("gone")

    token = await earn(home)
    monkeypatch.setattr("regulars.contracts.cryptokids.pages.find_templates", unavailable)
    assert "in a moment" in await page(home, token, 503)


async def test_a_code_with_one_character_changed(home: Family) -> None:
    token = await give(home)
    for position in range(0, len(token), 7):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        await page(home, changed, 400)


async def test_texts_of_others_are_shown_as_text(home: Family) -> None:
    attack = "<img src=x onerror=alert(1)>\"'`${7*7}{{7*7}}"
    ok(
        await home.post(
            "/api/rewards", {"name": attack, "cost": 1, "imageUrl": "https://pictures.test/a.png"}
        ),
        201,
    )
    [reward] = [row for row in (await home.get("/api/rewards")).json() if row["name"] == attack]
    await home.earn(5)
    held = ok(await home.post("/api/holds", {"userId": "leo", "itemId": reward["id"], "note": attack}), 201)
    html = await page(home, held["token"])
    assert "<img src=x" not in html
    assert "{{7*7}}" in html
    assert 'src="https://pictures.test/a.png"' in html
    ok(await home.post("/api/members", {"userId": '"><b>x', "name": "X"}), 201)
    token = ok(await home.post("/api/tokens/give", {"userId": '"><b>x', "amount": 1, "note": attack}))[
        "token"
    ]
    html = await page(home, token)
    assert "<b>" not in html
    assert "<img" not in html


async def test_another_childs_device_cannot_read_it(production: Family) -> None:
    await production.earn(42)
    held = ok(
        await production.post("/api/holds", {"userId": "leo", "itemId": production.reward_id}, key="leo"), 201
    )
    for token in (held["token"], await give(production), await earn(production)):
        for key in (None, "leo"):
            assert "leo" in await page(production, token, key=key)
        assert "leo" not in await page(production, token, 400, key="maya")


async def test_the_pages_files_are_kept_by_browsers(home: Family) -> None:
    html = await page(home, None, 400)
    for name, media_type in (("scan.css", "text/css"), ("scan.js", "text/javascript")):
        found = re.search(rf'"(/scan/{re.escape(name)}\?v=[0-9a-f]+)"', html)
        assert found is not None
        answer = await home.client.get(found[1])
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(media_type)
        assert "immutable" in answer.headers["cache-control"]
    for name in ("scan.html", "..%2Fpages.py", "x"):
        refused(
            await home.client.get(f"/scan/{name}"), 404, "not_found" if "%2F" not in name else "NOT_FOUND"
        )
