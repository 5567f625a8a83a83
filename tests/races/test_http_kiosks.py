"""Kiosks, paid orders and enrolments at once against a server with two workers: everything happens once."""

from collections.abc import AsyncIterator
from itertools import cycle

import pytest
import pytest_asyncio

from tests.support.counters import Counters, open_counters, order, payment
from tests.support.kiosks import SECOND
from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded
from tests.support.till import statuses

pytestmark = as_long_as_asked

CROWD = 30
ROUNDS = bounded(2, 60)
DONE = (200, None)
TOO_FEW = (409, "insufficient_rewards")


@pytest_asyncio.fixture
async def counters(server: ServerProcess) -> AsyncIterator[Counters]:
    """Two venues of the test's own."""
    async with open_counters(server) as counters:
        yield counters


async def test_one_reward_is_held_for_one_of_many_carts(counters: Counters) -> None:
    for number in range(ROUNDS):
        customer_id = await counters.customer(rewards=1)
        requests = [
            counters.request("apply", turn, customer_id=customer_id, cart_session_id=f"{number}-{turn}")
            for turn in range(CROWD)
        ]
        answers = await counters.at_once(requests)
        assert statuses(answers) == {DONE: 1, TOO_FEW: CROWD - 1}
        assert await counters.balances(customer_id) == (0, 1)
        # Whoever asks again gets the same hold, and the others still nothing.
        again = await counters.at_once(requests)
        assert [one.body for one in again if one.status == 200] == [
            one.body for one in answers if one.status == 200
        ]
        assert statuses(again) == {DONE: 1, TOO_FEW: CROWD - 1}


@pytest.mark.parametrize("keys", ["none", "one", "many"])
async def test_one_cart_has_one_hold_whoever_asks(counters: Counters, keys: str) -> None:
    for number in range(ROUNDS):
        customer_id = await counters.customer(rewards=5)
        body = {"customer_id": customer_id, "cart_session_id": f"cart-{number}"}
        key: dict[str, list[str | None]] = {
            "none": [None],
            "one": [f"k{number}"],
            "many": [f"k{number}-{turn}" for turn in range(CROWD)],
        }
        requests = [
            # A key belongs to one kiosk.
            counters.request("apply", 0 if keys == "one" else turn, **body, idempotency_key=chosen)
            for turn, chosen in zip(range(CROWD), cycle(key[keys]), strict=False)
        ]
        answers = await counters.at_once(requests)
        assert statuses(answers) == {DONE: CROWD}
        assert len({str(answer.body) for answer in answers}) == 1
    assert await counters.rows(
        "select count(*), sum(venue_rewards) from cart_holds where program_id = %(program_id)s"
    ) == [(ROUNDS, ROUNDS)]


@pytest.mark.parametrize("with_cart", [False, True], ids=["named customer", "cart's customer"])
async def test_one_order_earns_once(counters: Counters, with_cart: bool) -> None:
    for number in range(ROUNDS):
        customer_id = await counters.customer()
        cart = f"cart-{number}"
        await counters.ok("attach", customer_id=customer_id, cart_session_id=cart)
        named = None if with_cart else customer_id
        body = order(named, 23_500, cart_session_id=cart if with_cart else None)
        answers = await counters.at_once([counters.request("earn", turn, **body) for turn in range(CROWD)])
        assert statuses(answers) == {DONE: CROWD}
        assert [answer.body for answer in answers] == [
            {
                "customer_id": customer_id, "points_earned": 235, "rewards_converted": 2,
                "new_points_balance": 35, "new_rewards_balance": 2,
            }
        ] * CROWD  # fmt: skip


