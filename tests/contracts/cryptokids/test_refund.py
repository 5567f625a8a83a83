"""Refunds: the published order of refusals, the limits, and what a refund answers."""

from typing import Any

import pytest

from regulars.features.ledger.model import AMOUNT_MAX
from tests.support.family import Family, ok, refused

UNKNOWN = "0199d6a2-5c00-7000-8000-000000000000"


async def spend(home: Family, amount: int = 10, user_id: str = "leo") -> str:
    """The id of a redeem of `amount` by a member who earned it just before."""
    await home.earn(amount, user_id)
    tx_id: str = (await home.redeem(amount, user_id))["txId"]
    return tx_id


def request(redeem_tx_id: object, amount: object = 4, **more: Any) -> dict[str, Any]:
    return {"user_id": "leo", "redeem_tx_id": redeem_tx_id, "amount": amount, "reason": "mis_tap", **more}


async def test_a_refund_gives_points_back(home: Family) -> None:
    redeem_id = await spend(home)
    answer = ok(
        await home.post("/ck/refund", request(redeem_id, notes="  Wrong button ", idempotency_key="k-1"))
    )
    assert list(answer)[-2:] == ["refund", "remaining_refundable"]
    assert (answer["verb"], answer["action"], answer["balance"]) == ("refund", "refund", 4)
    assert answer["remaining_refundable"] == 6
    assert answer["refund"] == answer["tx"]
    row = answer["tx"]
    assert (row["delta"], row["balance_after"], row["parent_tx_id"]) == (4, 4, redeem_id)
    assert (row["refund_reason"], row["refund_notes"], row["notes"]) == (
        "mis_tap",
        "Wrong button",
        "Wrong button",
    )
    assert row["idempotency_key"] == "k-1"
    assert answer["hints"]["refundable_redeems"][0]["remaining"] == 6


async def test_a_redeem_can_be_refunded_in_parts_and_no_further(home: Family) -> None:
    redeem_id = await spend(home)
    assert ok(await home.post("/ck/refund", request(redeem_id, 4)))["remaining_refundable"] == 6
    over = refused(await home.post("/ck/refund", request(redeem_id, 7)), 400, "OVER_REFUND")
    assert (over["remaining_refundable"], over["balance"], over["hints"]["max_refund"]) == (6, 4, 6)
    last = ok(await home.post("/ck/refund", request(redeem_id, 6)))
    assert (last["remaining_refundable"], last["hints"]["can_refund"]) == (0, False)
    nothing = refused(await home.post("/ck/refund", request(redeem_id, 1)), 400, "REFUND_NOT_ALLOWED")
    assert (nothing["remaining_refundable"], nothing["balance"]) == (0, 10)


async def test_an_approved_hold_can_be_refunded(home: Family) -> None:
    await home.earn(10)
    hold = await home.reserve()
    approved = ok(await home.post(f"/api/holds/{hold['holdId']}/approve", {"token": hold["token"]}))
    answer = ok(await home.post("/ck/refund", request(approved["txId"], 10)))
    assert (answer["balance"], answer["remaining_refundable"]) == (10, 0)


@pytest.mark.parametrize(
    "reason", ["mis_tap", "duplicate", "wrong_item", "canceled", "quality_issue", "staff_error"]
)
async def test_every_published_reason_is_taken(home: Family, reason: str) -> None:
    redeem_id = await spend(home)
    answer = ok(await home.post("/ck/refund", request(redeem_id, reason=reason)))
    assert answer["refund"]["refund_reason"] == reason


async def test_both_spellings_are_read(home: Family) -> None:
    redeem_id = await spend(home)
    body = {"userId": "LEO", "redeemTxId": redeem_id, "amount": 1, "reason": "mis_tap"}
    assert ok(await home.post("/ck/refund", {**body, "idempotencyKey": "k"}))["tx"]["idempotency_key"] == "k"


