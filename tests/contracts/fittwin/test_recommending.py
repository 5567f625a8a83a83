"""Recommending: the first refusal that applies, what follows a RID that ended, the policy of its day."""

from typing import Any

from regulars.base.ids import new_id
from regulars.features.referrals import actions as referrals
from tests.support.ledger import NOW
from tests.support.market import BEN, Market, ok, refused

NOBODY = {"accept": "*/*"}


async def test_the_first_that_applies_wins(shop: Market) -> None:
    active = ok(await shop.create(), 201)
    fresh = [await shop.product() for _ in range(11)]
    for product_id in fresh[:9]:
        ok(await shop.create(product_id), 201)
    bodies: list[Any] = [
        {}, {"productId": 5}, {"productId": str(new_id())}, {"productId": shop.product_id},
        {"productId": fresh[9]},
    ]  # fmt: skip
    for body in bodies:
        refused(await shop.post("/referrals", body, NOBODY), 401, "UNAUTHORIZED")
    answers = [await shop.post("/referrals", body, shop.as_shopper()) for body in bodies]
    refused(answers[0], 400, "RID_PRODUCT_REQUIRED", "productId")
    refused(answers[1], 400, "VALIDATION_FAILED", "productId")
    refused(answers[2], 404, "PRODUCT_NOT_FOUND")
    assert ok(answers[3], 409) == active
    refused(answers[4], 429, "RID_RATE_LIMITED")
    # What was refused is counted nowhere: a day after the first ten there is room for ten.
    shop.clock.advance(days=1)
    ok(await shop.create(fresh[9]), 201)


async def test_a_product_of_another_program_is_an_unknown_one(shop: Market) -> None:
    async with shop.database.transaction() as connection:
        theirs = await referrals.add_product(
            connection, shop.other_program_id, slug="theirs", name="Theirs", now=NOW
        )
    answers = [await shop.create(str(product_id)) for product_id in (theirs.product_id, new_id())]
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}
    refused(answers[0], 404, "PRODUCT_NOT_FOUND")


async def test_after_a_rid_has_expired_there_is_a_new_one(shop: Market) -> None:
    first = ok(await shop.create(), 201)
    shop.clock.advance(days=29, hours=23, minutes=59, seconds=59)
    assert ok(await shop.create(), 409) == first
    shop.clock.advance(seconds=1)
    assert (await shop.stats(first["rid"]))["status"] == "expired"
    second = ok(await shop.create(), 201)
    assert second["rid"] != first["rid"]
    assert second["expiresAt"] == "2026-04-30T12:00:00Z"
    assert ok(await shop.create(), 409) == second
    assert (await shop.stats(first["rid"]))["status"] == "expired"
    assert ok(await shop.validate(first["rid"]), 409)["reason"] == "RID_EXPIRED"
    # The old link leads where it led, and counts for nobody.
    followed = await shop.client.get(f"/r/{first['rid']}")
    assert followed.headers["location"] == first["shareUrl"]
    assert (await shop.stats(first["rid"]))["clicks"] == 0


async def test_after_a_rid_was_revoked_there_is_a_new_one(shop: Market) -> None:
    first = ok(await shop.create(), 201)["rid"]
    for number in range(11):
        body = {"deviceFingerprint": "one", "ip": f"address {number}"}
        await shop.post(f"/referrals/{first}/track-click", body)
    [flag] = await shop.flags()
    await shop.decide(referrals.block, flag.flag_id)
    second = ok(await shop.create(), 201)["rid"]
    assert second != first
    assert (await shop.stats(first))["status"] == "revoked"
    assert ok(await shop.validate(first), 409)["reason"] == "RID_REVOKED"
    assert ok(await shop.validate(second))["valid"]


async def test_a_rid_keeps_the_policy_of_its_day(shop: Market) -> None:
    made = ok(await shop.create(), 201)
    asked = str(new_id())
    ok(await shop.validate(made["rid"], asked))
    await shop.set_program(
        referrals__reward_value=5, referrals__hold_days=1, referrals__currency="EUR",
        referrals__reward_type="cash", referrals__lifetime_days=1,
    )  # fmt: skip
    assert ok(await shop.create(), 409) == made
    for order_id in (asked, await shop.buy(made["rid"])):
        paid = ok(await shop.attribute(made["rid"], order_id))
        assert (paid["rewardAmount"], paid["currency"]) == (1000, "USD")
        assert paid["holdUntil"] == "2026-03-31T12:00:00Z"
    refused(
        await shop.attribute(made["rid"], "in euros", currency="EUR"), 400, "VALIDATION_FAILED", "currency"
    )
    # What is made today is of today.
    later = ok(await shop.create(await shop.product()), 201)
    assert later["expiresAt"] == "2026-03-02T12:00:00Z"
    assert later["policy"] == {"rewardType": "cash", "rewardValue": 5, "currency": "EUR", "holdDays": 1}
    in_euros = str(new_id())
    ok(await shop.validate(later["rid"], in_euros))
    assert ok(await shop.attribute(later["rid"], in_euros, currency="EUR"))["rewardAmount"] == 5
    assert await shop.mature(days=1) == 1
    assert (await shop.credit()).balance == 0
    assert await shop.mature(days=29) == 2
    assert (await shop.credit()).balance == 2000
    assert (await shop.stats(made["rid"]))["rewards"] == {"pendingHold": 0, "payable": 2, "paid": 0}


async def test_a_shopper_is_one_member_in_whatever_spelling(shop: Market) -> None:
    subject = "0197c1a2-0000-7000-8000-0000000000ff"
    made = ok(await shop.create(subject=subject), 201)
    for spelling in (subject.upper(), f" {subject} "):
        assert ok(await shop.create(subject=spelling), 409) == made
        assert (await shop.stats(made["rid"], spelling))["rid"] == made["rid"]
    assert await shop.rows("select count(*) from members where program_id = %(program_id)s") == [(1,)]
    # Without a product there is no member either.
    refused(await shop.create(str(new_id()), BEN), 404, "PRODUCT_NOT_FOUND")
    assert await shop.rows("select count(*) from members where program_id = %(program_id)s") == [(1,)]
