"""Earn, redeem and adjust: what they answer, what they refuse, and that a refusal changes nothing."""

from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from regulars.contracts.cryptokids.wire import Hints, LedgerRow
from regulars.features.ledger.model import AMOUNT_MAX
from regulars.features.telemetry.actions import core_health
from tests.support.family import Family, ok, refused
from tests.support.family_acts import DownLedger
from tests.support.ledger import NOW

NOW_MILLISECONDS = int(NOW.timestamp()) * 1000
HINTS = {
    "balance": 5,
    "can_redeem": True,
    "max_redeem": 5,
    "can_refund": False,
    "max_refund": 0,
    "max_redeem_for_reward": 5,
    "hold_status": "none",
    "pending_hold_count": 0,
    "active_hold_id": None,
    "refundable_redeems": [],
    "refund_window_ms": None,
    "features": {"refunds": True},
}


async def test_earn_answers_the_whole_envelope(home: Family) -> None:
    answer = await home.earn(
        5, note="Fed the cat", idempotency_key="k-1", headers_are_not_a_field="and extra ones are ignored"
    )
    row = answer["tx"]
    assert UUID(answer["txId"])
    assert list(answer) == ["ok", "txId", "tx", "balance", "hints", "verb", "action"]
    assert (answer["ok"], answer["balance"], answer["verb"]) == (True, 5, "earn")
    assert answer["action"] == "earn_manual"
    assert answer["hints"] == HINTS
    assert list(answer["hints"]) == list(Hints.__struct_fields__)
    assert list(row) == list(LedgerRow.__struct_fields__)
    assert row == {
        "id": answer["txId"],
        "at": NOW_MILLISECONDS,
        "userId": "leo",
        "action": "earn_manual",
        "verb": "earn",
        "delta": 5,
        "balance_after": 5,
        "itemId": None,
        "holdId": None,
        "templates": None,
        "finalCost": None,
        "note": "Fed the cat",
        "notes": "Fed the cat",
        "actor": "admin's key",
        "ip": "127.0.0.1",
        "ua": row["ua"],
        "parent_tx_id": None,
        "refund_reason": None,
        "refund_notes": None,
        "idempotency_key": "k-1",
    }
    assert row["ua"].startswith("python-httpx2")


@pytest.mark.parametrize(
    ("body", "action", "note"),
    [
        ({}, "earn_manual", None),
        ({"action": "birthday"}, "birthday", None),
        ({"action": "  "}, "earn_manual", None),
        ({"action": None, "note": None}, "earn_manual", None),
        ({"action": "x" * 150}, "x" * 100, None),
        ({"note": "  tidy  "}, "earn_manual", "tidy"),
        ({"note": "n" * 201}, "earn_manual", "n" * 200),
        ({"note": "\U0001f600" * 201}, "earn_manual", "\U0001f600" * 200),
    ],
)
async def test_action_and_note_are_kept_or_cut(
    home: Family, body: dict[str, Any], action: str, note: str | None
) -> None:
    answer = await home.earn(5, **body)
    assert (answer["action"], answer["tx"]["action"], answer["tx"]["note"]) == (action, action, note)


@pytest.mark.parametrize(
    ("path", "body", "action", "verb", "delta"),
    [
        ("/ck/redeem", {"amount": 2}, "spend_manual", "redeem", -2),
        ("/ck/adjust", {"delta": 7}, "adjust_credit", "adjust", 7),
        ("/ck/adjust", {"delta": -3}, "adjust_debit", "adjust", -3),
        ("/ck/adjust", {"delta": -5}, "adjust_debit", "adjust", -5),
        ("/ck/redeem", {"amount": 5, "action": "kiosk", "note": "Comic"}, "kiosk", "redeem", -5),
    ],
)
async def test_redeem_and_adjust(
    home: Family, path: str, body: dict[str, Any], action: str, verb: str, delta: int
) -> None:
    await home.earn(5)
    answer = ok(await home.post(path, {"user_id": "leo", **body}))
    assert (answer["verb"], answer["action"], answer["tx"]["delta"]) == (verb, action, delta)
    assert answer["balance"] == answer["tx"]["balance_after"] == answer["hints"]["balance"] == 5 + delta
    assert await home.balance() == 5 + delta


async def test_a_redeem_shows_in_the_hints_as_refundable(home: Family) -> None:
    await home.earn(5)
    answer = await home.redeem(2)
    assert answer["hints"]["refundable_redeems"] == [
        {"redeemTxId": answer["txId"], "remaining": 2, "redeemed": 2, "at": NOW_MILLISECONDS}
    ]
    assert (answer["hints"]["can_refund"], answer["hints"]["max_refund"]) == (True, 2)


@pytest.mark.parametrize(
    ("path", "body"),
    [("/ck/redeem", {"amount": 6}), ("/ck/adjust", {"delta": -6}), ("/ck/redeem", {"amount": AMOUNT_MAX})],
)
async def test_more_than_there_is_cannot_be_spent(home: Family, path: str, body: dict[str, int]) -> None:
    await home.earn(5)
    answer = refused(await home.post(path, {"user_id": "leo", **body}), 409, "INSUFFICIENT_FUNDS")
    assert answer == {"error": "INSUFFICIENT_FUNDS", "balance": 5, "hints": HINTS}
    assert await home.rows() == 1