async def test_the_first_refusal_that_applies_wins(home: Family) -> None:
    """Everything is wrong at first; each step mends what was answered, in the published order."""
    redeem_id, mayas = await spend(home), await spend(home, user_id="maya")
    earn_id = (await home.earn(1))["txId"]
    old = {"X-Actor-Role": "parent"}
    body = request(UNKNOWN, 0, user_id="nobody", reason="because", idempotency_key="used")
    ok(await home.post("/ck/refund", request(redeem_id, 1, idempotency_key="used")))
    await home.set(refunds=False, refunds_per_hour=1, refund_window_days=1)

    async def expect(status: int, error: str, **changes: Any) -> None:
        body.update(changes)
        refused(await home.post("/ck/refund", body), status, error)

    refused(await home.post("/ck/refund", body, headers=old), 403, "ROLE_REQUIRED")
    await expect(403, "FEATURE_DISABLED")
    await home.set(refunds=True)
    await expect(429, "REFUND_RATE_LIMIT")
    await home.set(refunds_per_hour=0)
    await expect(400, "INVALID_USER")
    await expect(400, "INVALID_AMOUNT", user_id="leo")
    await expect(400, "INVALID_REASON", amount=AMOUNT_MAX)
    await expect(404, "REDEEM_NOT_FOUND", reason="mis_tap")
    await expect(400, "USER_MISMATCH", redeem_tx_id=mayas)
    await expect(400, "NOT_REDEEM_TX", redeem_tx_id=earn_id)
    home.clock.advance(days=2)
    await expect(400, "REFUND_WINDOW_EXPIRED", redeem_tx_id=redeem_id)
    await home.set(refund_window_days=None)
    await expect(409, "IDEMPOTENCY_CONFLICT")
    await expect(409, "REFUND_EXISTS", amount=1)
    await expect(400, "OVER_REFUND", amount=AMOUNT_MAX, idempotency_key="fresh")
    ok(await home.post("/ck/refund", request(redeem_id, 9)))
    await expect(400, "REFUND_NOT_ALLOWED", idempotency_key="another")


async def test_the_same_key_again_names_the_refund_that_exists(home: Family) -> None:
    redeem_id = await spend(home)
    first = ok(await home.post("/ck/refund", request(redeem_id, 4, idempotency_key="k")))
    ok(await home.post("/ck/refund", request(redeem_id, 1)))
    body = refused(
        await home.post("/ck/refund", request(redeem_id, 4, idempotency_key="k")), 409, "REFUND_EXISTS"
    )
    assert body["existing"] == first["refund"]
    assert (body["remaining_refundable"], body["balance"]) == (5, 5)
    assert body["hints"]["max_refund"] == 5
    assert await home.balance() == 5


async def test_the_same_key_for_another_refund_is_a_conflict(home: Family) -> None:
    redeem_id = await spend(home)
    ok(await home.post("/ck/refund", request(redeem_id, 4, idempotency_key="k")))
    answer = await home.post("/ck/refund", request(redeem_id, 3, idempotency_key="k"))
    assert refused(answer, 409, "IDEMPOTENCY_CONFLICT")["balance"] == 4


async def test_a_remembered_refusal_stays_one(home: Family) -> None:
    redeem_id = await spend(home)
    refused(await home.post("/ck/refund", request(redeem_id, 11, idempotency_key="k")), 400, "OVER_REFUND")
    body = refused(
        await home.post("/ck/refund", request(redeem_id, 11, idempotency_key="k")), 400, "OVER_REFUND"
    )
    assert body["remaining_refundable"] == 10


async def test_without_a_key_two_equal_refunds_are_two(home: Family) -> None:
    redeem_id = await spend(home)
    for balance in (4, 8):
        assert ok(await home.post("/ck/refund", request(redeem_id, 4)))["balance"] == balance


@pytest.mark.parametrize("amount", [0, -1, 4.0, "4", True, None, 2**53])
async def test_wrong_amounts(home: Family, amount: object) -> None:
    redeem_id = await spend(home)
    body = refused(await home.post("/ck/refund", request(redeem_id, amount)), 400, "INVALID_AMOUNT")
    assert body["hints"]["max_refund"] == 10


@pytest.mark.parametrize("reason", ["", "MIS_TAP", "other", None, 5, True])
async def test_wrong_reasons(home: Family, reason: object) -> None:
    redeem_id = await spend(home)
    body = refused(await home.post("/ck/refund", request(redeem_id, reason=reason)), 400, "INVALID_REASON")
    assert body["balance"] == 0


