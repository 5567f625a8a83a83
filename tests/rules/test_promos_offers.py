"""Which promo codes a customer may be offered, and which bonus comes by itself."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from regulars.features.promos.model import Assignment, Offer, Promo, PromoTerms, Rates, Uses
from regulars.features.promos.rules_offers import (
    applied_bonus,
    available_promos,
    is_assigned,
    limited_promo_ids,
)
from tests.support.promos import NOON, bonus_terms, code_terms, numbered

HERE, ELSEWHERE = 1, 2
CUSTOMER = UUID(int=1)
SECOND = timedelta(seconds=1)
BASE = Rates(Decimal(10), Decimal(15))

GIVEN = Assignment(1, CUSTOMER, None)
GIVEN_FOR_NOW = Assignment(1, CUSTOMER, NOON)
GIVEN_UNTIL_JUST_NOW = Assignment(1, CUSTOMER, NOON - SECOND)
GIVEN_ANOTHER = Assignment(7, CUSTOMER, None)


def offers(
    promos: list[Promo], assignments: list[Assignment] | None = None, uses: dict[int, Uses] | None = None
) -> list[Offer]:
    return available_promos(promos, assignments or [], at=NOON, location_id=HERE, uses=uses or {})


@pytest.mark.parametrize(
    ("terms", "assignments", "expected"),
    [
        # (targeted, expires_at) of the one offer, or None for no offer.
        ({}, [], (False, None)),
        ({}, [GIVEN_ANOTHER], (False, None)),
        ({}, [GIVEN], (True, None)),
        ({}, [GIVEN_FOR_NOW], (True, NOON)),
        ({}, [GIVEN_UNTIL_JUST_NOW], (False, None)),
        ({"assigned_only": True}, [], None),
        ({"assigned_only": True}, [GIVEN_ANOTHER], None),
        ({"assigned_only": True}, [GIVEN], (True, None)),
        ({"assigned_only": True}, [GIVEN_FOR_NOW], (True, NOON)),
        ({"assigned_only": True}, [GIVEN_UNTIL_JUST_NOW], None),
        ({"requires_membership": True}, [], (False, None)),
        ({"min_spend_minor": 10_000}, [], (False, None)),
        ({"active": False}, [GIVEN], None),
        ({"location_ids": frozenset({HERE})}, [], (False, None)),
        ({"location_ids": frozenset({ELSEWHERE})}, [GIVEN], None),
        ({"valid_from": NOON + SECOND}, [GIVEN], None),
        ({"valid_until": NOON - SECOND}, [GIVEN], None),
        ({"time_until": (NOON - SECOND).time()}, [GIVEN], None),
        ({"weekdays": frozenset({1})}, [GIVEN], None),
        ({"usage_limit": 5}, [GIVEN], None),
        ({"usage_limit": 6}, [], (False, None)),
        ({"usage_limit_per_customer": 2}, [GIVEN], None),
        ({"usage_limit_per_customer": 3}, [], (False, None)),
    ],
)
def test_one_promo_code(
    terms: dict[str, Any], assignments: list[Assignment], expected: tuple[bool, Any] | None
) -> None:
    promo = numbered(code_terms(**terms))
    expected_offers = [Offer(promo, *expected)] if expected else []
    assert offers([promo], assignments, {1: Uses(overall=5, of_member=2)}) == expected_offers


def test_none_appears_twice_and_bonuses_never() -> None:
    first, second = numbered(code_terms("A"), 1), numbered(code_terms("B"), 2)
    given = [GIVEN, Assignment(1, CUSTOMER, NOON), Assignment(3, CUSTOMER, None)]

    offered = offers([first, numbered(bonus_terms(), 3), second, first, second], given)

    assert [(offer.promo.promo_id, offer.targeted) for offer in offered] == [(1, True), (2, False)]


def bonus(promo_id: int, added: int, **more: Any) -> Promo:
    return numbered(bonus_terms(bonus_multiplier=Decimal(0), bonus_add_wet=Decimal(added), **more), promo_id)


@pytest.mark.parametrize(
    ("promos", "assignments", "expected"),
    [
        ([], [], None),
        ([bonus(1, 5)], [], 1),
        ([bonus(1, 5), bonus(2, 6)], [], 2),
        ([bonus(2, 5), bonus(1, 5)], [], 1),
        # General is what needs membership; any other is only for whom it was assigned to.
        ([bonus(1, 5, requires_membership=False)], [], None),
        ([bonus(1, 5, requires_membership=False)], [GIVEN], 1),
        ([bonus(1, 5, assigned_only=True)], [], None),
        ([bonus(1, 5, assigned_only=True)], [GIVEN_FOR_NOW], 1),
        ([bonus(1, 5, assigned_only=True)], [GIVEN_UNTIL_JUST_NOW], None),
        ([bonus(1, 9, assigned_only=True), bonus(2, 5)], [GIVEN_ANOTHER], 2),
        ([bonus(1, 9, assigned_only=True), bonus(2, 5)], [GIVEN], 1),
        # The best one that is valid now and here, not the best one there is.
        ([bonus(1, 9, location_ids=frozenset({ELSEWHERE})), bonus(2, 5)], [], 2),
        ([bonus(1, 9, valid_until=NOON - SECOND), bonus(2, 5)], [GIVEN], 2),
        ([bonus(1, 9, active=False), bonus(2, 5)], [GIVEN], 2),
        ([bonus(1, 9, usage_limit=5), bonus(2, 5)], [GIVEN], 2),
        ([bonus(1, 9, usage_limit_per_customer=2), bonus(2, 5)], [], 2),
        # The bill is not known yet.
        ([bonus(1, 5, min_spend_minor=10_000)], [], 1),
        ([numbered(code_terms(), 1)], [GIVEN], None),
    ],
)
def test_the_bonus_that_comes_by_itself(
    promos: list[Promo], assignments: list[Assignment], expected: int | None
) -> None:
    uses = {1: Uses(overall=5, of_member=2)}
    applied = applied_bonus(BASE, promos, assignments, at=NOON, location_id=HERE, uses=uses)
    assert (applied.promo_id if applied else None) == expected


def test_no_bonus_on_two_zero_rates() -> None:
    nothing = Rates(Decimal(0), Decimal(0))
    assert applied_bonus(nothing, [bonus(1, 5)], [GIVEN], at=NOON, location_id=HERE, uses={}) is None


@pytest.mark.parametrize(
    ("terms", "matters"),
    [
        (code_terms(usage_limit=1), True),
        (code_terms(usage_limit_per_customer=1), True),
        (bonus_terms(usage_limit=1), True),
        (code_terms(assigned_only=True, requires_membership=True, min_spend_minor=1, usage_limit=1), True),
        (code_terms(), False),
        (bonus_terms(), False),
        (code_terms(usage_limit=1, active=False), False),
        (code_terms(usage_limit=1, location_ids=frozenset({ELSEWHERE})), False),
        (code_terms(usage_limit=1, valid_from=NOON + SECOND), False),
        (code_terms(usage_limit=1, valid_until=NOON - SECOND), False),
        (code_terms(usage_limit=1, time_from=(NOON + SECOND).time()), False),
        (code_terms(usage_limit=1, weekdays=frozenset({7})), False),
    ],
)
def test_the_promos_whose_uses_must_be_known(terms: PromoTerms, matters: bool) -> None:
    limited = limited_promo_ids([numbered(terms)], at=NOON, location_id=HERE)
    assert limited == ([1] if matters else [])


@pytest.mark.parametrize(
    ("assignments", "expected"),
    [
        ([], False),
        ([GIVEN], True),
        ([GIVEN_FOR_NOW], True),
        ([GIVEN_UNTIL_JUST_NOW], False),
        ([GIVEN_ANOTHER], False),
    ],
)
def test_whether_a_promo_was_assigned(assignments: list[Assignment], expected: bool) -> None:
    assert is_assigned(numbered(code_terms()), assignments, NOON) is expected
