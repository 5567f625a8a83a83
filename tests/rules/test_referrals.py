"""The rules of referrals: tables of cases with the expected decision beside the input."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from regulars.features.access.model import Program
from regulars.features.referrals import rules, rules_fraud
from regulars.features.referrals.model import (
    Checkout,
    Conversion,
    ConversionStatus,
    Ending,
    Policy,
    Purchase,
    Referral,
    ReferralStatus,
    Refusal,
    RewardStatus,
    RewardType,
    Rule,
    Source,
    Verdict,
)
from regulars.features.referrals.model_settings import policy_of, shop_url_of
from regulars.features.referrals.rules_fraud import Hit, Sighted
from tests.support.ledger import NOW

POLICY = Policy()
REFERRAL = Referral(
    rid="A" * 22, owner_id=UUID(int=1), product_id=UUID(int=2), product_slug="jacket", channel=None,
    status=ReferralStatus.ACTIVE, reward_type=RewardType.STORE_CREDIT, reward_value=1000, currency="USD",
    hold_days=30, created_at=NOW, expires_at=NOW + timedelta(days=30),
)  # fmt: skip
CANDIDATE = rules.candidate(REFERRAL, Checkout(REFERRAL.rid, "order", Source()), Verdict(), NOW)
PURCHASE = Purchase(REFERRAL.rid, "order", 12900, "USD")


def confirmed(conversion: Conversion = CANDIDATE, purchase: Purchase = PURCHASE) -> Conversion:
    outcome = rules.confirm(REFERRAL, conversion, purchase, NOW)
    assert isinstance(outcome, Conversion)
    return outcome


HELD = confirmed()
PAYABLE = replace(HELD, reward_status=RewardStatus.PAYABLE, payable_at=NOW)
PAID = rules.paid(PAYABLE, NOW)
RETURNED = rules.give_back(CANDIDATE, Ending.REFUNDED, NOW)
REFUSED = replace(CANDIDATE, status=ConversionStatus.REFUSED, reason="self_purchase_blocked")


@pytest.mark.parametrize(
    ("status", "passed", "seen", "reason"),
    [
        (ReferralStatus.ACTIVE, timedelta(0), ReferralStatus.ACTIVE, None),
        (ReferralStatus.ACTIVE, timedelta(days=30, seconds=-1), ReferralStatus.ACTIVE, None),
        (ReferralStatus.ACTIVE, timedelta(days=30), ReferralStatus.EXPIRED, "rid_expired"),
        (ReferralStatus.EXPIRED, timedelta(0), ReferralStatus.EXPIRED, "rid_expired"),
        (ReferralStatus.REVOKED, timedelta(days=99), ReferralStatus.REVOKED, "rid_revoked"),
    ],
)
def test_how_a_rid_stands(
    status: ReferralStatus, passed: timedelta, seen: ReferralStatus, reason: str | None
) -> None:
    referral = replace(REFERRAL, status=status)
    assert rules.status_at(referral, NOW + passed) is seen
    assert rules.refuse_rid(referral, NOW + passed) == reason


@pytest.mark.parametrize(
    ("conversion", "rid", "verdict"),
    [
        (None, REFERRAL.rid, None),
        (CANDIDATE, REFERRAL.rid, Verdict()),
        (HELD, REFERRAL.rid, Verdict()),
        (REFUSED, REFERRAL.rid, Verdict("self_purchase_blocked")),
        (CANDIDATE, "B" * 22, Verdict("order_of_another_rid")),
        (REFUSED, "B" * 22, None),
    ],
)
def test_an_order_is_told_the_same_again(
    conversion: Conversion | None, rid: str, verdict: Verdict | None
) -> None:
    assert rules.earlier_verdict(conversion, rid) == verdict


@pytest.mark.parametrize(
    ("hits", "policy", "reason"),
    [
        ([], POLICY, None),
        ([Rule.SELF_PURCHASE], POLICY, "self_purchase_blocked"),
        ([Rule.SHARED_DEVICE], POLICY, "self_purchase_blocked"),
        ([Rule.SHARED_ADDRESS], POLICY, "self_purchase_blocked"),
        ([Rule.DEVICE_OF_MANY_BUYERS], POLICY, None),
        ([Rule.SELF_PURCHASE], replace(POLICY, blocks_self_purchase=False), None),
    ],
)
def test_what_is_said_of_an_order(hits: list[Rule], policy: Policy, reason: str | None) -> None:
    assert rules.judge(REFERRAL, hits, policy, NOW).reason == reason
    assert rules.judge(None, hits, policy, NOW).reason == "rid_expired"
    gone = replace(REFERRAL, status=ReferralStatus.REVOKED)
    assert rules.judge(gone, hits, policy, NOW).reason == "rid_revoked"


@pytest.mark.parametrize(
    ("conversion", "purchase", "code"),
    [
        (CANDIDATE, replace(PURCHASE, rid="B" * 22), "order_of_another_rid"),
        (REFUSED, PURCHASE, "self_purchase_blocked"),
        (CANDIDATE, replace(PURCHASE, currency="EUR"), "currency_not_of_policy"),
        (HELD, replace(PURCHASE, order_total=1), "order_confirmed_otherwise"),
        (
            confirmed(purchase=replace(PURCHASE, delivered_at=NOW)),
            replace(PURCHASE, delivered_at=NOW + timedelta(days=1)),
            "order_confirmed_otherwise",
        ),
    ],
)
def test_what_is_no_purchase(conversion: Conversion, purchase: Purchase, code: str) -> None:
    outcome = rules.confirm(REFERRAL, conversion, purchase, NOW)
    assert isinstance(outcome, Refusal)
    assert outcome.code == code


@pytest.mark.parametrize(
    ("conversion", "outcome"),
    [
        (CANDIDATE, Refusal("rid_revoked")),
        (REFUSED, Refusal("self_purchase_blocked")),
        (HELD, HELD),
        (RETURNED, RETURNED),
    ],
)
def test_what_a_purchase_by_a_revoked_rid_is(conversion: Conversion, outcome: Conversion | Refusal) -> None:
    revoked = replace(REFERRAL, status=ReferralStatus.REVOKED)
    assert rules.confirm(revoked, conversion, PURCHASE, NOW) == outcome
    # One whose time is over keeps the orders that came by it before.
    expired = replace(REFERRAL, status=ReferralStatus.EXPIRED)
    assert isinstance(rules.confirm(expired, CANDIDATE, PURCHASE, NOW), Conversion)


def test_when_a_hold_ends() -> None:
    delivered = NOW - timedelta(days=3)
    assert HELD.hold_until == NOW + timedelta(days=30)
    assert confirmed(purchase=replace(PURCHASE, delivered_at=delivered)).hold_until == delivered + timedelta(
        days=30
    )
    moved = confirmed(HELD, replace(PURCHASE, delivered_at=delivered))
    assert (moved.hold_until, moved.delivered_at) == (delivered + timedelta(days=30), delivered)
    # What the owner has is not held again.
    late = confirmed(PAYABLE, replace(PURCHASE, delivered_at=NOW + timedelta(days=9)))
    assert (late.reward_status, late.hold_until) == (RewardStatus.PAYABLE, PAYABLE.hold_until)


@pytest.mark.parametrize(
    ("conversion", "reward", "taken_back"),
    [
        (CANDIDATE, None, False),
        (HELD, RewardStatus.CANCELLED, False),
        (PAYABLE, RewardStatus.CANCELLED, True),
        (PAID, RewardStatus.CANCELLED, True),
        (replace(PAYABLE, reward_type=RewardType.CASH), RewardStatus.CANCELLED, False),
        (replace(PAID, reward_type=RewardType.CASH), RewardStatus.CANCELLED, True),
    ],
)
def test_what_an_order_that_comes_back_leaves(
    conversion: Conversion, reward: RewardStatus | None, taken_back: bool
) -> None:
    back = rules.give_back(conversion, Ending.REFUNDED, NOW)
    assert (back.status, back.reward_status, back.taken_back) == (
        ConversionStatus.RETURNED,
        reward,
        taken_back,
    )
    assert rules.give_back(back, Ending.CANCELLED, NOW + timedelta(days=1)) == back
    assert rules.end_reward(back, Ending.BLOCKED, NOW + timedelta(days=1)) == back


@pytest.mark.parametrize(
    ("balance", "amounts", "spent"),
    [
        (0, [], 0),
        (3000, [1000, 1000, 1000], 0),
        (2001, [1000, 1000, 1000], 0),
        (2000, [1000, 1000, 1000], 1),
        (1, [1000, 1000, 1000], 2),
        (0, [1000, 1000, 1000], 3),
        (9999, [1000], 0),
        (500, [1000, 500], 1),
    ],
)
def test_credit_is_spent_as_it_came(balance: int, amounts: list[int], spent: int) -> None:
    assert rules.spent_count(balance, amounts) == spent


@given(st.lists(st.integers(1, 100), max_size=20), st.integers(0, 3000))
def test_what_is_left_is_of_the_newest(amounts: list[int], balance: int) -> None:
    spent = rules.spent_count(balance, amounts)
    assert spent == max(
        (count for count in range(len(amounts) + 1) if count == 0 or sum(amounts[count:]) >= balance),
        default=0,
    )


@pytest.mark.parametrize(
    ("sighted", "hits"),
    [
        (Sighted(False, False, False, 1), []),
        (Sighted(True, True, True, 1), [Hit(Rule.SELF_PURCHASE)]),
        (Sighted(False, True, True, 1), [Hit(Rule.SHARED_DEVICE)]),
        (Sighted(False, False, True, 1), [Hit(Rule.SHARED_ADDRESS)]),
        (Sighted(False, False, False, 3), []),
        (Sighted(False, False, False, 4), [Hit(Rule.DEVICE_OF_MANY_BUYERS, 4)]),
        (Sighted(False, True, False, 9), [Hit(Rule.SHARED_DEVICE), Hit(Rule.DEVICE_OF_MANY_BUYERS, 9)]),
    ],
)
def test_what_looks_like_fraud_at_the_checkout(sighted: Sighted, hits: list[Hit]) -> None:
    assert rules_fraud.hits_at_checkout(sighted, POLICY) == hits


@pytest.mark.parametrize(
    ("orders", "sources", "hits"),
    [
        (4, 1, []),
        (5, 3, []),
        (5, 2, [Hit(Rule.FEW_SOURCES, 2)]),
        (100, 1, [Hit(Rule.FEW_SOURCES, 1)]),
    ],
)
def test_orders_from_hardly_anybody(orders: int, sources: int, hits: list[Hit]) -> None:
    assert rules_fraud.hits_at_purchase(orders, sources, POLICY) == hits


def test_a_policy_is_what_the_program_has_set() -> None:
    program = Program(1, "x", "x", "USD", "UTC", {})
    assert policy_of(program) == POLICY
    assert shop_url_of(program) is None
    stored = {
        "referrals.reward_type": "cash", "referrals.currency": "EUR", "referrals.hold_days": 9999,
        "referrals.blocks_self_purchase": False, "referrals.reward_value": "much",
        "referrals.shop_url": "https://shop.example/",
    }  # fmt: skip
    policy = policy_of(replace(program, settings=stored))
    assert (policy.reward_type, policy.currency, policy.hold_days) == (RewardType.CASH, "EUR", 365)
    assert (policy.blocks_self_purchase, policy.reward_value) == (False, 1000)
    assert shop_url_of(replace(program, settings=stored)) == "https://shop.example"