@pytest.mark.parametrize("redeem_id", [UNKNOWN, "", "x", None, 5, True, "9" * 400, "f" * 32])
async def test_unknown_redeems(home: Family, redeem_id: object) -> None:
    await spend(home)
    body = refused(await home.post("/ck/refund", request(redeem_id)), 404, "REDEEM_NOT_FOUND")
    assert body["balance"] == 0


@pytest.mark.parametrize("user_id", ["nobody", "", None, 5, "a\0b"])
async def test_unknown_users(home: Family, user_id: object) -> None:
    redeem_id = await spend(home)
    body = refused(await home.post("/ck/refund", request(redeem_id, user_id=user_id)), 400, "INVALID_USER")
    assert "balance" not in body


async def test_an_unknown_user_is_answered_before_a_wrong_amount(home: Family) -> None:
    refused(await home.post("/ck/refund", request(UNKNOWN, 0, user_id="nobody")), 400, "INVALID_USER")


async def test_the_window_is_that_of_the_program(home: Family) -> None:
    await home.set(refund_window_days=30)
    redeem_id = await spend(home)
    home.clock.advance(days=30)
    within = ok(await home.post("/ck/refund", request(redeem_id, 1)))
    assert within["hints"]["refund_window_ms"] == 30 * 24 * 3600 * 1000
    home.clock.advance(seconds=1)
    body = refused(await home.post("/ck/refund", request(redeem_id, 1)), 400, "REFUND_WINDOW_EXPIRED")
    assert (body["hints"]["can_refund"], body["hints"]["refundable_redeems"]) == (False, [])


async def test_the_limit_counts_failed_tries_and_says_when_to_come_back(home: Family) -> None:
    await home.set(refunds_per_hour=3)
    redeem_id = await spend(home)
    refused(await home.post("/ck/refund", request(redeem_id, 0)), 400, "INVALID_AMOUNT")
    refused(await home.post("/ck/refund", request(UNKNOWN)), 404, "REDEEM_NOT_FOUND")
    ok(await home.post("/ck/refund", request(redeem_id, 1)))
    home.clock.advance(minutes=20)
    answer = await home.post("/ck/refund", request(redeem_id, 1))
    body = refused(answer, 429, "REFUND_RATE_LIMIT")
    assert (body["retry_after_ms"], answer.headers["retry-after"]) == (40 * 60 * 1000, "2400")
    assert (body["balance"], body["hints"]["max_refund"]) == (1, 9)
    home.clock.advance(minutes=40)
    ok(await home.post("/ck/refund", request(redeem_id, 1)))


async def test_another_name_in_the_header_is_not_another_limit(home: Family) -> None:
    await home.set(refunds_per_hour=1)
    redeem_id = await spend(home)
    ok(await home.post("/ck/refund", request(redeem_id, 1), headers={"X-Admin-Actor": "Alex"}))
    answer = await home.post("/ck/refund", request(redeem_id, 1), headers={"X-Admin-Actor": "Sam"})
    refused(answer, 429, "REFUND_RATE_LIMIT")


async def test_twenty_an_hour_is_the_default_and_0_is_no_limit(home: Family) -> None:
    redeem_id = await spend(home, 30)
    for _ in range(20):
        ok(await home.post("/ck/refund", request(redeem_id, 1)))
    refused(await home.post("/ck/refund", request(redeem_id, 1)), 429, "REFUND_RATE_LIMIT")
    await home.set(refunds_per_hour=0)
    ok(await home.post("/ck/refund", request(redeem_id, 1)))


async def test_a_refund_that_the_balance_has_no_room_for(home: Family) -> None:
    redeem_id = await spend(home)
    await home.earn(AMOUNT_MAX)
    body = refused(await home.post("/ck/refund", request(redeem_id, 1)), 400, "REFUND_NOT_ALLOWED")
    assert body["balance"] == AMOUNT_MAX


async def test_wrong_notes_come_last(home: Family) -> None:
    redeem_id = await spend(home)
    body = refused(await home.post("/ck/refund", request(redeem_id, notes=5)), 400, "REFUND_FAILED")
    assert body["field"] == "notes"
