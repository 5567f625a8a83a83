"""Earn templates and rewards over HTTP: shapes, both spellings, refusals, who may."""

from typing import Any

import pytest

from tests.support.family import Answer, Family, ok, refused

TEMPLATE_FIELDS = {
    "id", "title", "points", "description", "youtube_url", "youtubeUrl", "active", "sort_order", "sortOrder",
    "created_at", "updated_at",
}  # fmt: skip
REWARD_FIELDS = {
    "id", "name", "title", "cost", "price", "description", "image_url", "imageUrl", "youtube_url",
    "youtubeUrl", "active",
}  # fmt: skip


async def patch(home: Family, path: str, body: Any, key: str | None = "admin") -> Answer:
    return await home.client.patch(path, json=body, headers=home.headers(key, None))


async def delete(home: Family, path: str, key: str | None = "admin") -> Answer:
    return await home.client.delete(path, headers=home.headers(key, None))


async def test_a_template_is_created_listed_changed_and_deleted(home: Family) -> None:
    body = {"title": " Hoover ", "points": 15, "description": "Both floors", "sort_order": 2}
    created = ok(await home.post("/api/earn-templates", body, role=None), 201)
    now = int(home.clock().timestamp())
    assert created == {
        "id": created["id"],
        "title": "Hoover",
        "points": 15,
        "description": "Both floors",
        "youtube_url": None,
        "youtubeUrl": None,
        "active": True,
        "sort_order": 2,
        "sortOrder": 2,
        "created_at": now,
        "updated_at": now,
    }
    home.clock.advance(hours=1)
    path = f"/api/earn-templates/{created['id']}"
    changed = ok(await patch(home, path, {"points": 20, "active": False}))
    assert (changed["points"], changed["active"], changed["title"]) == (20, False, "Hoover")
    assert (changed["created_at"], changed["updated_at"]) == (now, now + 3600)
    assert ok(await delete(home, path)) == {"ok": True}
    refused(await delete(home, path), 404, "not_found")
    refused(await patch(home, path, {"points": 1}), 404, "not_found")


async def test_templates_are_filtered_and_sorted(home: Family) -> None:
    for title, sort_order, active in (("A", 5, True), ("B", -1, False), ("C", 1, True)):
        body = {"title": title, "points": 1, "sortOrder": sort_order, "active": active}
        ok(await home.post("/api/earn-templates", body), 201)

    async def titles(**query: str) -> list[str]:
        listed = (await home.get("/api/earn-templates", key=None, **query)).json()
        assert all(set(template) == TEMPLATE_FIELDS for template in listed)
        return [template["title"] for template in listed]

    assert await titles(sort="sort_order") == ["B", "Dishes", "C", "A"]
    assert await titles(sort="sort_order", active="true") == ["Dishes", "C", "A"]
    assert await titles(sort="sort_order", active="false") == ["B"]
    assert await titles() == ["C", "B", "A", "Dishes"]
    assert await titles(active="perhaps", sort="; drop table rewards") == ["C", "B", "A", "Dishes"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "invalid_template"),
        ([], "invalid_template"),
        ("Hoover", "invalid_template"),
        ({"title": "Hoover"}, "invalid_template"),
        ({"points": 5}, "invalid_template"),
        ({"title": "  ", "points": 5}, "invalid_template"),
        ({"title": 5, "points": 5}, "invalid_template"),
        ({"title": "x" * 201, "points": 5}, "invalid_template"),
        ({"title": "nul \0", "points": 5}, "invalid_template"),
        ({"title": "Hoover", "points": "5"}, "invalid_points"),
        ({"title": "Hoover", "points": 5.5}, "invalid_points"),
        ({"title": "Hoover", "points": 0}, "invalid_points"),
        ({"title": "Hoover", "points": -5}, "invalid_points"),
        ({"title": "Hoover", "points": True}, "invalid_points"),
        ({"title": "Hoover", "points": None}, "invalid_points"),
        ({"title": "Hoover", "points": 2**53}, "invalid_points"),
        ({"title": "Hoover", "points": 10**40}, "invalid_points"),
        ({"title": "Hoover", "points": 5, "active": "yes"}, "invalid_template"),
        ({"title": "Hoover", "points": 5, "sort_order": "first"}, "invalid_template"),
        ({"title": "Hoover", "points": 5, "sort_order": 10**12}, "invalid_template"),
        ({"title": "Hoover", "points": 5, "youtubeUrl": "javascript:alert(1)"}, "invalid_template"),
    ],
)
async def test_a_template_that_is_wrong_is_refused(home: Family, body: Any, error: str) -> None:
    refused(await home.post("/api/earn-templates", body), 400, error)
    assert len((await home.get("/api/earn-templates")).json()) == 1


