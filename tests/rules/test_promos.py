"""Why a promo cannot be used: each of the ten published reasons, and which of several is told."""

from datetime import datetime, time, timedelta
from itertools import combinations, pairwise
from typing import Any

import pytest

from regulars.features.promos.model import Promo, Reason, Uses
from regulars.features.promos.rules import objection
from tests.support.promos import NOON, bonus_terms, code_terms, numbered

HERE, ELSEWHERE = 1, 2
SECOND = timedelta(seconds=1)

PUBLISHED_ORDER = [
    Reason.NOT_FOUND,
    Reason.NOT_ACTIVE,
    Reason.NOT_HERE,
    Reason.NOT_YET,
    Reason.EXPIRED,
    Reason.WRONG_TIME,
    Reason.WRONG_DAY,
    Reason.NEEDS_MEMBERSHIP,
    Reason.BELOW_MINIMUM,
    Reason.USED_UP,
]

# What makes each reason apply to a promo that is asked for on a Wednesday at noon, at a bill of 9.99, with
# one use behind it, by nobody who is known.
TERMS: dict[Reason, dict[str, Any]] = {
    Reason.NOT_FOUND: {},
    Reason.NOT_ACTIVE: {"active": False},
    Reason.NOT_HERE: {"location_ids": frozenset({ELSEWHERE})},
    Reason.NOT_YET: {"valid_from": NOON + SECOND},
    Reason.EXPIRED: {"valid_until": NOON - SECOND},
    Reason.WRONG_TIME: {"time_from": time(12, 0, 1), "time_until": time(18)},
    Reason.WRONG_DAY: {"weekdays": frozenset({1, 2, 4, 5, 6, 7})},
    Reason.NEEDS_MEMBERSHIP: {"requires_membership": True},
    Reason.BELOW_MINIMUM: {"min_spend_minor": 1000},
    Reason.USED_UP: {"usage_limit": 1},
}
NEIGHBOURS = list(pairwise(PUBLISHED_ORDER))


def reason_for(promo: Promo | None, **more: Any) -> Reason | None:
    given = {
        "at": NOON,
        "location_id": HERE,
        "member": False,
        "total_minor": 999,
        "uses": Uses(overall=1),
        **more,
    }
    return objection(promo, **given)


def promo_with(reasons: tuple[Reason, ...]) -> Promo | None:
    if Reason.NOT_FOUND in reasons:
        return None
    terms = {name: value for reason in reasons for name, value in TERMS[reason].items()}
    return numbered(code_terms(**terms))


def test_the_table_has_every_reason_in_its_order() -> None:
    assert list(Reason) == PUBLISHED_ORDER == list(TERMS)
    assert reason_for(numbered(code_terms())) is None


@pytest.mark.parametrize("reason", PUBLISHED_ORDER)
def test_each_reason_alone(reason: Reason) -> None:
    assert reason_for(promo_with((reason,))) is reason


@pytest.mark.parametrize(("first", "second"), NEIGHBOURS)
def test_of_two_neighbours_the_first_is_told(first: Reason, second: Reason) -> None:
    assert reason_for(promo_with((first, second))) is first


def test_of_any_number_of_reasons_the_first_is_told() -> None:
    told = {
        reasons: reason_for(promo_with(reasons))
        for size in range(2, len(PUBLISHED_ORDER) + 1)
        for reasons in combinations(PUBLISHED_ORDER, size)
    }
    assert len(told) == 2**10 - 11
    assert {reasons: reason for reasons, reason in told.items() if reason is not reasons[0]} == {}


@pytest.mark.parametrize(
    ("terms", "asked", "expected"),
    [
        # Both ends of the validity are inside, to the second.
        ({"valid_from": NOON}, {}, None),
        ({"valid_until": NOON}, {}, None),
        ({"valid_until": NOON}, {"at": NOON + timedelta(microseconds=999_999)}, None),
        ({"valid_until": NOON}, {"at": NOON + SECOND}, Reason.EXPIRED),
        ({"valid_from": NOON}, {"at": NOON - timedelta(microseconds=1)}, Reason.NOT_YET),
        (
            {"valid_until": datetime(2024, 8, 31, 23, 59, 59)},
            {"at": datetime(2024, 8, 31, 23, 59, 59, 500000)},
            None,
        ),
        ({"valid_until": datetime(2024, 8, 31, 23, 59, 59)}, {"at": datetime(2024, 9, 1)}, Reason.EXPIRED),
        # Locations.
        ({"location_ids": frozenset({HERE, ELSEWHERE})}, {}, None),
        ({"location_ids": frozenset({HERE})}, {"location_id": ELSEWHERE}, Reason.NOT_HERE),
        # The minimum spend counts only when a total is sent.
        ({"min_spend_minor": 999}, {}, None),
        ({"min_spend_minor": 1000}, {"total_minor": None}, None),
        ({"min_spend_minor": 1}, {"total_minor": 0}, Reason.BELOW_MINIMUM),
        ({"min_spend_minor": 0}, {"total_minor": 0}, None),
        # Usage limits.
        ({"usage_limit": 2}, {}, None),
        ({"usage_limit": 1}, {"uses": Uses(overall=2)}, Reason.USED_UP),
        ({"usage_limit_per_customer": 1}, {"uses": Uses(overall=9)}, None),
        ({"usage_limit_per_customer": 1}, {"uses": Uses(9, 1), "member": True}, Reason.USED_UP),
        ({"usage_limit_per_customer": 2}, {"uses": Uses(9, 1), "member": True}, None),
        ({"usage_limit": 9, "usage_limit_per_customer": 2}, {"uses": Uses(9, 1)}, Reason.USED_UP),
        ({"usage_limit": 10, "usage_limit_per_customer": 1}, {"uses": Uses(9, 1)}, Reason.USED_UP),
        ({"usage_limit": 10, "usage_limit_per_customer": 2}, {"uses": Uses(9, 1)}, None),
        ({}, {"uses": Uses(10**9, 10**9)}, None),
        # Membership.
        ({"requires_membership": True}, {"member": True}, None),
        # One that is for assigned customers only is unknown to others, and asks the unknown for their card.
        ({"assigned_only": True}, {}, Reason.NEEDS_MEMBERSHIP),
        ({"assigned_only": True}, {"member": True}, Reason.NOT_FOUND),
        ({"assigned_only": True, "active": False}, {"member": True}, Reason.NOT_FOUND),
        ({"assigned_only": True}, {"member": True, "assigned": True}, None),
    ],
)
def test_the_edges_of_each_reason(
    terms: dict[str, Any], asked: dict[str, Any], expected: Reason | None
) -> None:
    assert reason_for(numbered(code_terms(**terms)), **asked) is expected


@pytest.mark.parametrize(("member", "expected"), [(False, Reason.NEEDS_MEMBERSHIP), (True, None)])
def test_a_bonus_raises_the_rates_of_a_customer_who_is_known(member: bool, expected: Reason | None) -> None:
    bonus = numbered(bonus_terms(requires_membership=False))
    assert reason_for(bonus, member=member) is expected
