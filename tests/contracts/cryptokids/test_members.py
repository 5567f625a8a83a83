"""Members over HTTP: creating, finding, changing, erasing."""

import asyncio
from typing import Any

import pytest

from regulars.features.access.actions_credentials import find_caller
from regulars.features.members import actions as members
from regulars.features.photos import actions as photos
from regulars.features.photos.model import PhotoPurpose
from tests.support.family import SECRET_KEY, Answer, Family, ok, refused
from tests.support.pictures import encoded, quarters

FIELDS = ["userId", "name", "dob", "sex", "createdAt", "updatedAt"]


async def patch(home: Family, user_id: str, body: Any) -> Answer:
    return await home.client.patch(f"/api/members/{user_id}", json=body, headers=home.headers(role=None))


async def delete(home: Family, user_id: str) -> Answer:
    return await home.client.delete(f"/api/members/{user_id}", headers=home.headers(role=None))


async def test_a_member_is_created_read_and_changed(home: Family) -> None:
    body = {"userId": "  Zoë ", "name": "Zoë K.", "dob": "2017-05-14", "sex": "f"}
    created = ok(await home.post("/api/members", body, role=None), 201)
    now = int(home.clock().timestamp() * 1000)
    member = {
        "userId": "zoë",
        "name": "Zoë K.",
        "dob": "2017-05-14",
        "sex": "f",
        "createdAt": now,
        "updatedAt": now,
    }
    assert created == {"ok": True, "member": member}
    assert list(created["member"]) == FIELDS
    assert ok(await home.get("/api/members/ZOË")) == member
    home.clock.advance(seconds=5)
    changed = ok(await patch(home, "zoë", {"name": "Zoë Kim", "dob": ""}))
    expected = member | {"name": "Zoë Kim", "dob": None, "updatedAt": now + 5000}
    assert changed == {"ok": True, "member": expected}
    assert ok(await home.get("/api/members/zoë")) == expected


async def test_a_user_id_is_taken_once(home: Family) -> None:
    refused(await home.post("/api/members", {"userId": "LEO ", "name": "Other"}), 409, "USER_EXISTS")
    body = {"user_id": "nina", "name": "Nina"}
    answers = await asyncio.gather(*(home.post("/api/members", body) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "userId required"),
        ([], "userId required"),
        ({"name": "Nina"}, "userId required"),
        ({"userId": "   ", "name": "Nina"}, "userId required"),
        ({"userId": 5, "name": "Nina"}, "userId required"),
        ({"userId": None, "name": "Nina"}, "userId required"),
        ({"userId": "x" * 65, "name": "Nina"}, "userId required"),
        ({"userId": "a\nb", "name": "Nina"}, "userId required"),
        ({"userId": "a\0b", "name": "Nina"}, "userId required"),
        ({"userId": "nina"}, "name required"),
        ({"userId": "nina", "name": " "}, "name required"),
        ({"userId": "nina", "name": 7}, "name required"),
        ({"userId": "nina", "name": "x" * 201}, "name required"),
        ({"userId": "nina", "name": "Nina", "dob": "14/05/2017"}, "invalid_dob"),
        ({"userId": "nina", "name": "Nina", "dob": "2017-02-30"}, "invalid_dob"),
        ({"userId": "nina", "name": "Nina", "dob": "2999-01-01"}, "invalid_dob"),
        ({"userId": "nina", "name": "Nina", "dob": 20170514}, "invalid_dob"),
        ({"userId": "nina", "name": "Nina", "sex": "x" * 33}, "invalid_sex"),
    ],
)
async def test_a_member_that_is_wrong_is_refused(home: Family, body: Any, error: str) -> None:
    refused(await home.post("/api/members", body), 400, error)
    assert len((await home.get("/api/members")).json()) == 2


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "no_fields"),
        ({"userId": "other"}, "no_fields"),
        ([], "no_fields"),
        ({"name": ""}, "name required"),
    ]
    + [({"name": None}, "name required"), ({"dob": "soon"}, "invalid_dob"), ({"sex": 1}, "invalid_sex")],
)
async def test_a_change_that_is_wrong_is_refused(home: Family, body: Any, error: str) -> None:
    refused(await patch(home, "leo", body), 400, error)


async def test_nobody_is_not_found(home: Family) -> None:
    for user_id in ("nobody", "%27%20or%201%3D1", "x" * 300):
        refused(await home.get(f"/api/members/{user_id}"), 404, "NOT_FOUND")
        refused(await patch(home, user_id, {"name": "X"}), 404, "NOT_FOUND")
        refused(await delete(home, user_id), 404, "NOT_FOUND")
    refused(await home.get("/api/members/%20"), 400, "userId required")