@pytest.mark.parametrize(
    "raw", [b"", b"{", b'{"title": NaN}', b'{"title":"a","title":"b","points":1}', b"\xff"]
)
async def test_a_body_that_is_no_json_is_refused(home: Family, raw: bytes) -> None:
    refused(await home.post("/api/earn-templates", raw=raw), 400, "invalid_template")
    refused(await home.post("/api/rewards", raw=raw), 400, "name and cost required")
    refused(await home.client.patch("/api/rewards/1", content=raw, headers=home.headers()), 400, "no_fields")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "no_fields"),
        ({"colour": "red"}, "no_fields"),
        ({"points": "7"}, "invalid_points"),
        ({"points": 0}, "invalid_points"),
        ({"title": ""}, "invalid_template"),
        ({"sort_order": 1.5}, "invalid_template"),
    ],
)
async def test_a_change_of_a_template_that_is_wrong_is_refused(home: Family, body: Any, error: str) -> None:
    refused(await patch(home, f"/api/earn-templates/{home.template_id}", body), 400, error)


@pytest.mark.parametrize("text", ["0", "-1", "99", "9" * 12, "abc", "1.0", "1e0", "%D9%A1", "1%00"])
async def test_an_id_that_nothing_has_is_not_found(home: Family, text: str) -> None:
    error = "NOT_FOUND" if "%00" in text else "not_found"
    for path, body in (
        (f"/api/earn-templates/{text}", {"points": 1}),
        (f"/api/rewards/{text}", {"price": 1}),
    ):
        refused(await patch(home, path, body), 404, error)
    refused(await delete(home, f"/api/earn-templates/{text}"), 404, error)


async def test_a_reward_is_created_changed_and_listed(home: Family) -> None:
    body = {"name": "Zoo", "cost": 5, "imageUrl": "/photos/zoo.jpg", "youtube_url": "https://youtu.be/zoo"}
    created = ok(await home.post("/api/rewards", body), 201)
    assert created == {
        "id": created["id"],
        "name": "Zoo",
        "title": "Zoo",
        "cost": 5,
        "price": 5,
        "description": "",
        "image_url": "/photos/zoo.jpg",
        "imageUrl": "/photos/zoo.jpg",
        "youtube_url": "https://youtu.be/zoo",
        "youtubeUrl": "https://youtu.be/zoo",
        "active": True,
    }
    listed = (await home.get("/api/rewards", key=None)).json()
    assert [reward["name"] for reward in listed] == ["Zoo", "Cinema"]
    assert all(set(reward) == REWARD_FIELDS for reward in listed)
    path = f"/api/rewards/{created['id']}"
    changes = {"price": 500, "image_url": "", "description": "With a picnic", "youtubeUrl": None}
    assert ok(await patch(home, path, changes)) == {"ok": True}
    changed = (await home.get("/api/rewards", key=None)).json()[-1]
    assert (changed["cost"], changed["imageUrl"], changed["youtube_url"]) == (500, "", "")
    assert changed["description"] == "With a picnic"


