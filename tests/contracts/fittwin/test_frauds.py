"""Twelve frauds, each played over HTTP from its beginning to what the fraudster has in the end: nothing."""

import asyncio

from regulars.features.referrals import actions as referrals
from regulars.features.referrals.model import Rule
from tests.support.ledger import NOW
from tests.support.market import ANN, BEN, Market, ok, refused, token
from tests.support.tokens import OTHER_RSA, signed

MY_ADDRESS = "203.0.113.9"
"""Where the client of the tests is, and so the owner when the RID is made."""


async def got(shop: Market, days: float = 40) -> int:
    """What Ann has, once everything that could mature has."""
    await shop.mature(days=days)
    return (await shop.credit(ANN)).balance


async def rules(shop: Market) -> list[Rule]:
    return [flag.rule for flag in await shop.flags()]


async def refused_as_own(shop: Market, rid: str, order_id: str, **buyer: str) -> None:
    """The order is nobody's, whatever the shop tells of it afterwards."""
    said = ok(await shop.validate(rid, order_id, **buyer), 409)
    assert said == {"valid": False, "attribution": None, "reason": "RID_SELF_PURCHASE_BLOCKED"}
    refused(await shop.attribute(rid, order_id), 409, "RID_SELF_PURCHASE_BLOCKED")


async def test_1_buying_by_an_own_rid(shop: Market) -> None:
    rid = await shop.rid()
    for number, spelling in enumerate((ANN, ANN.upper(), f" {ANN} ")):
        await refused_as_own(shop, rid, f"order-{number}", userId=spelling)
    assert await rules(shop) == [Rule.SELF_PURCHASE] * 3
    assert len(await shop.told("referral.fraud_flag")) == 3
    assert await got(shop) == 0


async def test_2_buying_under_another_name_on_the_same_device(shop: Market) -> None:
    rid, others = await shop.rid(), await shop.rid(BEN)
    # Ann once bought by Ben's link, which is how her phone is known.
    await shop.buy(others, userId=ANN, deviceFingerprint="Ann's phone")
    await refused_as_own(shop, rid, "order", userId="a second account", deviceFingerprint="Ann's phone")
    assert await rules(shop) == [Rule.SHARED_DEVICE]
    assert await got(shop) == 0


async def test_3_buying_under_another_name_at_the_same_address(shop: Market) -> None:
    rid = await shop.rid()
    await refused_as_own(shop, rid, "order", userId="a second account", ip=MY_ADDRESS)
    await refused_as_own(shop, rid, "other", userId="a third account", ip=f"::ffff:{MY_ADDRESS}")
    assert await rules(shop) == [Rule.SHARED_ADDRESS] * 2
    assert await got(shop) == 0


async def test_4_one_device_behind_many_buyers(shop: Market) -> None:
    rid = await shop.rid()
    for number in range(6):
        await shop.buy(rid, f"order-{number}", deviceFingerprint="a farm")
    flags = await shop.flags()
    assert {flag.order_id for flag in flags if flag.order_id} == {"order-3", "order-4", "order-5"}
    # Five orders from one device, whoever they are said to be of: the whole RID is held.
    assert Rule.FEW_SOURCES in {flag.rule for flag in flags}
    assert await got(shop) == 0
    for flag in flags:
        await shop.decide(referrals.block, flag.flag_id)
    assert await got(shop) == 0
    assert (await shop.stats(rid))["status"] == "revoked"
    assert ok(await shop.validate(rid), 409)["reason"] == "RID_REVOKED"


async def test_5_a_flood_of_clicks(shop: Market) -> None:
    rid = await shop.rid()
    order_id = await shop.buy(rid)
    for number in range(40):
        answer = await shop.client.get(f"/r/{rid}", headers={"user-agent": f"browser {number}"})
        assert answer.status_code == 302
    assert (await shop.stats(rid))["clicks"] <= 10
    [flag] = await shop.flags()
    assert (flag.rule, flag.order_id) == (Rule.EVENT_FLOOD, None)
    assert await got(shop) == 0
    await shop.decide(referrals.claw_back, flag.flag_id)
    assert await got(shop) == 0
    said = ok(await shop.post(f"/referrals/orders/{order_id}/refund"))
    assert said["rewardStatus"] == "cancelled"
    # A flood that the shop tells of, with a device that is always the same.
    other = await shop.rid(BEN)
    for _ in range(12):
        await shop.post(f"/referrals/{other}/track-click", {"deviceFingerprint": "a robot"})
    assert (await shop.stats(other, BEN))["clicks"] == 1
    assert await rules(shop) == [Rule.EVENT_FLOOD]


async def test_6_buying_and_returning_within_the_hold(shop: Market) -> None:
    rid = await shop.rid()
    order_id = await shop.buy(rid)
    assert await shop.mature(days=29) == 0
    said = ok(await shop.post(f"/referrals/orders/{order_id}/refund"))
    assert (said["rewardStatus"], said["clawedBack"]) == ("cancelled", False)
    assert await got(shop) == 0
    # Told as paid once more, it is what it was.
    assert ok(await shop.attribute(rid, order_id))["status"] == "cancelled"
    assert await got(shop) == 0


