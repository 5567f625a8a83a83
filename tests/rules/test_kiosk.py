"""What orders earn, what kiosks may send, and what a program's settings mean."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from regulars.base.refusals import Refused
from regulars.features.kiosk import rules, rules_holds, rules_orders
from regulars.features.kiosk.model import Dispute, PaidOrder, RequestKey, Terms
from regulars.features.kiosk.model_orders import HoldRequest, OrderStatus
from regulars.features.kiosk.rules_holds import Split
from tests.support.enrolment import NOW
from tests.support.kiosk_values import a_program, a_venue, stored_hold, stored_order

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("total_minor", "currency", "is_live_member", "points"),
    [
        (999, "GBP", False, 9),
        (1500, "JPY", False, 1500),
        (1234, "GBP", True, 24),
        (1234, "GBP", False, 12),
        (2599, "GBP", False, 25),
        (99, "GBP", True, 0),
        (100, "GBP", False, 1),
        (1999, "KWD", False, 1),
        (999, "KWD", True, 0),
        (1500, "KRW", True, 3000),
        (23500, "GBP", False, 235),
        (12345, "UYW", False, 1),
        (500, "XXX", False, 5),
        (0, "GBP", True, 0),
        (-1, "GBP", False, 0),
        (-100, "JPY", True, 0),
        (10**11, "JPY", False, 10**11),
    ],
)
def test_points_for(total_minor: int, currency: str, is_live_member: bool, points: int) -> None:
    assert rules.points_for(total_minor, currency, Terms(), is_live_member=is_live_member) == points


def test_points_follow_the_terms() -> None:
    terms = Terms(points_per_unit=3, membership_multiplier=5)
    assert rules.points_for(1234, "GBP", terms, is_live_member=False) == 36
    assert rules.points_for(1234, "GBP", terms, is_live_member=True) == 180


@pytest.mark.parametrize(
    ("points", "rewards", "covering"),
    [(0, 0, 0), (1, 0, 1), (99, 0, 1), (100, 1, 1), (101, 1, 2), (235, 2, 3), (1000, 10, 10)],
)
def test_points_turn_into_rewards_and_back(points: int, rewards: int, covering: int) -> None:
    assert rules.rewards_for(points, Terms()) == rewards
    assert rules.rewards_covering(points, Terms()) == covering


@pytest.mark.parametrize(
    ("points", "total_minor", "refunded_minor", "goes"),
    [
        (9, 999, 0, 0),
        (9, 999, 999, 9),
        (9, 999, 500, 5),  # 499 of 999 are still paid for: 4.49 points.
        (9, 999, 1, 1),
        (9, 999, 5000, 9),
        (10, 1000, 999, 10),  # A penny that is kept keeps no point.
        (10, 1000, 500, 5),
        (24, 1234, 617, 12),
        (0, 99, 99, 0),
        (0, 0, 0, 0),
        (0, -5, 3, 0),
        (9, 999, -1, 0),
    ],
)
def test_points_to_take_back(points: int, total_minor: int, refunded_minor: int, goes: int) -> None:
    assert rules.points_to_take_back(points, total_minor, refunded_minor) == goes


@pytest.mark.parametrize(
    ("settings", "terms"),
    [
        ({}, Terms()),
        ({"sessions.points_per_reward": 50}, Terms(points_per_reward=50)),
        ({"sessions.points_per_unit": 0, "sessions.hold_seconds": 60}, Terms(0, hold_seconds=60)),
        ({"sessions.rewards_per_cart_max": 3}, Terms(rewards_per_cart_max=3)),
        ({"sessions.membership_multiplier": 0}, Terms(membership_multiplier=1)),
        ({"sessions.points_per_unit": 10**9}, Terms(points_per_unit=100)),
        ({"sessions.reward_discount_minor": 250}, Terms(reward_discount_minor=250)),
        (
            {"sessions.points_per_reward": 0, "sessions.hold_seconds": -5},
            Terms(points_per_reward=1, hold_seconds=1),
        ),
        ({"sessions.points_per_unit": "2", "sessions.hold_seconds": True}, Terms()),
        ({"sessions.points_per_unit": None, "other.points_per_unit": 7}, Terms()),
    ],
)
def test_terms_of(settings: dict[str, Any], terms: Terms) -> None:
    assert rules.terms_of(a_program(settings)) == terms


@pytest.mark.parametrize(
    ("settings", "region"),
    [({}, "GB"), ({"sessions.phone_region": "DE"}, "DE"), ({"sessions.phone_region": 49}, "ZZ")],
)
def test_phone_region(settings: dict[str, Any], region: str) -> None:
    assert rules.phone_region(a_venue(settings=settings)) == region


def paid(**more: Any) -> PaidOrder:
    return PaidOrder(**{"order_id": "ord_1", "payment_event_id": "evt_1", "total_minor": 2599, **more})


@pytest.mark.parametrize(
    ("order", "checked"),
    [
        (paid(), paid(currency="GBP")),
        (paid(order_id=" ord_1 ", currency=" eur "), paid(currency="EUR")),
        (paid(cart_session_id=""), paid(currency="GBP")),
        (paid(cart_session_id=" cart_1"), paid(currency="GBP", cart_session_id="cart_1")),
        (paid(total_minor=-(10**11)), paid(total_minor=-(10**11), currency="GBP")),
        (paid(order_id="o" * 200), paid(order_id="o" * 200, currency="GBP")),
    ],
)
def test_an_order_is_kept_in_one_spelling(order: PaidOrder, checked: PaidOrder) -> None:
    assert rules.checked_order(order, a_venue()) == checked


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"order_id": " "}, "order_id"),
        ({"order_id": "o" * 201}, "order_id"),
        ({"order_id": "a\0b"}, "order_id"),
        ({"payment_event_id": ""}, "payment_event_id"),
        ({"payment_event_id": "\ud800"}, "payment_event_id"),
        ({"cart_session_id": " "}, "cart_session_id"),
        ({"currency": "POUND"}, "currency"),
        ({"currency": "G1P"}, "currency"),
        ({"currency": "ÄÖÜ"}, "currency"),
        ({"total_minor": 10**11 + 1}, "total_minor"),
        ({"total_minor": -(2**63)}, "total_minor"),
    ],
)
def test_what_cannot_be_kept_is_refused(more: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        rules.checked_order(paid(**more), a_venue())
    assert (refused.value.code, refused.value.details) == ("invalid_field", {"field": field})


def test_a_key_is_refused_like_any_text() -> None:
    assert rules.checked_key(RequestKey("1", " key ")) == RequestKey("1", "key")
    with pytest.raises(Refused, match="invalid_field"):
        rules.checked_key(RequestKey("1", " "))


@pytest.mark.parametrize(
    ("count", "rewards_max", "code"),
    [
        (1, 1, None),
        (3, 3, None),
        (0, 1, "invalid_reward_count"),
        (-1, 1, "invalid_reward_count"),
        (2, 1, "mvp_max_one_reward"),
        (4, 3, "mvp_max_one_reward"),
    ],
)
def test_require_count(count: int, rewards_max: int, code: str | None) -> None:
    terms = Terms(rewards_per_cart_max=rewards_max)
    if code is None:
        rules_holds.require_count(count, terms)
        return
    with pytest.raises(Refused) as refused:
        rules_holds.require_count(count, terms)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("count", "venue", "program", "split"),
    [
        (1, 1, 0, Split(1, 0)),
        (1, 1, 1, Split(1, 0)),
        (1, 0, 1, Split(0, 1)),
        (3, 2, 5, Split(2, 1)),
        (1, 0, 0, None),
        (3, 1, 1, None),
        (1, -1, 1, Split(0, 1)),
        (1, 0, -1, None),
    ],
)
def test_venue_rewards_are_used_first(count: int, venue: int, program: int, split: Split | None) -> None:
    assert rules_holds.split_rewards(count, venue, program) == split


def test_a_payment_redeems_what_lives_else_what_lapsed_last() -> None:
    lives, other = stored_hold(1, minutes=5), stored_hold(2, minutes=1)
    lapsed, older = stored_hold(3, minutes=-1), stored_hold(4, minutes=-9, age_minutes=30)
    swept = stored_hold(5, minutes=-5, status="expired", age_minutes=20)
    redeemed = stored_hold(6, minutes=3, status="redeemed", age_minutes=0)
    for holds, chosen in (
        ([lives, other, lapsed], [lives, other]),
        ([older, lapsed, swept], [lapsed]),
        ([older, swept], [swept]),
        ([redeemed, lives], [lives]),
        ([redeemed, lapsed], []),
        ([redeemed], []),
        ([], []),
    ):
        assert rules_holds.redeemable(holds, NOW) == chosen
    assert rules_holds.redeemed_before([lives, redeemed]) == redeemed
    assert rules_holds.redeemed_before([lives, swept]) is None
    # At its very end a hold reserves nothing any more.
    ends = stored_hold(7, minutes=0)
    assert not ends.is_live(NOW)
    assert ends.is_live(NOW - timedelta(microseconds=1))


def test_a_cart_is_full_of_rewards_that_live_whosever_they_are() -> None:
    holds = [
        stored_hold(1, minutes=5),
        stored_hold(2, minutes=-5),
        stored_hold(3, minutes=5, status="redeemed"),
    ]
    assert rules_holds.is_full(holds, 1, Terms(), NOW)
    assert not rules_holds.is_full(holds, 1, Terms(rewards_per_cart_max=2), NOW)
    assert rules_holds.is_full(holds, 2, Terms(rewards_per_cart_max=2), NOW)
    assert not rules_holds.is_full(holds, 1, Terms(), NOW + 5 * MINUTE)


def test_the_same_request_asks_for_the_same() -> None:
    asked: dict[str, Any] = {
        "program_id": 1, "location_id": 1, "scope": "", "key": "k", "cart_session_id": "cart",
        "member_id": UUID(int=1), "reward_count": 1, "created_at": NOW,
    }  # fmt: skip
    first = HoldRequest(**asked, refusal="insufficient_rewards")
    assert rules_holds.is_same_request(first, HoldRequest(**asked | {"created_at": NOW + MINUTE}))
    for change in ({"cart_session_id": "other"}, {"member_id": UUID(int=2)}, {"reward_count": 2}):
        assert not rules_holds.is_same_request(first, HoldRequest(**asked | change))


def test_the_order_that_got_further_decides() -> None:
    mine, other = stored_order("mine", "paid_no_customer"), stored_order("other", "paid_no_customer")
    earned, refunded = stored_order("earned", "earned"), stored_order("mine", "refund_known")
    for orders, chosen in (
        ([], None),
        ([other, mine], mine),
        ([mine, other], mine),
        ([earned, mine], earned),
        ([mine, earned], earned),
        ([other, refunded], other),
        ([refunded], refunded),
    ):
        assert rules_orders.furthest(orders, "mine") == chosen


def test_refunds_only_grow() -> None:
    order = stored_order("mine", "earned", total_minor=1000, points_earned=10)
    order, goes = rules_orders.refunded(order, 250)
    assert (order.refunded_minor, order.points_taken_back, goes) == (250, 3, 3)
    assert rules_orders.refunded(order, 250) == (order, 0)
    assert rules_orders.refunded(order, 100) == (order, 0)
    order, goes = rules_orders.refunded(order, 1000)
    assert (order.refunded_minor, order.points_taken_back, goes) == (1000, 10, 7)
    assert order.status is OrderStatus.EARNED


@pytest.mark.parametrize(
    ("told", "goes"),
    [
        ([("dp_1", "open", 1)], 10),
        ([("dp_1", "inquiry", 1)], 3),
        ([("dp_1", "open", 1), ("dp_1", "won", 2)], 3),
        ([("dp_1", "won", 2), ("dp_1", "open", 1)], 3),
        ([("dp_1", "won", 1), ("dp_1", "open", 1)], 3),
        ([("dp_1", "open", 1), ("dp_1", "lost", 2)], 10),
        ([("dp_1", "lost", 1), ("dp_1", "won", 2)], 3),
        ([("dp_1", "open", 1), ("dp_2", "open", 1), ("dp_1", "won", 2)], 10),
        ([("dp_1", "open", 1), ("dp_2", "open", 1), ("dp_1", "won", 2), ("dp_2", "won", 3)], 3),
    ],
)
def test_a_dispute_takes_all_for_as_long_as_it_has_the_money(
    told: list[tuple[str, str, int]], goes: int
) -> None:
    order = stored_order("mine", "earned", total_minor=1000, points_earned=10)
    order, taken = rules_orders.refunded(order, 250)
    for name, status, at in told:
        dispute = Dispute(name, status in ("open", "lost"), status in ("won", "lost"), at)
        order, points = rules_orders.disputed(order, dispute)
        taken += points
        assert rules_orders.disputed(order, dispute) == (order, 0)
    assert (order.points_taken_back, taken, order.refunded_minor) == (goes, goes, 250)
