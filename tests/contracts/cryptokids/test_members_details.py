"""Members beyond the least: each field changed by itself, long lists, and all that goes with an erasure."""

import pytest

from regulars.features.members import actions as members
from regulars.features.photos import actions as photos
from regulars.features.photos.model import PhotoPurpose
from tests.support.family import Family, ok, refused
from tests.support.family_acts import approve, cancel, earn_token, give_token, scan
from tests.support.pictures import encoded, quarters


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("name", " Leonie ", "Leonie"),
        ("dob", "2016-02-29", "2016-02-29"),
        ("dob", None, None),
        ("sex", "x", "x"),
        ("sex", "", None),
        ("sex", None, None),
    ],
)
async def test_each_field_is_changed_by_itself(
    home: Family, field: str, value: str | None, shown: str | None
) -> None:
    body = {"userId": "nina", "name": "Nina", "dob": "2017-05-14", "sex": "f"}
    created = ok(await home.post("/api/members", body), 201)["member"]
    home.clock.advance(seconds=1)
    answer = await home.client.patch("/api/members/nina", json={field: value}, headers=home.headers())
    expected = created | {field: shown, "updatedAt": created["createdAt"] + 1000}
    assert ok(answer) == {"ok": True, "member": expected}
    assert ok(await home.get("/api/members/nina")) == expected


@pytest.mark.parametrize("body", [{}, {"dob": "", "sex": ""}, {"dob": None, "sex": None}])
async def test_birthday_and_sex_may_be_left_out(home: Family, body: dict[str, str | None]) -> None:
    created = ok(await home.post("/api/members", {"user_id": "nina", "name": "Nina", **body}), 201)
    assert (created["member"]["dob"], created["member"]["sex"]) == (None, None)


async def test_a_list_has_a_thousand_members_at_most_and_goes_on_after_the_last(home: Family) -> None:
    async with home.database.transaction() as connection:
        for number in range(1003):
            await members.enrol(
                connection,
                home.program_id,
                name="Many",
                identifiers=[("handle", f"many-{number:04}", None)],
                now=home.clock(),
            )
    listed = (await home.get("/api/members", limit="5000")).json()
    assert len(listed) == 1000
    assert listed == (await home.get("/api/members")).json()
    rest = (await home.get("/api/members", after=listed[-1]["userId"])).json()
    assert [row["userId"] for row in rest] == [f"many-{number:04}" for number in range(998, 1003)]


async def test_an_erased_members_pictures_are_gone_from_the_store(home: Family) -> None:
    library = home.services.photos
    photo = await photos.store_photo(
        library,
        home.database,
        home.program_id,
        encoded(quarters(), "PNG"),
        purpose=PhotoPurpose.LOAN,
        owner_id=home.member_ids["leo"],
        now=home.clock(),
    )
    address = photos.photo_path(photo).rpartition("/")[2]
    assert await photos.open_photo(library, address, purpose=PhotoPurpose.LOAN) is not None
    ok(await home.client.delete("/api/members/leo", headers=home.headers()))
    assert await photos.open_photo(library, address, purpose=PhotoPurpose.LOAN) is None


async def test_an_erased_members_holds_and_tokens_lead_to_nobody(home: Family) -> None:
    """Nor to whoever has the user id by then: a token is its member's, and so is a hold."""
    await home.earn(20)
    hold = await home.reserve()
    tokens = [await give_token(home), await earn_token(home)]
    for taken in (False, True):
        if taken:
            ok(await home.post("/api/members", {"userId": "leo", "name": "Another Leo"}), 201)
        else:
            ok(await home.client.delete("/api/members/leo", headers=home.headers()))
        refused(await approve(home, hold), 400, "approve_failed")
        refused(await cancel(home, hold), 400, "Cancel failed")
        for token in tokens:
            assert refused(await scan(home, token), 400, "INVALID_USER") == {"error": "INVALID_USER"}
        assert ok(await home.get("/balance/leo")) == {"balance": 0}
        status = 200 if taken else 404
        assert (await home.get("/api/members/leo")).status_code == status
    listed = (await home.get("/api/holds", status="all")).json()
    assert [(row["userId"], row["quotedCost"]) for row in listed] == [(None, 10)]


async def test_a_token_for_a_user_id_that_nobody_had_is_for_whoever_has_it_by_then(home: Family) -> None:
    token = await give_token(home, userId="ada")
    ok(await home.post("/api/members", {"userId": "ada", "name": "Ada"}), 201)
    assert ok(await scan(home, token))["balance"] == 4
    assert ok(await home.get("/api/members/ada"))["name"] == "Ada"
