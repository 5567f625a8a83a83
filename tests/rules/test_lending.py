"""What a borrower may take, swap and bring back: tables of the guards in their order, and properties."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from regulars.features.access.model import Program
from regulars.features.lending import rules
from regulars.features.lending.model import Borrower, BorrowerStatus, Loan, Plan, Refusal
from regulars.features.lending.model_settings import PLANS, USUAL_PLANS
from regulars.features.lending.rules_plans import first_plan, plan_meant, plan_named, plans_of
from regulars.features.lending.rules_subscription import new_borrower
from tests.support.ledger import NOW

BASIC, PLUS, PREMIUM = USUAL_PLANS
LOAN = Loan(loan_id=UUID(int=9), member_id=UUID(int=1), store_location="A", checked_out_at=NOW, due_at=NOW)
BACK = replace(LOAN, returned_at=NOW)
ACTIVE, PAUSED, CANCELLED = BorrowerStatus


def borrower(used: int = 0, swaps: int = 0, out: int = 0, status: BorrowerStatus = ACTIVE) -> Borrower:
    """A borrower of a plan who has used this much."""
    new = new_borrower(1, UUID(int=1), "PLUS", NOW)
    return replace(new, items_used=used, swaps_used=swaps, items_out=out, status=status)


def used_up(code: str, tier: str, limit: int) -> Refusal:
    return Refusal(code, {"tier": tier, "remaining": 0, "limit": limit})


@pytest.mark.parametrize(
    ("plan", "before", "expected"),
    [
        (PLUS, borrower(), (1, 0, 1)),
        (PLUS, borrower(4, 1, 1), (5, 1, 2)),
        (PREMIUM, borrower(9, 5, 3), (10, 5, 4)),
        # Each guard, with all that come after it.
        (PLUS, borrower(5, 0, 2, PAUSED), Refusal("subscription_paused")),
        (PLUS, borrower(5, 0, 2, CANCELLED), Refusal("subscription_inactive")),
        (PLUS, borrower(5, 0, 2), used_up("items_used_up", "PLUS", 5)),
        (PLUS, borrower(4, 0, 2), Refusal("too_many_items_out", {"tier": "PLUS", "limit": 2})),
        (BASIC, borrower(1), used_up("items_used_up", "BASIC", 1)),
        # A plan that was made smaller meanwhile.
        (BASIC, borrower(7), used_up("items_used_up", "BASIC", 1)),
        (Plan("GONE", 0, 0, 0), borrower(), used_up("items_used_up", "GONE", 0)),
    ],
)
def test_checkout(plan: Plan, before: Borrower, expected: Any) -> None:
    after = rules.checkout(before, plan, NOW)
    assert (after if isinstance(after, Refusal) else counts(after)) == expected


@pytest.mark.parametrize(
    ("plan", "before", "loan", "expected"),
    [
        (PLUS, borrower(1, 0, 1), LOAN, (2, 1, 1)),
        (PLUS, borrower(4, 1, 2), LOAN, (5, 2, 2)),
        (PLUS, borrower(5, 2, 0, PAUSED), None, Refusal("subscription_paused")),
        (PLUS, borrower(5, 2, 0, CANCELLED), None, Refusal("subscription_inactive")),
        (PLUS, borrower(5, 2, 0), None, used_up("swaps_used_up", "PLUS", 2)),
        (PLUS, borrower(5, 1, 0), None, Refusal("no_item_left_for_swap", {"tier": "PLUS"})),
        (PLUS, borrower(4, 1, 0), None, Refusal("nothing_out_to_swap")),
        (PLUS, borrower(4, 1, 1), None, Refusal("loan_not_found")),
        (PLUS, borrower(4, 1, 1), BACK, Refusal("loan_already_returned")),
        (BASIC, borrower(0, 0, 1), LOAN, used_up("swaps_used_up", "BASIC", 0)),
    ],
)
def test_swap(plan: Plan, before: Borrower, loan: Loan | None, expected: Any) -> None:
    after = rules.swap(before, plan, loan, NOW)
    assert (after if isinstance(after, Refusal) else counts(after)) == expected


def test_return() -> None:
    assert rules.returnable(LOAN) is None
    assert rules.returnable(None) == Refusal("loan_not_found")
    assert rules.returnable(BACK) == Refusal("loan_already_returned")
    for status in BorrowerStatus:
        assert counts(rules.take_back(borrower(3, 1, 2, status), NOW)) == (3, 1, 1)


def counts(after: Borrower) -> tuple[int, int, int]:
    """Items and swaps used, and what is out."""
    return after.items_used, after.swaps_used, after.items_out


counted = st.integers(0, 12)


@given(
    st.builds(borrower, counted, counted, counted, st.sampled_from(BorrowerStatus)),
    st.builds(Plan, st.just("ANY"), counted, counted, counted),
    st.lists(st.sampled_from(["checkout", "swap", "return"]), max_size=30),
)
def test_no_sequence_of_acts_goes_beyond_the_plan(before: Borrower, plan: Plan, acts: list[str]) -> None:
    """Nor below zero; and only active borrowers get anything."""
    now = before
    for act in acts:
        if act == "return":
            now = rules.take_back(now, NOW) if now.items_out else now
            continue
        after = rules.checkout(now, plan, NOW) if act == "checkout" else rules.swap(now, plan, LOAN, NOW)
        if isinstance(after, Refusal):
            continue
        assert now.status is ACTIVE
        assert after.items_used == now.items_used + 1 <= plan.items_per_cycle
        assert after.swaps_used == now.swaps_used + (act == "swap")
        assert act == "swap" or after.items_out <= plan.items_out_max
        now = after
    assert min(counts(now)) >= 0
    assert now.swaps_used <= max(before.swaps_used, plan.swaps_per_cycle)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({}, {"BASIC": (1, 0, 1), "PLUS": (5, 2, 2), "PREMIUM": (10, 5, 4)}),
        (
            {"VIP": {"items_per_cycle": 3, "swaps_per_cycle": 1, "items_out_max": 2, "handles": ["v-i-p"]}},
            {"VIP": (3, 1, 2)},
        ),
        # What describes no plan counts as not set, whatever stands beside it.
        ({"VIP": {"items_per_cycle": -1}}, {"BASIC": (1, 0, 1), "PLUS": (5, 2, 2), "PREMIUM": (10, 5, 4)}),
        ({"vip": {"items_per_cycle": 1, "swaps_per_cycle": 1, "items_out_max": 1}}, None),
        ({"VIP": {"items_per_cycle": True, "swaps_per_cycle": 1, "items_out_max": 1}}, None),
        ({"VIP": {"items_per_cycle": 1, "swaps_per_cycle": 1, "items_out_max": 1, "handles": "x"}}, None),
        ({"VIP": 5}, None),
    ],
)
def test_plans_are_data(stored: dict[str, Any], expected: dict[str, tuple[int, int, int]] | None) -> None:
    plans = plans_of(Program(1, "a", "A", "EUR", "UTC", {"lending.plans": stored} if stored else {}))
    found = {
        name: (plan.items_per_cycle, plan.swaps_per_cycle, plan.items_out_max) for name, plan in plans.items()
    }
    assert found == (expected or {"BASIC": (1, 0, 1), "PLUS": (5, 2, 2), "PREMIUM": (10, 5, 4)})
    assert expected is None or PLANS.kind.fits(stored) or not stored or min(stored["VIP"].values()) == -1


def test_plans_by_name_and_handle() -> None:
    plans = plans_of(Program(1, "a", "A", "EUR", "UTC", {}))
    assert plan_meant(plans, " Plus ") == plan_meant(plans, "PLUS") == PLUS
    assert plan_meant(plans, "gold") is None
    assert first_plan(plans) == BASIC
    assert first_plan({"VIP": PLUS}) == PLUS
    assert plan_named(plans, "GONE") == Plan("GONE", 0, 0, 0)