async def test_one_payment_earns_once_under_whatever_order(counters: Counters) -> None:
    for _ in range(ROUNDS):
        customer_id = await counters.customer()
        body = order(customer_id, 23_500)
        # The numbers tell apart what several orders would have earned.
        orders = [
            {**body, "order_id": f"{body['order_id']}-{turn}", "total_minor": 23_500 + 100 * turn}
            for turn in range(CROWD)
        ]
        requests = [counters.request("earn", turn, **one) for turn, one in enumerate(orders)]
        answers = await counters.at_once(requests)
        assert statuses(answers) == {DONE: CROWD}
        [said] = {str(answer.body) for answer in answers}
        points, rewards = await counters.balances(customer_id)
        [(earned, count)] = await counters.rows(
            "select sum(points_earned), count(*) from paid_orders"
            " where program_id = %(program_id)s and payment_event_id = %(event)s",
            event=body["payment_event_id"],
        )
        assert (count, earned) == (1, points + 100 * rewards)
        assert f"'points_earned': {earned}" in said
        # At the other venue the same payment is another one.
        elsewhere = await counters.ok("earn", **body | {"venue_id": SECOND})
        assert elsewhere["new_points_balance"] == 35


async def test_an_order_whose_customer_is_found_meanwhile_earns_once(counters: Counters) -> None:
    """Told before anybody is known, told again, and the cart attached at the same moment."""
    for number in range(ROUNDS):
        customer_id = await counters.customer()
        cart = f"cart-{number}"
        body = order(None, 12_300, cart_session_id=cart)
        attach = counters.request("attach", customer_id=customer_id, cart_session_id=cart)
        requests = [counters.request("earn", turn, **body) for turn in range(CROWD - 3)]
        answers = await counters.at_once(
            [*requests[:10], attach, *requests[10:20], attach, attach, *requests[20:]]
        )
        assert statuses(answers) == {DONE: CROWD}
        seen = {answer.body["points_earned"] for answer in answers if "points_earned" in answer.body}
        assert seen <= {0, 123}
        assert (await counters.ok("earn", **body))["points_earned"] == 123
        assert await counters.balances(customer_id) == (23, 1)


async def test_one_phone_is_one_customer_with_one_card(counters: Counters) -> None:
    for _ in range(ROUNDS):
        phone = counters.phone()
        spellings = [phone, phone.replace("+44", "0"), f" {phone[:3]} (0){phone[3:7]}-{phone[7:]} "]
        requests = [
            counters.request("upsert", turn, phone_raw=spellings[turn % len(spellings)])
            for turn in range(CROWD)
        ]
        answers = await counters.at_once(requests)
        assert statuses(answers) == {DONE: CROWD}
        bodies = [answer.body for answer in answers]
        assert len({(body["customer_id"], body["wallet_token"]) for body in bodies}) == 1
        assert sorted(body["is_new_customer"] for body in bodies) == [False] * (CROWD - 1) + [True]
        # A card for the other venue, once too.
        there = await counters.at_once(
            [counters.request("upsert", turn, phone_raw=phone, venue_id=SECOND) for turn in range(CROWD)]
        )
        assert {answer.body["customer_id"] for answer in there} == {bodies[0]["customer_id"]}
        assert len({answer.body["wallet_token"] for answer in there} - {bodies[0]["wallet_token"]}) == 1
    assert await counters.rows(
        "select count(*) from members where program_id = %(program_id)s"
    ) == [(ROUNDS,)]  # fmt: skip


async def test_one_order_redeems_once(counters: Counters) -> None:
    """The same payment told by many, and several orders that say they have paid the same cart."""
    for number in range(ROUNDS):
        customer_id = await counters.customer(rewards=3)
        cart = f"cart-{number}"
        await counters.ok("apply", customer_id=customer_id, cart_session_id=cart)
        orders = [f"{number}-{name}" for name in "abc"]
        answers = await counters.at_once(
            [counters.request("redeem", turn, **payment(orders[turn % 3], cart)) for turn in range(CROWD)]
        )
        assert statuses(answers) == {DONE: CROWD}
        said = sorted(answer.body["status"] for answer in answers)
        assert said == ["already_redeemed"] * (CROWD - 1) + ["redeemed"]
        assert {answer.body["rewards_redeemed"] for answer in answers} == {1}
        assert await counters.balances(customer_id) == (0, 2)