async def test_only_the_admin_key_sees_rewards_that_are_switched_off(home: Family) -> None:
    assert ok(await patch(home, f"/api/rewards/{home.reward_id}", {"active": 0})) == {"ok": True}
    assert (await home.get("/api/rewards")).json() == []
    for key in ("admin", "parent"):
        [reward] = (await home.get("/api/rewards", key=key, active="all")).json()
        assert (reward["id"], reward["active"]) == (home.reward_id, False)
    for child in (None, "leo"):
        assert (await home.get("/api/rewards", key=child, active="all")).json() == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "name and cost required"),
        ([1], "name and cost required"),
        ({"name": "Zoo"}, "name and cost required"),
        ({"cost": 5}, "name and cost required"),
        ({"name": "", "cost": 5}, "name and cost required"),
        ({"name": None, "cost": 5}, "name and cost required"),
        ({"name": "Zoo", "cost": "5"}, "invalid_price"),
        ({"name": "Zoo", "cost": -1}, "invalid_price"),
        ({"name": "Zoo", "cost": 1.5}, "invalid_price"),
        ({"name": "Zoo", "cost": 2**53}, "invalid_price"),
        ({"name": "Zoo", "cost": 5, "imageUrl": "javascript:alert(1)"}, "invalid_payload"),
        ({"name": "Zoo", "cost": 5, "imageUrl": "data:text/html,x"}, "invalid_payload"),
        ({"name": "Zoo", "cost": 5, "description": "x" * 2001}, "invalid_payload"),
        ({"name": "Zoo", "cost": 5, "active": "true"}, "invalid_payload"),
    ],
)
async def test_a_reward_that_is_wrong_is_refused(home: Family, body: Any, error: str) -> None:
    refused(await home.post("/api/rewards", body), 400, error)
    assert len((await home.get("/api/rewards", active="all")).json()) == 1


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "no_fields"),
        ({"price": "5"}, "invalid_price"),
        ({"cost": -5}, "invalid_price"),
        ({"price": None}, "invalid_price"),
        ({"name": ""}, "invalid_payload"),
        ({"youtubeUrl": "//evil.example"}, "invalid_payload"),
    ],
)
async def test_a_change_of_a_reward_that_is_wrong_is_refused(home: Family, body: Any, error: str) -> None:
    refused(await patch(home, f"/api/rewards/{home.reward_id}", body), 400, error)


async def test_both_spellings_are_read(home: Family) -> None:
    reward = ok(await home.post("/api/rewards", {"title": "Zoo", "price": 7, "image_url": "/a.png"}), 201)
    assert (reward["name"], reward["cost"], reward["imageUrl"]) == ("Zoo", 7, "/a.png")
    assert ok(await patch(home, f"/api/rewards/{reward['id']}", {"title": "Farm", "cost": 8})) == {"ok": True}
    [farm] = [row for row in (await home.get("/api/rewards")).json() if row["id"] == reward["id"]]
    assert (farm["title"], farm["price"]) == ("Farm", 8)
    body = {"title": "Hoover", "points": 1, "youtubeUrl": "https://youtu.be/h", "sortOrder": "4"}
    template = ok(await home.post("/api/earn-templates", body), 201)
    assert (template["youtube_url"], template["sort_order"]) == ("https://youtu.be/h", 4)


@pytest.mark.parametrize("key", [None, "leo"])
async def test_the_catalogue_is_kept_with_the_admin_key_only(home: Family, key: str | None) -> None:
    refused(await home.post("/api/rewards", {"name": "Zoo", "cost": 1}, key=key), 401, "UNAUTHORIZED")
    refused(await home.post("/api/earn-templates", {"title": "X", "points": 1}, key=key), 401, "UNAUTHORIZED")
    refused(await patch(home, f"/api/rewards/{home.reward_id}", {"price": 1}, key), 401, "UNAUTHORIZED")
    path = f"/api/earn-templates/{home.template_id}"
    refused(await patch(home, path, {"points": 1}, key), 401, "UNAUTHORIZED")
    refused(await delete(home, path, key), 401, "UNAUTHORIZED")


async def test_in_production_the_child_needs_its_device(production: Family) -> None:
    for path in ("/api/rewards", "/api/earn-templates"):
        refused(await production.get(path, key=None), 401, "UNAUTHORIZED")
        assert len((await production.get(path, key="leo")).json()) == 1
    await production.set(keyless=True)
    assert len((await production.get("/api/rewards", key=None)).json()) == 1
