"""An order from the checkout to the credit that was spent: told once, often, late, in disorder, or wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from regulars.base.ids import new_id
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model import Attribution, Redeem
from regulars.features.referrals import actions as referrals
from tests.support.ledger import NOW
from tests.support.market import ANN, BEN, Answer, Market, ok, refused, token
from tests.support.market_beside import beside

SELF = {"valid": False, "attribution": None, "reason": "RID_SELF_PURCHASE_BLOCKED"}
OTHERS = {"valid": False, "attribution": None, "reason": "RID_ORDER_ATTRIBUTED"}
VALID = {"valid": True, "attribution": "first_click", "reason": None}

Ask = Callable[[Market], Awaitable[Answer]]


async def back(shop: Market, order_id: str, way: str = "refund") -> dict[str, Any]:
    said: dict[str, Any] = ok(await shop.post(f"/referrals/orders/{order_id}/{way}"))
    return said


async def spend(shop: Market, amount: int) -> None:
    """Ann buys something for her credit, and the job notices."""
    till = Ledger(shop.database, shop.clock)
    account = (await shop.credit()).reference
    await till.post(
        shop.program_id,
        Redeem(account=account, action="spend", attribution=Attribution("till"), amount=amount),
    )
    await till.close()
    await referrals.note_spent(shop.database, shop.clock)


async def answers_of(shop: Market, ask: Ask) -> set[tuple[int, str]]:
    """All that is said to ten repetitions in a row, to twenty at once, and by a server started since."""
    answers = [await ask(shop) for _ in range(10)]
    answers += await asyncio.gather(*(ask(shop) for _ in range(20)))
    async with beside(shop) as another:
        answers.append(await ask(another))
    return {(answer.status_code, answer.text) for answer in answers}


async def test_whatever_is_sent_again_is_answered_the_same_and_done_once(shop: Market) -> None:
    first = await shop.create()
    rid, order_id = ok(first, 201)["rid"], str(new_id())
    assert await answers_of(shop, lambda at: at.create()) == {(409, first.text)}
    assert len(await answers_of(shop, lambda at: at.validate(rid, order_id))) == 1
    assert len(await answers_of(shop, lambda at: at.attribute(rid, order_id))) == 1
    assert (await shop.stats(rid))["conversions"] == 1
    assert len(await shop.told("referral.conversion")) == 1
    assert await shop.mature(days=30) == 1
    refund = f"/referrals/orders/{order_id}/refund"
    [(status, text)] = await answers_of(shop, lambda at: at.post(refund))
    assert (status, '"clawedBack":true' in text) == (200, True)
    account = await shop.credit()
    assert (account.balance, account.owed) == (0, 0)


async def test_a_click_is_one_however_often_it_is_told(shop: Market) -> None:
    rid = await shop.rid()
    await shop.set_program(referrals__events_per_hour_max=900)
    body = {"deviceFingerprint": "one", "ip": "198.51.100.1"}
    path = f"/referrals/{rid}/track-click"
    assert await answers_of(shop, lambda at: at.post(path, body)) == {(204, "")}
    assert (await shop.stats(rid))["clicks"] == 1


async def test_one_order_has_one_rid_in_whatever_spelling_before_and_after_it_expires(shop: Market) -> None:
    first, second, order_id = await shop.rid(), await shop.rid(BEN), str(new_id())
    spellings = (order_id, order_id.upper(), f" {order_id} ")
    for days in (0, 29, 1, 30):
        shop.clock.advance(days=days)
        for spelling in spellings:
            assert ok(await shop.validate(first, spelling)) == VALID
            assert ok(await shop.validate(second, spelling), 409) == OTHERS
            assert ok(await shop.validate("A" * 22, spelling), 409) == OTHERS
    assert ok(await shop.validate(first, str(new_id())), 409)["reason"] == "RID_EXPIRED"
    paid = ok(await shop.attribute(first, order_id.upper()))
    assert (paid["orderId"], paid["status"]) == (order_id, "pending_hold")
    # What is no UUID is another order in another spelling.
    third = await shop.rid(BEN)
    assert ok(await shop.validate(third, "Order-1")) == ok(await shop.validate(await shop.rid(), "order-1"))


async def test_a_refusal_is_remembered_and_a_mistake_is_not(shop: Market) -> None:
    rid = await shop.rid()
    body = {"rid": rid, "orderId": "order", "userId": 5}
    refused(await shop.post("/referrals/validate", body), 400, "VALIDATION_FAILED", "userId")
    assert ok(await shop.validate("A" * 22, "order"), 409)["reason"] == "RID_EXPIRED"
    assert ok(await shop.validate(rid, "order")) == VALID
    assert ok(await shop.validate(rid, "own", userId=ANN), 409) == SELF
    await shop.set_program(referrals__blocks_self_purchase=False)
    for buyer in (ANN, "somebody else"):
        assert ok(await shop.validate(rid, "own", userId=buyer), 409) == SELF
    refused(await shop.attribute(rid, "own"), 409, "RID_SELF_PURCHASE_BLOCKED")
    assert ok(await shop.validate(rid, "another of her own", userId=ANN)) == VALID
    refused(await shop.attribute(rid, "order", orderTotal=0), 400, "VALIDATION_FAILED", "orderTotal")
    refused(await shop.attribute(rid, "order", currency="EUR"), 400, "VALIDATION_FAILED", "currency")
    assert ok(await shop.attribute(rid, "order"))["status"] == "pending_hold"


@pytest.mark.parametrize(
    ("delivered", "until"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-31T12:00:00Z"),
        ("2026-02-01T12:00:00Z", "2026-03-03T12:00:00Z"),
        ("2026-03-11T14:00:00+02:00", "2026-04-10T12:00:00Z"),
        ("2027-03-02T12:00:00Z", "2027-04-01T12:00:00Z"),
    ],
)
async def test_the_hold_begins_with_the_delivery(shop: Market, delivered: str, until: str) -> None:
    rid = await shop.rid()
    at_once, later = str(new_id()), str(new_id())
    paid = ok(await shop.attribute(rid, at_once, deliveredAt=delivered))
    assert (paid["status"], paid["holdUntil"]) == ("pending_hold", until)
    assert ok(await shop.attribute(rid, later))["holdUntil"] == "2026-03-31T12:00:00Z"
    told = ok(await shop.attribute(rid, later, deliveredAt=delivered))
    assert told["holdUntil"] == until
    for again in (delivered, None):
        assert ok(await shop.attribute(rid, later, deliveredAt=again)) == told
    another = await shop.attribute(rid, later, deliveredAt="2026-03-05T00:00:00Z")
    refused(another, 409, "ORDER_ALREADY_ATTRIBUTED")
    naive = await shop.attribute(rid, later, deliveredAt=delivered[:19])
    refused(naive, 400, "VALIDATION_FAILED", "deliveredAt")


async def test_an_order_that_comes_back_before_it_is_paid(shop: Market) -> None:
    rid, order_id = await shop.rid(), str(new_id())
    refused(await shop.post(f"/referrals/orders/{order_id}/refund"), 404, "ORDER_NOT_FOUND")
    ok(await shop.validate(rid, order_id))
    gone = {"rid": rid, "orderId": order_id, "rewardStatus": None, "clawedBack": False}
    assert await back(shop, order_id) == await back(shop, order_id, "cancel") == gone
    paid = ok(await shop.attribute(rid, order_id))
    assert (paid["orderTotal"], paid["status"], paid["holdUntil"]) == (None, None, None)
    assert (await shop.stats(rid))["conversions"] == 0
    assert ok(await shop.validate(rid, order_id)) == VALID
    assert ok(await shop.validate(await shop.rid(), order_id), 409) == OTHERS
    assert await shop.mature(days=31) == 0


async def test_an_order_that_was_refused_comes_back(shop: Market) -> None:
    rid = await shop.rid()
    ok(await shop.validate(rid, "own", userId=ANN), 409)
    said = await back(shop, "own")
    assert said == {"rid": rid, "orderId": "own", "rewardStatus": None, "clawedBack": False}


@pytest.mark.parametrize("ways", [("refund", "cancel"), ("cancel", "refund")])
async def test_the_first_of_refund_and_cancel_counts(shop: Market, ways: tuple[str, str]) -> None:
    rid = await shop.rid()
    held, given, spent = [await shop.buy(rid) for _ in range(3)]
    said = [await back(shop, held, way) for way in ways]
    assert said[0] == said[1]
    assert (said[0]["rewardStatus"], said[0]["clawedBack"]) == ("cancelled", False)
    assert await shop.mature(days=30) == 2
    await spend(shop, 1000)
    assert (await shop.stats(rid))["rewards"] == {"pendingHold": 0, "payable": 1, "paid": 1}
    for order_id in (spent, given):
        said = [await back(shop, order_id, way) for way in ways]
        assert said[0] == said[1]
        assert (said[0]["rewardStatus"], said[0]["clawedBack"]) == ("cancelled", True)
    account = await shop.credit()
    assert (account.balance, account.owed) == (0, 1000)
    assert (await shop.stats(rid))["rewards"] == {"pendingHold": 0, "payable": 0, "paid": 0}
    ended = "select distinct ended_as from referral_conversions"
    assert await shop.rows(ended) == [("refunded" if ways[0] == "refund" else "cancelled",)]
    for order_id in (held, given, spent):
        assert ok(await shop.attribute(rid, order_id))["status"] == "cancelled"
        refused(await shop.attribute(rid, order_id, orderTotal=5), 409, "ORDER_ALREADY_ATTRIBUTED")
    assert await shop.mature(days=60) == 0


async def test_orders_of_two_programs_are_two_under_one_id(shop: Market) -> None:
    async with shop.database.transaction() as connection:
        theirs = await referrals.add_product(connection, shop.other_program_id, slug="x", name="X", now=NOW)
    headers = {"authorization": f"Bearer {token(ANN, aud='others')}"}
    made = await shop.post("/referrals", {"productId": str(theirs.product_id)}, headers)
    mine, others, order_id = await shop.rid(), ok(made, 201)["rid"], await shop.buy(await shop.rid())
    key = shop.as_shop(shop.other_key)
    body = {"rid": others, "orderId": order_id, "userId": "buyer"}
    assert ok(await shop.post("/referrals/validate", body, key)) == VALID
    assert ok(await shop.post("/referrals/validate", body | {"rid": mine}, key), 409) == OTHERS
    refused(await shop.post("/referrals/orders/unknown/refund", headers=key), 404, "ORDER_NOT_FOUND")
    gone = ok(await shop.post(f"/referrals/orders/{order_id}/refund", headers=key))
    assert (gone["rid"], gone["rewardStatus"]) == (others, None)
    assert await shop.mature(days=30) == 1


async def test_what_could_not_be_told_to_have_come_back_is_no_order(shop: Market) -> None:
    rid = await shop.rid()
    for order_id in ("2026/17", "/", ".", "..", "a/../b"):
        body = {"rid": rid, "orderId": order_id, "userId": "buyer"}
        refused(await shop.post("/referrals/validate", body), 400, "VALIDATION_FAILED", "orderId")
        refused(await shop.attribute(rid, order_id), 400, "VALIDATION_FAILED", "orderId")
    for order_id, path in (("#17", "%2317"), ("a b", "a%20b"), ("50%", "50%25"), ("né", "n%C3%A9")):
        await shop.buy(rid, order_id)
        assert (await back(shop, path))["orderId"] == order_id


async def test_totals_that_no_shop_has_are_refused(shop: Market) -> None:
    """A RID's figures would grow beyond what is stored, and what JSON's readers hold."""
    rid = await shop.rid()
    for total in (10**12 + 1, 2**53 - 1):
        answer = await shop.attribute(rid, "order", orderTotal=total)
        refused(answer, 400, "VALIDATION_FAILED", "orderTotal")
    assert ok(await shop.attribute(rid, "order", orderTotal=10**12))["orderTotal"] == 10**12
