"""Holds: reserve, approve, cancel, list; the order of refusals; what expires by itself."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from regulars.features.rewards import actions as rewards
from regulars.features.rewards.model import RewardChanges, TokenType
from regulars.features.rewards.signing import issue, token_key
from tests.support.family import SECRET_KEY, Family, ok, refused
from tests.support.family_acts import DownLedger, approve, cancel
from tests.support.ledger import NOW

NOW_MILLISECONDS = int(NOW.timestamp()) * 1000


async def test_a_reservation_answers_a_hold_and_its_token(home: Family) -> None:
    await home.earn(15)
    answer = await home.reserve(note=" for the weekend ")
    assert list(answer)[:7] == ["ok", "txId", "tx", "balance", "hints", "verb", "action"]
    assert list(answer)[7:] == ["holdId", "token", "qrText", "quotedCost"]
    assert UUID(answer["holdId"])
    assert UUID(answer["txId"])
    assert (answer["verb"], answer["action"], answer["quotedCost"]) == ("hold.reserve", "spend_hold", 10)
    assert answer["qrText"] == f"http://family.test/scan?t={answer['token']}"
    row = answer["tx"]
    assert (row["delta"], row["balance_after"], row["itemId"]) == (0, 15, home.reward_id)
    assert (row["holdId"], row["note"], row["finalCost"]) == (answer["holdId"], "for the weekend", None)
    hints = answer["hints"]
    assert (answer["balance"], hints["max_redeem"], hints["max_redeem_for_reward"]) == (15, 5, 5)
    assert (hints["hold_status"], hints["pending_hold_count"]) == ("pending", 1)
    assert hints["active_hold_id"] == answer["holdId"]


async def test_the_qr_code_leads_to_the_public_address(home: Family) -> None:
    settings = replace(home.services.settings, public_url="https://kids.example/points/")
    home.application.state["services"] = replace(home.services, settings=settings)
    await home.earn(10)
    assert (await home.reserve())["qrText"].startswith("https://kids.example/points/scan?t=ey")


@pytest.mark.parametrize("spelling", [lambda n: n, str, lambda n: f" 0{n} "])
async def test_an_item_may_be_a_number_or_a_text_of_digits(home: Family, spelling: Any) -> None:
    await home.earn(10)
    body = {"user_id": " LEO ", "item_id": spelling(home.reward_id)}
    assert ok(await home.post("/api/holds", body, key=None), 201)["tx"]["userId"] == "leo"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"userId": "leo"},
        {"itemId": 1},
        {"userId": "", "itemId": 1},
        {"userId": None, "itemId": 1},
        {"userId": 5, "itemId": 1},
        {"userId": "leo", "itemId": "x"},
        {"userId": "leo", "itemId": ""},
        {"userId": "leo", "itemId": 1.0},
        {"userId": "leo", "itemId": True},
        {"userId": "leo", "itemId": -1},
        {"userId": "leo", "itemId": 0},
        {"userId": "leo", "itemId": "١"},
        {"userId": "leo", "itemId": 10**40},
        {"userId": "leo", "itemId": "9" * 40},
        {"userId": "leo", "itemId": [1]},
        {"userId": "leo", "itemId": 1, "note": 5},
    ],
)
async def test_what_is_no_reservation_is_an_invalid_payload(home: Family, body: dict[str, Any]) -> None:
    await home.earn(10)
    answer = refused(await home.post("/api/holds", body, key=None), 400, "invalid_payload")
    assert answer.get("balance") == (10 if body.get("userId") == "leo" else None)


async def test_a_reservation_for_nobody_is_an_invalid_user(home: Family) -> None:
    answer = await home.post("/api/holds", {"userId": "ada", "itemId": home.reward_id}, key=None)
    assert refused(answer, 400, "INVALID_USER") == {"error": "INVALID_USER"}


@pytest.mark.parametrize("item_id", [999, "999", "9999999999", 2**31 - 1])
async def test_an_unknown_reward(home: Family, item_id: object) -> None:
    answer = await home.post("/api/holds", {"userId": "leo", "itemId": item_id}, key=None)
    assert refused(answer, 404, "reward_not_found")["balance"] == 0


async def test_a_reward_that_was_switched_off(home: Family) -> None:
    await home.earn(10)
    async with home.database.transaction() as connection:
        changes = RewardChanges(active=False)
        await rewards.update_reward(connection, home.program_id, home.reward_id, changes, now=NOW)
    answer = await home.post("/api/holds", {"userId": "leo", "itemId": home.reward_id}, key=None)
    assert refused(answer, 404, "reward_not_found")["hints"]["can_redeem"] is True


async def test_a_hold_needs_points_that_are_available(home: Family) -> None:
    await home.earn(19)
    await home.reserve()
    answer = await home.post("/api/holds", {"userId": "leo", "itemId": home.reward_id}, key=None)
    body = refused(answer, 409, "hold_failed")
    assert (body["balance"], body["hints"]["max_redeem"], body["hints"]["pending_hold_count"]) == (19, 9, 1)


async def test_an_approval_debits_the_quoted_cost(home: Family) -> None:
    await home.earn(15)
    hold = await home.reserve()
    answer = ok(await approve(home, hold))
    assert list(answer)[7:] == ["holdId", "finalCost"]
    assert (answer["verb"], answer["action"]) == ("hold.redeem", "spend_redeemed")
    assert (answer["holdId"], answer["finalCost"], answer["balance"]) == (hold["holdId"], 10, 5)
    row = answer["tx"]
    assert (row["delta"], row["finalCost"], row["itemId"]) == (-10, 10, home.reward_id)
    assert (row["holdId"], row["userId"], row["actor"]) == (hold["holdId"], "leo", "admin's key")
    assert (answer["hints"]["hold_status"], answer["hints"]["active_hold_id"]) == ("redeemed", None)
    assert answer["hints"]["max_refund"] == 10


@pytest.mark.parametrize("name", ["finalCost", "final_cost"])
@pytest.mark.parametrize("cost", [0, 4, 10])
async def test_a_lower_final_cost_releases_the_rest(home: Family, name: str, cost: int) -> None:
    await home.earn(15)
    answer = ok(await approve(home, await home.reserve(), **{name: cost}))
    assert (answer["finalCost"], answer["balance"]) == (cost, 15 - cost)
    assert answer["hints"]["max_redeem"] == 15 - cost
    assert answer["tx"]["delta"] == -cost


@pytest.mark.parametrize("cost", [11, -1, 4.0, "4", True, [], 2**53, 10**40])
async def test_a_final_cost_lies_between_0_and_the_quoted_cost(home: Family, cost: object) -> None:
    await home.earn(15)
    hold = await home.reserve()
    body = refused(await approve(home, hold, finalCost=cost), 400, "invalid_payload")
    assert (body["balance"], body["hints"]["hold_status"]) == (15, "pending")
    ok(await approve(home, hold, finalCost=None))


async def test_a_hold_is_approved_once(home: Family) -> None:
    await home.earn(25)
    hold = await home.reserve()
    ok(await approve(home, hold))
    for _ in range(2):
        body = refused(await approve(home, hold), 409, "TOKEN_USED")
        assert (body["balance"], body["hints"]["hold_status"]) == (15, "redeemed")


async def test_the_first_refusal_of_an_approval_wins(home: Family) -> None:
    await home.earn(40)
    hold, other = await home.reserve(), await home.reserve()
    gift = ok(await home.post("/api/tokens/give", {"userId": "leo", "amount": 1}))["token"]
    path = f"/api/holds/{hold['holdId']}/approve"
    payload, _, signature = hold["token"].partition(".")

    async def expect(status: int, error: str, **body: Any) -> dict[str, Any]:
        return refused(await home.post(path, body, role=None), status, error)

    for wrong in (None, 5, True, ["x"]):
        assert (await expect(400, "invalid_payload", token=wrong))["balance"] == 40
    assert (await expect(400, "invalid_payload"))["hints"]["pending_hold_count"] == 2
    for token in ("", "x", "x.", ".x", "é.é", "x" * 5000):
        assert (await expect(400, "BAD_TOKEN", token=token))["balance"] == 40
    await expect(400, "BAD_SIGNATURE", token=f"{payload}.{signature[:-2]}AA")
    await expect(400, "BAD_SIGNATURE", token=f"{payload[:-4]}AAAA.{signature}")
    assert (await expect(400, "unsupported_token", token=gift, finalCost=99))["balance"] == 40
    assert (await expect(400, "hold_mismatch", token=other["token"], finalCost=99))["balance"] == 40
    await expect(400, "invalid_payload", token=hold["token"], finalCost=11)
    assert await home.balance() == 40
    home.clock.advance(seconds=120)
    await expect(400, "EXPIRED", token=hold["token"])
    await expect(400, "EXPIRED", token=gift)


@pytest.mark.parametrize("hold_id", ["x", "%20", "0", str(UUID(int=0)), "9" * 3000])
async def test_a_token_of_another_hold_than_the_addresss(home: Family, hold_id: str) -> None:
    await home.earn(10)
    refused(await approve(home, await home.reserve(), hold_id=hold_id), 400, "hold_mismatch")
    assert await home.balance() == 10


async def test_a_token_of_another_program_is_not_known_here(home: Family) -> None:
    await home.earn(10)
    hold = await home.reserve()
    data = {"userId": "leo", "memberId": str(uuid4()), "holdId": hold["holdId"], "itemId": 1, "cost": 10}
    key = token_key(SECRET_KEY.encode(), home.program_id + 1)
    text, _ = issue(key, TokenType.SPEND, data, jti="1", now=NOW, lifetime_seconds=60)
    refused(await approve(home, {**hold, "token": text}), 400, "BAD_SIGNATURE")


async def test_a_cancelled_hold_gives_its_points_back(home: Family) -> None:
    await home.earn(15)
    hold = await home.reserve()
    answer = ok(await cancel(home, hold, {"note": "Not this week"}))
    assert list(answer)[7:] == ["holdId"]
    assert (answer["verb"], answer["action"], answer["holdId"]) == (
        "hold.release",
        "spend_canceled",
        hold["holdId"],
    )
    row = answer["tx"]
    assert (row["delta"], row["balance_after"], row["note"], row["userId"]) == (0, 15, "Not this week", "leo")
    assert (row["itemId"], row["holdId"]) == (home.reward_id, hold["holdId"])
    assert (answer["hints"]["max_redeem"], answer["hints"]["hold_status"]) == (15, "canceled")


@pytest.mark.parametrize("raw", [b"", b"  ", b"{}"])
async def test_a_cancellation_needs_no_body(home: Family, raw: bytes) -> None:
    await home.earn(10)
    hold = await home.reserve()
    ok(await home.post(f"/api/holds/{hold['holdId']}/cancel", raw=raw))


async def test_what_is_not_pending_cannot_be_cancelled(home: Family) -> None:
    await home.earn(25)
    redeemed, cancelled = await home.reserve(), await home.reserve()
    ok(await approve(home, redeemed))
    ok(await cancel(home, cancelled))
    for hold in (redeemed, cancelled):
        body = refused(await cancel(home, hold), 404, "hold_not_pending")
        assert body["balance"] == 15
    refused(await approve(home, cancelled), 404, "hold_not_pending")
    refused(await approve(home, cancelled), 404, "hold_not_pending")


@pytest.mark.parametrize("hold_id", ["x", str(UUID(int=0)), "0199d6a2-5c00-7000-8000-000000000000", "%20"])
async def test_an_unknown_hold_is_not_pending(home: Family, hold_id: str) -> None:
    answer = await home.post(f"/api/holds/{hold_id}/cancel", {})
    assert refused(answer, 404, "hold_not_pending") == {"error": "hold_not_pending"}


@pytest.mark.parametrize("raw", [b"[]", b"{", b'{"note": 5}', b'{"idempotency_key": 5}'])
async def test_any_other_failure_to_cancel(home: Family, raw: bytes) -> None:
    await home.earn(10)
    hold = await home.reserve()
    answer = await home.post(f"/api/holds/{hold['holdId']}/cancel", raw=raw)
    assert refused(answer, 400, "Cancel failed")["hints"]["pending_hold_count"] == 1


async def test_a_token_outlives_its_default_where_the_program_says_so(home: Family) -> None:
    await home.set(token_lifetime_seconds=600)
    await home.earn(10)
    hold = await home.reserve()
    home.clock.advance(seconds=599)
    ok(await approve(home, hold))


async def test_an_outage_is_the_verbs_failure(home: Family) -> None:
    await home.earn(20)
    hold = await home.reserve()
    home.application.state["services"] = replace(home.services, ledger=DownLedger())
    refused(await approve(home, hold), 503, "approve_failed")
    refused(await cancel(home, hold), 503, "Cancel failed")
    wish = {"userId": "leo", "itemId": home.reward_id}
    refused(await home.post("/api/holds", wish, key=None), 503, "hold_failed")
