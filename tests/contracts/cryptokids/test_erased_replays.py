"""What a parent's key remembers of a member who was erased since: the row, without the person."""

from tests.support.family import Family, ok, refused
from tests.support.family_acts import cancel, give_token, scan
from tests.support.family_history import rows

KEY = {"Idempotency-Key": "k-1"}


async def erase(home: Family) -> None:
    ok(await home.client.delete("/api/members/leo", headers=home.headers()))


async def test_a_cancellation_is_answered_again_without_the_person(home: Family) -> None:
    await home.earn(10)
    hold = await home.reserve(note="With Leo's friends")
    first = ok(await cancel(home, hold, {"note": "Leo is ill"}, headers=KEY))
    await erase(home)
    again = ok(await cancel(home, hold, {"note": "Leo is ill"}, headers=KEY))
    assert (again["txId"], again["holdId"]) == (first["txId"], hold["holdId"])
    assert again["tx"] == first["tx"] | {"userId": None, "note": None, "notes": None}
    assert again["tx"] == (await rows(home, verb="hold.release"))[0]


async def test_other_verbs_know_nobody_of_that_id_any_more(home: Family) -> None:
    await home.earn(20)
    redeem = {"user_id": "leo", "amount": 5}
    redeemed = ok(await home.post("/ck/redeem", redeem, headers=KEY))
    refund = {"user_id": "leo", "redeem_tx_id": redeemed["txId"], "amount": 1, "reason": "mis_tap"}
    ok(await home.post("/ck/refund", refund, headers={"Idempotency-Key": "k-2"}))
    await erase(home)
    for path, body, key in (("/ck/redeem", redeem, "k-1"), ("/ck/refund", refund, "k-2")):
        answer = await home.post(path, body, headers={"Idempotency-Key": key})
        assert refused(answer, 400, "INVALID_USER") == {"error": "INVALID_USER"}


async def test_a_token_that_was_used_stays_used(home: Family) -> None:
    token = await give_token(home)
    ok(await scan(home, token))
    await erase(home)
    refused(await scan(home, token), 409, "TOKEN_USED")
    assert ok(await home.get("/balance/leo")) == {"balance": 0}
