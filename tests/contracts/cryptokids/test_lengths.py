"""What is too long is cut where the contract says so, on every route that takes it, and kept as it is cut."""

from typing import Any

import pytest

from regulars.features.ledger.model import PENDING_HOLDS_MAX
from regulars.features.rewards import actions as rewards
from tests.support.family import Family, ok, refused
from tests.support.family_acts import cancel, earn_token, give_token, scan
from tests.support.family_history import rows
from tests.support.family_requests import prepared
from tests.support.ledger import NOW

LONG = "  " + "é" * 201 + "  "
CUT = "é" * 200
WITH_A_NOTE: dict[str, str] = {
    "POST /ck/earn": "note",
    "POST /ck/redeem": "note",
    "POST /ck/adjust": "note",
    "POST /ck/refund": "notes",
    "POST /api/holds": "note",
    "POST /api/holds/{hold_id}/cancel": "note",
    "POST /api/earn/quick": "note",
}


@pytest.mark.parametrize("route", WITH_A_NOTE)
async def test_a_note_is_cut_at_200_characters_on_every_verb(home: Family, route: str) -> None:
    request = await prepared(home, route)
    answer = await home.post(request.path, {**request.body, WITH_A_NOTE[route]: LONG})
    assert answer.status_code in (200, 201), answer.text
    tx = answer.json()["tx"]
    assert (tx["note"], tx["notes"]) == (CUT, CUT)
    assert (await rows(home, userId="leo", limit=1))[0]["note"] == CUT


@pytest.mark.parametrize("make", [earn_token, give_token])
async def test_a_tokens_note_is_cut_at_200_characters(home: Family, make: Any) -> None:
    answer = ok(await scan(home, await make(home, note=LONG)))
    assert (answer["note"], answer["tx"]["note"]) == (CUT, CUT)


async def test_the_note_of_a_hold_is_cut_in_the_list_too(home: Family) -> None:
    await home.earn(10)
    await home.reserve(note=LONG)
    [hold] = (await home.get("/api/holds")).json()
    assert hold["note"] == CUT


async def test_a_browsers_name_is_cut_in_the_answer_as_in_history(home: Family) -> None:
    agent = {"User-Agent": "browser " * 100}
    answer = ok(await home.post("/ck/earn", {"user_id": "leo", "amount": 1}, headers=agent))
    [row] = await rows(home, userId="leo")
    assert answer["tx"]["ua"] == row["ua"]
    assert len(row["ua"]) <= 300
    assert row["ua"].startswith("browser browser ")


async def test_a_member_has_so_many_pending_holds_and_all_are_listed(home: Family) -> None:
    async with home.database.transaction() as connection:
        hug = await rewards.create_reward(
            connection, home.program_id, name="A hug", cost=0, image_url="/photos/hug.jpg", now=NOW
        )
    holds = [await home.reserve(itemId=hug.reward_id) for _ in range(PENDING_HOLDS_MAX)]
    wish, key = {"userId": "leo", "itemId": hug.reward_id}, {"Idempotency-Key": "k-1"}
    one_more = refused(await home.post("/api/holds", wish, key=None, headers=key), 409, "hold_failed")
    assert (one_more["balance"], one_more["hints"]["pending_hold_count"]) == (0, PENDING_HOLDS_MAX)
    listed = (await home.get("/api/holds")).json()
    assert [hold["id"] for hold in listed] == [hold["holdId"] for hold in reversed(holds)]
    assert {hold["itemImage"] for hold in listed} == {"/photos/hug.jpg"}
    ok(await cancel(home, holds[0]))
    refused(await home.post("/api/holds", wish, key=None, headers=key), 409, "hold_failed")
    ok(await home.post("/api/holds", wish, key=None), 201)
