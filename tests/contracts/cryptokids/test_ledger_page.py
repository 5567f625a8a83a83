"""The parent's ledger page and the child's figures."""

from typing import Any

import pytest

from tests.support.family import Family, ok, refused

ROW_FIELDS = 20
EXTRA = ["redeem_amount", "refunded_amount", "remaining_refundable", "refund_status", "refunds"]


async def refund(home: Family, redeem_id: str, amount: int) -> None:
    body = {"user_id": "leo", "redeem_tx_id": redeem_id, "amount": amount, "reason": "mis_tap"}
    ok(await home.post("/ck/refund", body))


async def test_the_page_of_a_ledger(home: Family) -> None:
    await home.earn(100)
    first = await home.redeem(10)
    home.clock.advance(days=20)
    second, third = await home.redeem(20), await home.redeem(30)
    await refund(home, second["txId"], 5)
    await refund(home, third["txId"], 10)
    await refund(home, third["txId"], 20)
    held = await home.reserve()
    ok(await home.post(f"/api/holds/{held['holdId']}/approve", {"token": held["token"], "finalCost": 4}))
    page = ok(await home.get("/ck/ledger/LEO"))
    assert list(page) == ["userId", "balance", "rows", "redeems", "summary", "hints"]
    assert (page["userId"], page["balance"], page["hints"]["balance"]) == ("leo", 71, 71)
    assert len(page["rows"]) == 9
    assert page["summary"] == {
        "earn": {"d7": 0, "d30": 100},
        "redeem": {"d7": 54, "d30": 64},
        "refund": {"d7": 35, "d30": 35},
    }
    redeems = page["redeems"]
    assert all(list(row)[ROW_FIELDS:] == EXTRA for row in redeems)
    assert [[row[name] for name in EXTRA[:4]] for row in redeems] == [
        [4, 0, 4, "open"],
        [30, 30, 0, "refunded"],
        [20, 5, 15, "partial"],
        [10, 0, 10, "open"],
    ]
    assert [row["id"] for row in redeems[1:]] == [third["txId"], second["txId"], first["txId"]]
    assert [(row["delta"], row["parent_tx_id"]) for row in redeems[1]["refunds"]] == [
        (10, third["txId"]),
        (20, third["txId"]),
    ]
    # A redeem is the very row that stands in the history as well.
    rows = {row["id"]: row for row in page["rows"]}
    assert all({name: row[name] for name in rows[row["id"]]} == rows[row["id"]] for row in redeems)
    assert (redeems[0]["verb"], redeems[0]["itemId"]) == ("hold.redeem", home.reward_id)


async def test_the_page_is_bounded_and_paged(home: Family) -> None:
    await home.earn(1000)
    for _ in range(60):
        await home.redeem(1)
    page = ok(await home.get("/ck/ledger/leo"))
    assert (len(page["rows"]), len(page["redeems"])) == (50, 50)
    rest = ok(await home.get("/ck/ledger/leo", offset="50", limit="500"))
    assert len(rest["rows"]) == 11
    older = ok(await home.get("/ck/ledger/leo", redeemsBefore=page["redeems"][-1]["id"], redeemsLimit="7"))
    assert [row["balance_after"] for row in older["redeems"]] == [990 + number for number in range(7)]
    assert len(ok(await home.get("/ck/ledger/leo", redeemsBefore="nonsense"))["redeems"]) == 50


async def test_nobodys_page_is_empty(home: Family) -> None:
    page = ok(await home.get("/ck/ledger/nobody"))
    assert page == {
        "userId": "nobody",
        "balance": 0,
        "rows": [],
        "redeems": [],
        "summary": {name: {"d7": 0, "d30": 0} for name in ("earn", "redeem", "refund")},
        "hints": page["hints"],
    }
    assert (page["hints"]["balance"], page["hints"]["hold_status"]) == (0, "none")


async def test_earned_less_spent_is_the_balance(home: Family) -> None:
    await home.earn(100)
    redeemed = await home.redeem(40)
    await refund(home, redeemed["txId"], 15)
    ok(await home.post("/ck/adjust", {"user_id": "leo", "delta": -5}))
    ok(await home.post("/ck/adjust", {"user_id": "leo", "delta": 3}))
    await home.reserve()
    assert ok(await home.get("/summary/leo", key=None)) == {
        "userId": "leo", "balance": 73, "earned": 118, "spent": 45,
    }  # fmt: skip
    assert ok(await home.get("/balance/leo", key=None)) == {"balance": 73}


@pytest.mark.parametrize("user_id", ["nobody", "%00", "' or 1=1", "x" * 400, "%F0%9F%92%A9", "..%2F..%2Fetc"])
async def test_an_unknown_id_is_at_zero(home: Family, user_id: str) -> None:
    for path, empty in (("/balance", {"balance": 0}), ("/summary", {"balance": 0, "earned": 0, "spent": 0})):
        answer = await home.get(f"{path}/{user_id}", key=None)
        if answer.status_code == 200:
            body: dict[str, Any] = answer.json()
            body.pop("userId", None)
            assert body == empty
        else:
            refused(answer, 404, "NOT_FOUND")


async def test_a_blank_id_is_refused(home: Family) -> None:
    for path in ("/balance/%20", "/summary/%20", "/ck/ledger/%20"):
        refused(await home.get(path), 400, "userId required")


async def test_a_device_reaches_its_own_child_only(production: Family) -> None:
    await production.earn(9)
    await production.earn(8, "maya")
    assert ok(await production.get("/balance/Leo", key="leo")) == {"balance": 9}
    assert ok(await production.get("/balance/maya", key="leo")) == {"balance": 0}
    foreign = ok(await production.get("/summary/maya", key="leo"))
    assert foreign == {"userId": "maya", "balance": 0, "earned": 0, "spent": 0}
    refused(await production.get("/balance/leo", key=None), 401, "UNAUTHORIZED")
    for key in (None, "leo"):
        refused(await production.get("/ck/ledger/leo", key=key), 401, "UNAUTHORIZED")
    assert ok(await production.get("/ck/ledger/leo", key="parent"))["balance"] == 9
