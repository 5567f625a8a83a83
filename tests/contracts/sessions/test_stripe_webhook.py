"""Events of Stripe: whose word is taken, and what follows from it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from regulars.features.ledger import actions as ledger
from regulars.features.memberships import verify as memberships_verify
from regulars.settings_sources import Secret
from regulars.stand_ins.stripe.signing import signature
from regulars.stand_ins.stripe.stand_in import StripeStandIn
from tests.contracts.sessions.test_membership import PATH, body_of, bought
from tests.support.footprint import differences, footprint
from tests.support.kiosks import VENUE, WEBHOOK_SECRET, Answer, Kiosks, kiosks, ok, refused

Shop = tuple[Kiosks, StripeStandIn]
WEBHOOK = "/loyalty/stripe-webhook"


async def begun(shop: Kiosks, stripe: StripeStandIn) -> tuple[str, str]:
    """A customer who has begun to buy: the customer's id, and the session's."""
    customer_id = (await shop.enrol())["customer_id"]
    ok(await shop.post(PATH, body_of(customer_id), by="sessions:internal"))
    return customer_id, stripe.account.one("checkout.session")["id"]


async def test_a_paid_membership_grants_and_doubles(stripe_shop: Shop) -> None:
    shop, stripe = stripe_shop
    customer_id, session_id = await begun(shop, stripe)
    await bought(shop, stripe, session_id)
    assert await shop.balance(customer_id) == {
        "customer_id": customer_id, "points_balance": 0, "rewards_balance": 1, "membership_status": "active",
    }  # fmt: skip
    assert (await shop.pay(customer_id, 1234, "ord_1"))["points_earned"] == 24
    # All of it once more, and the monthly job: the period has its reward already.
    for event in stripe.account.events * 2:
        body, signed = stripe.signed(event, at=shop.clock().timestamp())
        ok(await shop.post(WEBHOOK, raw=body, by=None, stripe_signature=signed))
    job = ok(await shop.post("/loyalty/monthly-reward-grant-job", by="sessions:internal"))
    assert job["rewards_granted"] == 0
    assert (await shop.balance(customer_id))["rewards_balance"] == 1


async def test_what_stripe_did_not_sign_has_no_effect(stripe_shop: Shop, database_url: str) -> None:
    shop, stripe = stripe_shop
    _, session_id = await begun(shop, stripe)
    stripe.account.complete(session_id)
    body, right = stripe.signed(stripe.account.events[-1], at=shop.clock().timestamp())
    now = int(shop.clock().timestamp())
    again = msgspec.json.format(body, indent=1)

    def signed(secret: str, raw: bytes) -> str:
        return signature(raw, now, secret)

    before = footprint(database_url)
    for raw, header in [
        (body, "x"), (body, "t=,v1="), (body, f"t={now}"), (body, right.replace("v1", "v0")),
        (body, right[:-1] + "x"), (body, signed("whsec_another", body)), (body, signed("", body)),
        (body, signature(body, now - 301, WEBHOOK_SECRET)),
        (body, signature(body, now + 301, WEBHOOK_SECRET)),
        (again, right), (body + b" ", right), (body[:-1], right), (b"", right),
        *((raw, signed(WEBHOOK_SECRET, raw)) for raw in (b"\xff", b"{}", b"[" * 9999)),
        (body, right.replace("t=", "t=\u0661")),
    ]:  # fmt: skip
        answer = await shop.client.post(
            WEBHOOK, content=raw, headers=[(b"stripe-signature", header.encode())]
        )
        refused(answer, 400, "signature_verification_failed")
    refused(await shop.post(WEBHOOK, raw=body, by=None), 400, "missing_stripe_signature")
    refused(
        await shop.post(WEBHOOK, raw=body, by=None, stripe_signature=" "), 400, "missing_stripe_signature"
    )
    assert differences(before, footprint(database_url)) == []
    for offset in (-300, 300):
        header = signature(body, now + offset, WEBHOOK_SECRET)
        ok(await shop.post(WEBHOOK, raw=body, by=None, stripe_signature=header))


async def test_an_event_waits_until_stripe_can_be_asked(stripe_shop: Shop) -> None:
    shop, stripe = stripe_shop
    customer_id, session_id = await begun(shop, stripe)
    stripe.account.complete(session_id)
    body, header = stripe.signed(stripe.account.events[-1], at=shop.clock().timestamp())
    stripe.misbehave("500", times=10)
    refused(await shop.post(WEBHOOK, raw=body, by=None, stripe_signature=header), 503, "stripe_unavailable")
    stripe.behave()
    assert (await shop.balance(customer_id))["membership_status"] == "none"
    ok(await shop.post(WEBHOOK, raw=body, by=None, stripe_signature=header))
    assert (await shop.balance(customer_id))["membership_status"] == "active"


async def sent(shop: Kiosks, kind: str, about: dict[str, Any], created: int = 0) -> Answer:
    event = {"id": f"evt_{len(str(about))}", "type": kind, "created": created, "data": {"object": about}}
    body = msgspec.json.encode(event)
    header = signature(body, int(shop.clock().timestamp()), WEBHOOK_SECRET)
    return await shop.post(WEBHOOK, raw=body, by=None, stripe_signature=header)


async def send(shop: Kiosks, kind: str, about: dict[str, Any], created: int = 0) -> None:
    assert ok(await sent(shop, kind, about, created)) == {"received": True}


async def test_an_order_that_is_paid_back_takes_its_points_with_it(stripe_shop: Shop) -> None:
    shop, stripe = stripe_shop
    customer_id = (await shop.enrol())["customer_id"]
    await shop.pay(customer_id, 8000, "ord_1")
    charge = stripe.account.put(
        "ch", "charge", amount=8000, amount_refunded=2000, invoice=None, payment_intent=None
    )
    order = {"order_id": "ord_1", "venue_id": VENUE}
    for metadata, refunded_minor, points in [
        ({}, 2000, 80),
        (order, 2000, 60),
        (order, 2000, 60),
        ({**order, "program": "nowhere"}, 8000, 60),
        ({**order, "venue_id": "nowhere"}, 8000, 60),
        ({"order_id": 5, "venue_id": VENUE}, 8000, 60),
        ({**order, "program": "sessions"}, 8000, 0),
        (order, 2000, 0),
    ]:
        about = {**charge, "metadata": metadata, "amount_refunded": refunded_minor, "refunded": False}
        stripe.account.objects[charge["id"]] = about
        await send(shop, "charge.refunded", about)
        assert (await shop.balance(customer_id))["points_balance"] == points, (metadata, refunded_minor)


async def test_orders_need_no_more_than_the_signing_secret(database_url: str, tmp_path: Path) -> None:
    order = {"order_id": "ord_1", "venue_id": VENUE}
    settings: dict[str, Any] = {"stripe_webhook_secret": Secret(WEBHOOK_SECRET)}
    told: list[tuple[str, dict[str, Any], int]] = [
        ("charge.refunded", {"id": "ch_1", "amount_refunded": 2000}, 60),
        ("charge.dispute.created", {"id": "dp_1", "status": "needs_response"}, 0),
        ("charge.dispute.funds_withdrawn", {"id": "dp_1", "status": "needs_response"}, 0),
        ("charge.dispute.closed", {"id": "dp_1", "status": "won"}, 60),
        ("charge.dispute.updated", {"id": "dp_1", "status": "under_review"}, 60),
        ("charge.refunded", {"id": "ch_1", "amount_refunded": 8000}, 0),
    ]
    async with kiosks(database_url, tmp_path, **settings) as shop:
        customer_id = (await shop.enrol())["customer_id"]
        await shop.pay(customer_id, 8000, "ord_1")
        for kind, about, points in told:
            told_at = 3 if kind.endswith("closed") else 2
            await send(shop, kind, {**about, "charge": "ch_1", "metadata": order}, told_at)
            assert (await shop.balance(customer_id))["points_balance"] == points, about
        # What names no order may be about a membership, of which only Stripe knows.
        for metadata in ({}, None, {"order_id": "ord_1"}):
            for kind in ("charge.refunded", "charge.dispute.created"):
                about = {"id": "x_1", "charge": "ch_1", "amount_refunded": 1, "metadata": metadata}
                refused(await sent(shop, kind, about), 503, "stripe_not_configured")


async def test_a_dispute_leads_to_its_order_by_its_charge(stripe_shop: Shop) -> None:
    shop, stripe = stripe_shop
    customer_id = (await shop.enrol())["customer_id"]
    await shop.pay(customer_id, 8000, "ord_1")
    charge = stripe.account.put(
        "ch", "charge", amount=8000, amount_refunded=0, payment_intent=None,
        metadata={"order_id": "ord_1", "venue_id": VENUE},
    )  # fmt: skip
    dispute = stripe.account.dispute(charge["id"])
    lost = stripe.account.put("ch", "charge", amount=1, amount_refunded=0, payment_intent=None)
    for kind, about, points in [
        ("charge.dispute.created", stripe.account.dispute(lost["id"]), 80),
        ("charge.dispute.created", {**dispute, "charge": "ch_gone"}, 80),
        ("charge.dispute.created", {**dispute, "charge": None}, 80),
        ("charge.dispute.created", dispute, 0),
        ("charge.dispute.closed", {**dispute, "status": "won"}, 80),
        ("charge.dispute.created", dispute, 80),
    ]:
        await send(shop, kind, about, created=2 if kind.endswith("closed") else 1)
        assert (await shop.balance(customer_id))["points_balance"] == points, about


async def test_a_dispute_waits_until_stripe_can_say_of_which_order(stripe_shop: Shop) -> None:
    shop, stripe = stripe_shop
    charge = stripe.account.put("ch", "charge", amount=8000, amount_refunded=0, payment_intent=None)
    dispute = stripe.account.dispute(charge["id"])
    stripe.misbehave("500", times=10)
    refused(await sent(shop, "charge.dispute.created", dispute), 503, "stripe_unavailable")


async def test_nobody_who_was_erased_is_granted_anything(stripe_shop: Shop) -> None:
    """Stripe goes on charging until the shop ends the subscription there; its events must be taken in."""
    shop, stripe = stripe_shop
    account = stripe.account
    member_id, member_session = await begun(shop, stripe)
    subscription = account.complete(member_session)
    await tell_all(shop, stripe)
    buyer_id = (await shop.enrol("+447700900001"))["customer_id"]
    ok(await shop.post(PATH, body_of(buyer_id), by="sessions:internal"))
    buyer_session = account.one("checkout.session")["id"]
    for customer_id in (member_id, buyer_id):
        await shop.erase(customer_id)
    before = await rewards_moved(shop)
    account.complete(buyer_session)
    account.renew(subscription["id"])
    account.pay(account.renew(subscription["id"], paid=False)["id"])
    account.refund(account.one("charge", invoice=subscription["latest_invoice"])["id"])
    account.close_dispute(account.dispute(account.one("charge")["id"])["id"], won=True)
    account.change(subscription["id"], "canceled", "deleted")
    for _ in range(2):
        await tell_all(shop, stripe)
    job = ok(await shop.post("/loyalty/monthly-reward-grant-job", by="sessions:internal"))
    assert (job["rewards_granted"], await rewards_moved(shop)) == (0, before)
    async with shop.database.connection() as connection:
        assert await ledger.verify(connection) == await memberships_verify.verify(connection) == []


async def tell_all(shop: Kiosks, stripe: StripeStandIn) -> None:
    for event in stripe.account.events:
        body, signed = stripe.signed(event, at=shop.clock().timestamp())
        ok(await shop.post(WEBHOOK, raw=body, by=None, stripe_signature=signed))


async def rewards_moved(shop: Kiosks) -> list[tuple[Any, ...]]:
    async with shop.database.connection() as connection:
        cursor = await connection.execute(
            "select action, amount from transfers where amount <> 0 order by created_at, transfer_id"
        )
        return await cursor.fetchall()


@pytest.mark.parametrize("kind", ["customer.created", "charge.refunded", "payment_intent.succeeded", ""])
async def test_events_that_are_none_of_ours_are_taken_in(stripe_shop: Shop, kind: str) -> None:
    shop, _ = stripe_shop
    await send(shop, kind, {"id": "x_1", "object": "thing", "metadata": None})
