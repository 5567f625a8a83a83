"""Every published example: its request is sent, and the answer has the published fields in their order."""

from typing import Any

import pytest

from tests.support.kiosks import PHONE, VENUE, Kiosks, ok

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


async def test_upsert_and_resolve(shop: Kiosks) -> None:
    body = {"phone_raw": PHONE, "venue_id": VENUE, "device_id": "kiosk_01"}
    answer = await shop.post("/loyalty/upsert-customer-by-phone", body)
    enrolled = ok(answer)
    assert list(enrolled) == [
        "customer_id", "is_new_customer", "points_balance", "rewards_balance", "membership_status",
        "wallet_token",
    ]  # fmt: skip
    assert enrolled == {
        "customer_id": enrolled["customer_id"],
        "is_new_customer": True,
        "points_balance": 0,
        "rewards_balance": 0,
        "membership_status": "none",
        "wallet_token": enrolled["wallet_token"],
    }
    again = ok(await shop.post("/loyalty/upsert-customer-by-phone", body))
    assert again == {**enrolled, "is_new_customer": False}

    token = enrolled["wallet_token"]
    body = {"pass_token": token, "venue_id": VENUE, "device_id": "kiosk_01"}
    resolved = ok(await shop.post("/loyalty/resolve-customer-from-pass-token", body))
    expected: dict[str, Any] = {
        "customer_id": enrolled["customer_id"],
        "points_balance": 0,
        "rewards_balance": 0,
        "membership_status": "none",
    }
    assert list(resolved.items()) == list(expected.items())
    balance = ok(
        await shop.post("/loyalty/get-balance", {"customer_id": enrolled["customer_id"], "venue_id": VENUE})
    )
    assert list(balance.items()) == list(expected.items())


async def test_a_cart_with_a_reward_from_attach_to_redeem(shop: Kiosks) -> None:
    customer_id = (await shop.enrol())["customer_id"]
    await shop.pay(customer_id, 23500, "ord_0")
    here = {"cart_session_id": "cart_123", "customer_id": customer_id, "venue_id": VENUE}
    attached = ok(await shop.post("/loyalty/attach-customer-to-cart-session", here))
    assert attached == {
        "attached": True,
        "link": {
            "cart_session_id": "cart_123", "customer_id": customer_id, "venue_id": VENUE, "status": "pending",
        },
    }  # fmt: skip

    hold = ok(await shop.post("/loyalty/apply-reward-to-cart", {**here, "reward_count": 1}))
    assert list(hold) == ["approved", "hold_id", "expires_at", "discount_minor", "rewards_balance"]
    assert (hold["approved"], hold["discount_minor"], hold["rewards_balance"]) == (True, 100, 2)
    assert hold["expires_at"] == "2026-03-01T12:15:00.000Z"

    order = {
        "order_id": "ord_123", "venue_id": VENUE, "payment_event_id": "evt_paid_123", "total_minor": 2599,
        "currency": "GBP", "paid_at": "2026-02-17T09:30:00.000Z", "customer_id": customer_id,
        "cart_session_id": "cart_123",
    }  # fmt: skip
    earned = ok(await shop.post("/loyalty/earn-points-from-paid-order", order))
    assert list(earned.items()) == [
        ("customer_id", customer_id),
        ("points_earned", 25),
        ("rewards_converted", 0),
        ("new_points_balance", 60),
        ("new_rewards_balance", 2),
    ]
    redeem = {
        "order_id": "ord_123", "venue_id": VENUE, "payment_event_id": "evt_paid_123",
        "cart_session_id": "cart_123",
    }  # fmt: skip
    redeemed = ok(await shop.post("/loyalty/redeem-reward-after-payment", redeem))
    assert list(redeemed.items()) == [
        ("customer_id", customer_id),
        ("rewards_redeemed", 1),
        ("status", "redeemed"),
        ("new_rewards_balance", 1),
    ]
    again = ok(await shop.post("/loyalty/redeem-reward-after-payment", redeem))
    assert (again["status"], again["new_rewards_balance"]) == ("already_redeemed", 1)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (
            "/loyalty/monthly-reward-grant-job",
            {"expired_holds_released": 0, "memberships_checked": 0, "rewards_granted": 0},
        ),
        ("/loyalty/process-pass-update-jobs", {"processed": 0, "sent": 0, "failed": 0}),
    ],
)
async def test_the_jobs(shop: Kiosks, path: str, answer: dict[str, int]) -> None:
    assert ok(await shop.post(path, by="sessions:internal")) == answer
    # Cron may send what it likes as a body, an empty object for example.
    assert ok(await shop.post(path, {}, by="sessions:internal")) == answer


@pytest.mark.parametrize(
    ("total_minor", "currency", "points", "rewards", "remaining"),
    [
        (999, "GBP", 9, 0, 9),
        (1500, "JPY", 1500, 15, 0),
        (23500, "GBP", 235, 2, 35),
        (12345, "KWD", 12, 0, 12),
    ],
)
async def test_the_numbers_to_check_against(
    shop: Kiosks, total_minor: int, currency: str, points: int, rewards: int, remaining: int
) -> None:
    customer_id = (await shop.enrol())["customer_id"]
    assert await shop.pay(customer_id, total_minor, "ord_1", currency=currency) == {
        "customer_id": customer_id,
        "points_earned": points,
        "rewards_converted": rewards,
        "new_points_balance": remaining,
        "new_rewards_balance": rewards,
    }