async def test_members_are_searched_by_id_and_name(home: Family) -> None:
    ok(await home.post("/api/members", {"userId": "nina", "name": "Nina 100%"}), 201)

    async def found(**query: str) -> list[str]:
        listed = (await home.get("/api/members", **query)).json()
        assert all(list(member) == FIELDS for member in listed)
        return [member["userId"] for member in listed]

    assert await found() == ["leo", "maya", "nina"]
    assert await found(search="") == ["leo", "maya", "nina"]
    assert await found(search="NIN") == ["nina"]
    assert await found(search="0%") == ["nina"]
    assert await found(search="_") == []
    assert await found(search="x" * 500) == []
    assert await found(limit="2") == ["leo", "maya"]
    assert await found(limit="2", after="maya") == ["nina"]
    assert await found(limit="many") == ["leo", "maya", "nina"]


async def test_members_of_other_contracts_have_no_user_id(home: Family) -> None:
    async with home.database.transaction() as connection:
        for number in range(3):
            await members.enrol(connection, home.program_id, name=f"Guest {number}", now=home.clock())
    assert [member["userId"] for member in (await home.get("/api/members", limit="2")).json()] == [
        "leo",
        "maya",
    ]
    assert (await home.get("/api/members", search="Guest")).json() == []


@pytest.mark.parametrize("key", [None, "leo"])
async def test_members_are_managed_with_the_admin_key_only(home: Family, key: str | None) -> None:
    headers = home.headers(key, None)
    for answer in (
        await home.get("/api/members", key=key),
        await home.get("/api/members/leo", key=key),
        await home.post("/api/members", {"userId": "nina", "name": "Nina"}, key=key),
        await home.client.patch("/api/members/leo", json={"name": "X"}, headers=headers),
        await home.client.delete("/api/members/leo", headers=headers),
    ):
        refused(answer, 401, "UNAUTHORIZED")


async def test_erasing_leaves_no_trace_of_the_person(home: Family) -> None:
    await home.earn(50, note="For Leo, from grandma")
    await home.redeem(20)
    photo = await photos.store_photo(
        home.services.photos,
        home.database,
        home.program_id,
        encoded(quarters(), "PNG"),
        purpose=PhotoPurpose.LOAN,
        owner_id=home.member_ids["leo"],
        now=home.clock(),
    )
    assert ok(await delete(home, "leo")) == {"ok": True}
    refused(await home.get("/api/members/leo"), 404, "NOT_FOUND")
    refused(await delete(home, "leo"), 404, "NOT_FOUND")
    assert ok(await home.get("/balance/leo")) == {"balance": 0}
    rows = ok(await home.get("/api/history"))["rows"]
    assert [(row["userId"], row["delta"], row["note"]) for row in rows] == [
        (None, -20, None),
        (None, 50, None),
    ]
    async with home.database.connection() as connection:
        assert await photos.get_photos(connection, home.program_id, [photo.photo_id]) == {}
        cursor = await connection.execute("select closed_at is not null from accounts")
        assert await cursor.fetchall() == [(True,)]
        # The child's device is revoked with the child.
        assert await find_caller(connection, SECRET_KEY, home.keys["leo"], home.clock()) is None
        assert await find_caller(connection, SECRET_KEY, home.keys["maya"], home.clock()) is not None


async def test_an_erased_id_begins_anew(home: Family) -> None:
    await home.earn(50)
    ok(await delete(home, "leo"))
    created = ok(await home.post("/api/members", {"userId": "leo", "name": "Another Leo"}), 201)
    assert created["member"]["name"] == "Another Leo"
    assert ok(await home.get("/balance/leo")) == {"balance": 0}
    assert (await home.earn(3))["balance"] == 3


async def test_an_erasure_that_fails_leaves_everything(home: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    """Member, accounts and photos go in one transaction, or not at all."""
    await home.earn(50)

    async def broken(*_: Any) -> None:
        raise RuntimeError("the last step fails")

    monkeypatch.setattr("regulars.contracts.cryptokids.members.photos.forget_photos_of", broken)
    assert (await delete(home, "leo")).status_code == 500
    monkeypatch.undo()
    assert ok(await home.get("/api/members/leo"))["name"] == "Leo"
    assert (await home.earn(1))["balance"] == 51


async def test_spending_while_being_erased_ends_in_one_of_both(home: Family) -> None:
    await home.earn(50)
    spend = [home.post("/ck/redeem", {"user_id": "leo", "amount": 1}) for _ in range(10)]
    erased, *spent = await asyncio.gather(delete(home, "leo"), *spend)
    assert erased.status_code == 200
    assert {answer.status_code for answer in spent} <= {200, 400}
    assert all(answer.json()["error"] == "INVALID_USER" for answer in spent if answer.status_code == 400)
