"""What pages may say of rewards and templates beyond the least: each field when made, each one changed."""

from typing import Any

from tests.support.family import Family, ok

REWARD: dict[str, Any] = {
    "name": "Zoo", "cost": 5, "description": "With a picnic", "imageUrl": "/photos/zoo.jpg",
    "youtubeUrl": "https://youtu.be/zoo", "active": False,
}  # fmt: skip
TEMPLATE: dict[str, Any] = {
    "title": "Hoover", "points": 15, "description": "Both floors", "youtube_url": "https://youtu.be/h",
    "active": False, "sort_order": 3,
}  # fmt: skip


async def one(home: Family, path: str, row_id: int, **query: str) -> dict[str, Any]:
    """The row of this id in the list at `path`."""
    [row] = [row for row in (await home.get(path, **query)).json() if row["id"] == row_id]
    found: dict[str, Any] = row
    return found


async def patch(home: Family, path: str, body: dict[str, Any]) -> Any:
    return ok(await home.client.patch(path, json=body, headers=home.headers(role=None)))


async def test_a_reward_is_made_with_all_that_is_said_of_it(home: Family) -> None:
    made = ok(await home.post("/api/rewards", REWARD), 201)
    assert made == await one(home, "/api/rewards", made["id"], active="all")
    assert {name: made[name] for name in REWARD} == REWARD
    assert made["id"] not in [row["id"] for row in (await home.get("/api/rewards")).json()]


async def test_every_field_of_a_reward_can_be_changed_by_itself(home: Family) -> None:
    made = ok(await home.post("/api/rewards", REWARD), 201)
    changes: dict[str, Any] = {
        "name": "Farm", "price": 6, "description": "Without", "image_url": "/photos/farm.jpg",
        "youtube_url": "https://youtu.be/farm", "active": True,
    }  # fmt: skip
    expected = dict(made)
    twins = {"name": "title", "price": "cost", "image_url": "imageUrl", "youtube_url": "youtubeUrl"}
    for field, value in changes.items():
        assert await patch(home, f"/api/rewards/{made['id']}", {field: value}) == {"ok": True}
        expected |= {field: value} | ({twins[field]: value} if field in twins else {})
        assert await one(home, "/api/rewards", made["id"], active="all") == expected


async def test_a_template_is_made_with_all_that_is_said_of_it(home: Family) -> None:
    made = ok(await home.post("/api/earn-templates", TEMPLATE), 201)
    assert {name: made[name] for name in TEMPLATE} == TEMPLATE
    assert made == await one(home, "/api/earn-templates", made["id"])
    for spelling in ("false", "FALSE", "0"):
        assert made == await one(home, "/api/earn-templates", made["id"], active=spelling)
    for spelling in ("true", "True", "1"):
        [dishes] = (await home.get("/api/earn-templates", active=spelling)).json()
        assert dishes["id"] == home.template_id


async def test_every_field_of_a_template_can_be_changed_by_itself(home: Family) -> None:
    made = ok(await home.post("/api/earn-templates", TEMPLATE), 201)
    changes: dict[str, Any] = {
        "title": "Sweep", "points": 6, "description": "", "youtube_url": None, "active": True,
        "sort_order": -1,
    }  # fmt: skip
    expected = dict(made)
    twins = {"youtube_url": "youtubeUrl", "sort_order": "sortOrder"}
    for field, value in changes.items():
        changed = await patch(home, f"/api/earn-templates/{made['id']}", {field: value})
        expected |= {field: value} | ({twins[field]: value} if field in twins else {})
        assert changed == expected == await one(home, "/api/earn-templates", made["id"])


async def test_rewards_are_listed_cheapest_first_and_the_older_of_equals(home: Family) -> None:
    for name, cost in (("B", 10), ("A", 10), ("C", 0), ("D", 11)):
        ok(await home.post("/api/rewards", {"name": name, "cost": cost}), 201)
    names = [row["name"] for row in (await home.get("/api/rewards", key=None)).json()]
    assert names == ["C", "Cinema", "B", "A", "D"]
