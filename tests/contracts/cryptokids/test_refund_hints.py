"""What the hints say may be refunded, of a member with more redeems than hints list."""

from typing import Any

from regulars.features.ledger.model import AccountReference, Attribution, Earn, Posted, Redeem
from tests.support.family import Family, ok


async def many_redeems(home: Family, count: int) -> list[str]:
    """The ids of this many redeems, of one, two, three points and so on, an hour apart, oldest first."""
    account, by = AccountReference(home.member_ids["leo"]), Attribution("import")
    total = sum(range(1, count + 1))
    earn = Earn(account=account, action="earn_manual", attribution=by, amount=total)
    await home.services.ledger.post_batch(home.program_id, [earn], now=home.clock())
    made = []
    for amount in range(1, count + 1):
        redeem = Redeem(account=account, action="spend_manual", attribution=by, amount=amount)
        [posted] = await home.services.ledger.post_batch(
            home.program_id, [redeem], now=home.clock.advance(hours=1)
        )
        assert isinstance(posted, Posted)
        made.append(str(posted.transfer.transfer_id))
    return made


async def hints(home: Family) -> dict[str, Any]:
    found: dict[str, Any] = ok(await home.get("/ck/ledger/leo"))["hints"]
    return found


async def refund(home: Family, redeem_id: str, amount: int) -> dict[str, Any]:
    body = {"user_id": "leo", "redeem_tx_id": redeem_id, "amount": amount, "reason": "mis_tap"}
    return ok(await home.post("/ck/refund", body))


async def test_the_newest_fifty_with_something_left_are_listed(home: Family) -> None:
    await home.set(refunds_per_hour=0)
    made = await many_redeems(home, 90)
    found = await hints(home)
    assert [row["redeemTxId"] for row in found["refundable_redeems"]] == made[:-51:-1]
    assert (found["can_refund"], found["max_refund"]) == (True, 90)
    # Those that are used up make room for older ones.
    for index in range(89, 69, -1):
        answered = await refund(home, made[index], index + 1)
    assert answered["hints"]["max_refund"] == 70
    found = await hints(home)
    assert [row["redeemTxId"] for row in found["refundable_redeems"]] == made[20:70][::-1]
    assert found["refundable_redeems"][0] | {"at": 0} == {
        "redeemTxId": made[69], "remaining": 70, "redeemed": 70, "at": 0,
    }  # fmt: skip
    # One that is not listed any more can be refunded all the same.
    assert (await refund(home, made[0], 1))["remaining_refundable"] == 0


async def test_the_window_ends_what_is_listed(home: Family) -> None:
    await home.set(refund_window_days=1)
    made = await many_redeems(home, 30)
    found = await hints(home)
    # The last was made now, and each of the others an hour before the next: 25 are a day old or less.
    assert [row["redeemTxId"] for row in found["refundable_redeems"]] == made[:4:-1]
    assert (found["max_refund"], found["refund_window_ms"]) == (30, 86_400_000)
    home.clock.advance(days=1)
    assert [row["redeemTxId"] for row in (await hints(home))["refundable_redeems"]] == [made[-1]]
    home.clock.advance(seconds=1)
    found = await hints(home)
    assert (found["refundable_redeems"], found["max_refund"], found["can_refund"]) == ([], 0, False)


async def test_the_largest_single_remainder_is_what_may_be_refunded_at_most(home: Family) -> None:
    await home.earn(60)
    first, second = await home.redeem(30), await home.redeem(20)
    assert (await hints(home))["max_refund"] == 30
    assert (await refund(home, first["txId"], 15))["hints"]["max_refund"] == 20
    assert (await refund(home, second["txId"], 20))["hints"]["max_refund"] == 15
    await home.set(refunds=False)
    found = await hints(home)
    assert (found["can_refund"], found["features"]) == (False, {"refunds": False})
