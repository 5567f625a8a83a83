"""The parent's ledger page at its bounds: how long is lately, how much fits, and each figure for itself."""

from typing import Any

import pytest

from regulars.features.ledger.model import AccountReference, Attribution, Earn, Redeem
from tests.support.family import Family, ok
from tests.support.family_acts import approve
from tests.support.family_history import rows


async def summary(home: Family) -> Any:
    return ok(await home.get("/ck/ledger/leo"))["summary"]


@pytest.mark.parametrize(("period", "days"), [("d7", 7), ("d30", 30)])
async def test_lately_is_seven_and_thirty_days(home: Family, period: str, days: int) -> None:
    await home.earn(20)
    redeemed = await home.redeem(7)
    refund = {"user_id": "leo", "redeem_tx_id": redeemed["txId"], "amount": 2, "reason": "mis_tap"}
    ok(await home.post("/ck/refund", refund))
    home.clock.advance(days=days)
    found = await summary(home)
    assert {verb: found[verb][period] for verb in found} == {"earn": 20, "redeem": 7, "refund": 2}
    home.clock.advance(seconds=1)
    found = await summary(home)
    assert {verb: found[verb][period] for verb in found} == {"earn": 0, "redeem": 0, "refund": 0}


async def test_corrections_and_holds_are_neither_earned_nor_redeemed(home: Family) -> None:
    await home.earn(30)
    for delta in (5, -3):
        ok(await home.post("/ck/adjust", {"user_id": "leo", "delta": delta}))
    held = await home.reserve()
    expected = {"earn": {"d7": 30, "d30": 30}, "redeem": {"d7": 0, "d30": 0}, "refund": {"d7": 0, "d30": 0}}
    assert await summary(home) == expected
    ok(await approve(home, held, finalCost=9))
    expected["redeem"] = {"d7": 9, "d30": 9}
    assert await summary(home) == expected


async def test_a_page_has_500_rows_and_500_redeems_at_most(home: Family) -> None:
    account, by = AccountReference(home.member_ids["leo"]), Attribution("import")
    earn = Earn(account=account, action="earn_manual", attribution=by, amount=503)
    redeem = Redeem(account=account, action="spend_manual", attribution=by, amount=1)
    await home.services.ledger.post_batch(home.program_id, [earn, *[redeem] * 503], now=home.clock())
    page = ok(await home.get("/ck/ledger/leo", limit="9999", redeemsLimit="9999"))
    assert (len(page["rows"]), len(page["redeems"])) == (500, 500)
    assert [row["balance_after"] for row in page["rows"][:2]] == [0, 1]
    last = ok(await home.get("/ck/ledger/leo", offset="502", redeemsBefore=page["redeems"][-1]["id"]))
    assert [row["balance_after"] for row in last["rows"]] == [502, 503]
    assert [row["balance_after"] for row in last["redeems"]] == [500, 501, 502]
    least = ok(await home.get("/ck/ledger/leo", limit="0", redeemsLimit="-1"))
    assert (len(least["rows"]), len(least["redeems"])) == (1, 1)


async def test_the_rows_of_the_page_are_those_of_history(home: Family) -> None:
    await home.earn(30, note="Birthday")
    await home.redeem(7)
    await home.reserve()
    page = ok(await home.get("/ck/ledger/leo"))
    assert page["rows"] == await rows(home, userId="leo")
    assert page["redeems"][0] | page["rows"][1] == page["redeems"][0]
    answered = await home.earn(1)
    assert ok(await home.get("/ck/ledger/leo"))["hints"] == answered["hints"]
