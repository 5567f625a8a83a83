"""The list of holds, and what a hold is like over time."""

from typing import Any

import pytest

from regulars.features.rewards import actions as rewards
from regulars.features.rewards.model import RewardChanges
from tests.support.family import Family, ok, refused
from tests.support.family_acts import approve, cancel
from tests.support.ledger import NOW

NOW_MILLISECONDS = int(NOW.timestamp()) * 1000


async def test_a_hold_with_a_lifetime_lapses_by_itself(home: Family) -> None:
    await home.set(hold_lifetime_seconds=60)
    await home.earn(10)
    hold = await home.reserve()
    home.clock.advance(seconds=61)
    refused(await approve(home, hold), 404, "hold_not_pending")
    body = refused(await cancel(home, hold), 404, "hold_not_pending")
    assert (body["hints"]["hold_status"], body["hints"]["max_redeem"]) == ("expired", 10)
    assert (await home.get("/api/holds")).json() == []
    [row] = (await home.get("/api/holds", status="all")).json()
    assert (row["status"], row["approvedAt"]) == ("expired", None)
    assert (await home.redeem(10))["balance"] == 0


async def test_the_list_of_holds(home: Family) -> None:
    await home.earn(40)
    await home.earn(10, "maya")
    redeemed, cancelled, pending = [await home.reserve(note=f"n{n}") for n in range(3)]
    mayas = await home.reserve("maya")
    home.clock.advance(seconds=5)
    ok(await approve(home, redeemed, finalCost=7))
    ok(await cancel(home, cancelled))

    async def listed(**query: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await home.get("/api/holds", **query)).json()
        return rows

    assert [row["id"] for row in await listed()] == [mayas["holdId"], pending["holdId"]]
    assert await listed(status="pending") == await listed() == await listed(status="")
    assert [row["userId"] for row in await listed()] == ["maya", "leo"]
    [row] = await listed(status="redeemed")
    assert row == {
        "id": redeemed["holdId"],
        "userId": "leo",
        "status": "redeemed",
        "itemId": home.reward_id,
        "itemName": "Cinema",
        "itemImage": None,
        "quotedCost": 10,
        "finalCost": 7,
        "note": "n0",
        "createdAt": NOW_MILLISECONDS,
        "approvedAt": NOW_MILLISECONDS + 5000,
    }
    [row] = await listed(status="canceled")
    assert (row["id"], row["finalCost"], row["approvedAt"]) == (cancelled["holdId"], None, None)
    everything = [row["id"] for row in await listed(status="all")]
    assert everything == [hold["holdId"] for hold in (mayas, pending, cancelled, redeemed)]
    assert [row["id"] for row in await listed(status="all", limit=2)] == everything[:2]
    assert [row["id"] for row in await listed(status="all", limit=2, before=everything[1])] == everything[2:]


@pytest.mark.parametrize("status", ["expired", "PENDING", "x", "pending,all", "\0"])
async def test_a_status_that_nobody_publishes(home: Family, status: str) -> None:
    refused(await home.get("/api/holds", status=status), 400, "invalid_status")


async def test_a_hold_keeps_the_reward_as_it_was(home: Family) -> None:
    await home.earn(10)
    hold = await home.reserve()
    async with home.database.transaction() as connection:
        changes = RewardChanges(name="Theatre", cost=20, active=False)
        await rewards.update_reward(connection, home.program_id, home.reward_id, changes, now=NOW)
        await rewards.delete_reward(connection, home.program_id, home.reward_id)
    [row] = (await home.get("/api/holds")).json()
    assert (row["itemName"], row["quotedCost"]) == ("Cinema", 10)
    assert ok(await approve(home, hold))["finalCost"] == 10


async def test_a_free_reward_can_be_held_and_approved(home: Family) -> None:
    async with home.database.transaction() as connection:
        hug = await rewards.create_reward(connection, home.program_id, name="A hug", cost=0, now=NOW)
    hold = await home.reserve(itemId=hug.reward_id)
    answer = ok(await approve(home, hold))
    assert (answer["finalCost"], answer["balance"], answer["tx"]["delta"]) == (0, 0, 0)