async def test_7_returning_after_the_hold_when_the_credit_is_spent(shop: Market) -> None:
    from regulars.features.ledger.actions import Ledger
    from regulars.features.ledger.model import Attribution, Redeem

    rid = await shop.rid()
    order_id, kept = await shop.buy(rid), await shop.buy(rid)
    assert await got(shop) == 2000
    account = (await shop.credit(ANN)).reference
    till = Ledger(shop.database, shop.clock)
    await till.post(
        shop.program_id,
        Redeem(account=account, action="spend", attribution=Attribution("till"), amount=2000),
    )
    await till.close()
    answers = await asyncio.gather(
        *(shop.post(f"/referrals/orders/{order_id}/{way}") for way in ("refund", "cancel") * 4)
    )
    assert {answer.json()["clawedBack"] for answer in answers} == {True}
    state = await shop.credit(ANN)
    assert (state.balance, state.owed) == (0, 1000)
    assert ok(await shop.attribute(rid, kept))["status"] == "payable"
    # What comes next pays it.
    await shop.buy(await shop.rid())
    assert await got(shop) == 0
    assert (await shop.credit(ANN)).owed == 0


async def test_8_replayed_orders(shop: Market) -> None:
    rid, other = await shop.rid(), await shop.rid()
    order_id = await shop.buy(rid)
    for _ in range(3):
        ok(await shop.attribute(rid, order_id))
        ok(await shop.attribute(rid, order_id.upper()))
    refused(await shop.attribute(rid, order_id, orderTotal=1), 409, "ORDER_ALREADY_ATTRIBUTED")
    refused(await shop.attribute(other, order_id), 409, "RID_ORDER_ATTRIBUTED")
    assert ok(await shop.validate(other, order_id), 409)["reason"] == "RID_ORDER_ATTRIBUTED"
    assert (await shop.stats(rid))["conversions"] == 1
    assert await got(shop) == 1000
    ok(await shop.attribute(rid, order_id))
    assert await got(shop) == 1000


async def test_9_farming_rids(shop: Market) -> None:
    product = await shop.product()
    made = await asyncio.gather(*(shop.create(product) for _ in range(12)))
    assert sorted(answer.status_code for answer in made) == [201] + [409] * 11
    assert len({answer.json()["rid"] for answer in made}) == 1
    for _ in range(9):
        await shop.rid()
    refused(await shop.create(await shop.product()), 429, "RID_RATE_LIMITED")
    # Many new accounts from one address are no way around it: all their RIDs from the eleventh on are held.
    rids = [await shop.rid(f"account-{number}") for number in range(12)]
    flagged = {flag.rid for flag in await shop.flags()}
    assert flagged == set(rids[9:])
    assert await rules(shop) == [Rule.EVENT_FLOOD] * 3


async def test_10_forged_tokens(shop: Market) -> None:
    claims = {"iss": "https://login.fittwin.test", "aud": "fittwin", "sub": BEN, "exp": NOW.timestamp() + 60}
    forged = [
        signed(claims, key=OTHER_RSA),
        signed(claims, key="guessed secret of thirty-two signs", algorithm="HS256"),
        signed(claims, key="", algorithm="none"),
        token(BEN)[:-4] + "AAAA",
    ]
    rid = await shop.rid(BEN)
    for text in forged:
        headers = {"authorization": f"Bearer {text}"}
        refused(await shop.client.get(f"/referrals/{rid}", headers=headers), 401, "UNAUTHORIZED")
        body = {"productId": shop.product_id}
        refused(await shop.post("/referrals", body, headers), 401, "UNAUTHORIZED")


async def test_11_tokens_that_are_over_or_for_others(shop: Market) -> None:
    rid = await shop.rid()
    for text in (
        token(exp=int(NOW.timestamp()) - 60),
        token(aud="the blog"),
        token(iss="https://login.example"),
        token(nbf=int(NOW.timestamp()) + 600),
    ):
        headers = {"authorization": f"Bearer {text}"}
        refused(await shop.client.get(f"/referrals/{rid}", headers=headers), 401, "UNAUTHORIZED")
    shop.clock.advance(hours=2)
    headers = {"authorization": f"Bearer {token()}"}
    refused(await shop.client.get(f"/referrals/{rid}", headers=headers), 401, "UNAUTHORIZED")


async def test_12_spoofed_addresses(shop: Market) -> None:
    rid = await shop.rid()
    for number in range(40):
        headers = {
            "user-agent": f"browser {number}", "x-forwarded-for": f"198.51.100.{number}",
            "forwarded": f"for=198.51.100.{number}", "x-real-ip": f"198.51.100.{number}",
        }  # fmt: skip
        await shop.client.get(f"/r/{rid}", headers=headers)
    assert (await shop.stats(rid))["clicks"] <= 10
    assert await rules(shop) == [Rule.EVENT_FLOOD]
    # Nor is an owner elsewhere by saying so.
    elsewhere = {**shop.as_shopper(BEN), "x-forwarded-for": "192.0.2.1"}
    made = ok(await shop.post("/referrals", {"productId": shop.product_id}, elsewhere), 201)
    await refused_as_own(shop, made["rid"], "order", userId="a second account", ip=MY_ADDRESS)
    assert await got(shop) == 0
    # The second flood is Ben's: he is new at an address from which too much has come.
    assert await rules(shop) == [Rule.EVENT_FLOOD, Rule.EVENT_FLOOD, Rule.SHARED_ADDRESS]


async def test_nobody_s_address_device_or_id_is_stored(shop: Market) -> None:
    rid = await shop.rid()
    await shop.buy(rid, "order", userId="buyer@example.com", deviceFingerprint="a-device", ip="198.51.100.77")
    await shop.client.get(f"/r/{rid}")
    tables = (
        "referrers", "referral_sightings", "referral_conversions", "referral_clicks", "referral_events",
        "events",
    )  # fmt: skip
    for table in tables:
        rows = str(await shop.rows(f"select * from {table}"))
        for secret in ("buyer@example.com", "a-device", "198.51.100.77", MY_ADDRESS, ANN):
            assert secret not in rows, (table, secret)