async def test_what_a_hold_reserves_cannot_be_spent(home: Family) -> None:
    await home.earn(15)
    await home.reserve()
    body = refused(await home.post("/ck/redeem", {"user_id": "leo", "amount": 6}), 409, "INSUFFICIENT_FUNDS")
    assert (body["balance"], body["hints"]["max_redeem"]) == (15, 5)
    assert (await home.redeem(5))["balance"] == 10


NOT_AMOUNTS = [0, -1, 5.0, 1.5, "5", "", True, False, None, [], {}, 2**53, 2**63, 2**64, 10**30]


@pytest.mark.parametrize("amount", NOT_AMOUNTS)
@pytest.mark.parametrize("path", ["/ck/earn", "/ck/redeem"])
async def test_an_amount_is_an_integer_from_1_to_2_to_the_53_less_1(
    home: Family, path: str, amount: object
) -> None:
    body = refused(await home.post(path, {"user_id": "leo", "amount": amount}), 400, "INVALID_AMOUNT")
    assert (body["balance"], body["hints"]["max_redeem"]) == (0, 0)
    assert await home.rows() == 0


@pytest.mark.parametrize("delta", [0, 5.0, -1.5, "5", True, None, [], 2**53, -(2**53), 10**30])
async def test_a_delta_is_an_integer_other_than_0(home: Family, delta: object) -> None:
    body = refused(await home.post("/ck/adjust", {"user_id": "leo", "delta": delta}), 400, "INVALID_DELTA")
    assert body["balance"] == 0
    assert await home.rows() == 0


async def test_the_largest_amount_can_be_earned_and_spent(home: Family) -> None:
    assert (await home.earn(AMOUNT_MAX))["balance"] == AMOUNT_MAX
    assert (await home.redeem(AMOUNT_MAX))["balance"] == 0


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [("/ck/earn", {"amount": 1}, "EARN_FAILED"), ("/ck/adjust", {"delta": 1}, "ADJUST_FAILED")],
)
async def test_a_balance_has_a_limit(home: Family, path: str, body: dict[str, int], error: str) -> None:
    await home.earn(AMOUNT_MAX)
    answer = refused(await home.post(path, {"user_id": "leo", **body}), 400, error)
    assert answer["balance"] == AMOUNT_MAX


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("/ck/earn", {"amount": 1, "note": 5}, "EARN_FAILED"),
        ("/ck/redeem", {"amount": 1, "action": ["x"]}, "REDEEM_FAILED"),
        ("/ck/adjust", {"delta": 1, "note": "a\0b"}, "ADJUST_FAILED"),
        ("/ck/earn", {"amount": 1, "idempotency_key": "k" * 256}, "EARN_FAILED"),
    ],
)
async def test_a_field_that_is_not_text_is_the_verbs_failure(
    home: Family, path: str, body: dict[str, Any], error: str
) -> None:
    answer = refused(await home.post(path, {"user_id": "leo", **body}), 400, error)
    assert answer["field"] in body
    assert answer["balance"] == 0
    assert await home.rows() == 0


async def test_history_says_who_did_it(home: Family) -> None:
    body = {"user_id": "leo", "amount": 1}
    named = ok(await home.post("/ck/earn", body, headers={"X-Admin-Actor": "Zoë".encode()}))
    long = ok(await home.post("/ck/earn", body, headers={"X-Admin-Actor": "m" * 500}))
    assert (named["tx"]["actor"], long["tx"]["actor"]) == ("Zoë", "m" * 100)


@pytest.mark.parametrize(
    ("path", "error"),
    [("/ck/earn", "EARN_FAILED"), ("/ck/redeem", "REDEEM_FAILED"), ("/ck/adjust", "ADJUST_FAILED")],
)
async def test_an_outage_is_a_503_that_says_when_to_come_back(home: Family, path: str, error: str) -> None:
    home.application.state["services"] = replace(home.services, ledger=DownLedger())
    answer = await home.post(path, {"user_id": "leo", "amount": 1, "delta": 1})
    assert refused(answer, 503, error) == {"error": error}
    assert answer.headers["retry-after"] == "1"


async def test_telemetry_counts_every_verb_with_its_failures(home: Family) -> None:
    await home.earn(5)
    await home.redeem(2)
    refused(await home.post("/ck/redeem", {"user_id": "leo", "amount": 9}), 409, "INSUFFICIENT_FUNDS")
    refused(await home.post("/ck/adjust", {"user_id": "leo", "delta": 0}), 400, "INVALID_DELTA")
    await home.services.telemetry.flush()
    async with home.database.connection() as connection:
        health = await core_health(connection, home.program_id)
    counted = {
        verb.verb: (verb.count, [(f.message, f.count) for f in verb.top_failures]) for verb in health.verbs
    }
    assert counted == {
        "earn": (1, []),
        "redeem": (2, [("INSUFFICIENT_FUNDS", 1)]),
        "adjust": (1, [("INVALID_DELTA", 1)]),
    }
