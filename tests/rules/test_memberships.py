"""What Stripe's words mean for a membership, and what a period grants and gives back."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.features.access.model import Location, Program
from regulars.features.memberships.model import (
    Membership,
    MembershipStatus,
    Owner,
    PaidPeriod,
    PeriodCharge,
    Picture,
    Scope,
    Terms,
)
from regulars.features.memberships.rules import (
    as_told,
    best,
    charges_after,
    customer_in,
    grant_claim,
    is_period_paid,
    location_for,
    metadata_for,
    terms_of,
    to_take_back,
)
from regulars.features.payments.model import Invoice, Period, Subscription

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = UUID(int=1)
PERIOD = Period(NOW, NOW + timedelta(days=30))
EARLIER = Period(NOW - timedelta(days=30), NOW)
VENUE = Location(1, 7, "venue_001", "Venue", "UTC", "GBP", True, {})


def program(**settings: Any) -> Program:
    return Program(1, "sessions", "Sessions", "GBP", "UTC", {f"sessions.{n}": v for n, v in settings.items()})


@pytest.mark.parametrize(
    ("settings", "terms"),
    [
        ({}, Terms(Scope.VENUE, 1)),
        ({"membership_scope": "program", "rewards_per_period": 5}, Terms(Scope.PROGRAM, 5)),
        ({"membership_scope": "venue", "rewards_per_period": 0}, Terms(Scope.VENUE, 0)),
        ({"membership_scope": "world", "rewards_per_period": -1}, Terms(Scope.VENUE, 0)),
        ({"membership_scope": None, "rewards_per_period": True}, Terms(Scope.VENUE, 1)),
        ({"rewards_per_period": "5"}, Terms(Scope.VENUE, 1)),
        ({"rewards_per_period": 1.5}, Terms(Scope.VENUE, 1)),
        ({"rewards_per_period": 1_001}, Terms(Scope.VENUE, 1_000)),
    ],
)
def test_terms_are_what_the_program_has_set(settings: dict[str, Any], terms: Terms) -> None:
    assert terms_of(program(**settings)) == terms


def test_live_are_those_who_have_or_will_have_paid() -> None:
    assert {status for status in MembershipStatus if status.is_live} == {"active", "trialing", "past_due"}


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], "none"),
        (["none", "canceled"], "canceled"),
        (["canceled", "past_due"], "past_due"),
        (["past_due", "trialing"], "trialing"),
        (["trialing", "active", "none"], "active"),
    ],
)
def test_of_several_memberships_the_best_counts(statuses: list[str], expected: str) -> None:
    assert best([MembershipStatus(status) for status in statuses]) == expected


@pytest.mark.parametrize("scope", list(Scope))
def test_what_a_checkout_carries_leads_back_to_its_member(scope: Scope) -> None:
    metadata = metadata_for(program(), VENUE, ANN, Terms(scope))
    assert metadata["program"] == "sessions" and metadata["venue_id"] == "venue_001"
    assert customer_in(metadata) == ANN
    assert location_for(metadata, VENUE) == (0 if scope == Scope.PROGRAM else 7)


@pytest.mark.parametrize("customer", ["", "ann", "1", "\0", "0" * 31])
def test_a_customer_that_is_no_uuid_is_nobody(customer: str) -> None:
    assert customer_in({"customer_id": customer}) is None
    assert customer_in({}) is None


def test_one_period_has_one_claim() -> None:
    other_zone = NOW.astimezone().replace(microsecond=0)
    assert grant_claim("sub_1", NOW) == grant_claim("sub_1", other_zone)
    assert grant_claim("sub_1", NOW).key == f"sub_1:{int(NOW.timestamp())}"
    assert grant_claim("sub_1", NOW) != grant_claim("sub_1", NOW + timedelta(seconds=1))
    assert grant_claim("sub_1", NOW).scope == "membership.grant"


def invoice(status: str = "paid", total: int = 999, period: Period | None = PERIOD) -> Invoice:
    return Invoice(
        invoice_id="in_1",
        subscription_id="sub_1",
        status=status,
        total_minor=total,
        paid_minor=total if status == "paid" else 0,
        period=period,
    )


def subscription(
    status: str = "active", latest: Invoice | None = None, period: Period | None = PERIOD
) -> Subscription:
    return Subscription(
        subscription_id="sub_1",
        status=status,
        customer_id="cus_1",
        metadata={},
        started_at=NOW,
        period=period,
        latest_invoice=latest,
    )


@pytest.mark.parametrize(
    ("told", "is_paid"),
    [
        (subscription(latest=invoice()), True),
        (subscription(latest=None), True),
        (subscription(latest=invoice("open", period=None)), True),
        (subscription(latest=invoice("open", period=EARLIER)), True),
        (subscription(latest=invoice("draft")), False),
        (subscription(latest=invoice("open")), False),
        (subscription(latest=invoice(total=0)), False),
        (subscription("trialing", latest=invoice()), False),
        (subscription("past_due", latest=invoice("open")), False),
        (subscription("canceled", latest=invoice()), False),
        (subscription(latest=invoice(), period=None), False),
    ],
)
def test_an_active_period_is_paid_unless_its_own_invoice_says_otherwise(
    told: Subscription, is_paid: bool
) -> None:
    assert is_period_paid(told) is is_paid


MEMBERSHIP = Membership(
    program_id=1,
    subscription_id="sub_1",
    member_id=ANN,
    location_id=7,
    sold_at_location_id=7,
    status=MembershipStatus.ACTIVE,
    stripe_status="active",
    stripe_customer_id="cus_1",
    period_start=EARLIER.start,
    period_end=EARLIER.end,
    period_is_paid=True,
    granted_period_start=EARLIER.start,
    started_at=EARLIER.start,
    question_number=5,
)


@pytest.mark.parametrize(("number", "status"), [(4, "active"), (5, "active"), (6, "canceled")])
def test_only_an_answer_to_a_later_question_is_news(number: int, status: str) -> None:
    picture = Picture(
        question_number=number,
        owner=Owner(1, ANN, 7, 7, 1),
        subscription=subscription("canceled"),
        invoice=None,
        charge=None,
    )
    after = as_told(MEMBERSHIP, picture)
    assert after.status == status
    assert after.granted_period_start == EARLIER.start
    assert (after == MEMBERSHIP) is (number <= 5)


def charge(number: int, refunded: int = 0, disputed: bool = False, name: str = "ch_1") -> PeriodCharge:
    return PeriodCharge(
        charge_id=name,
        subscription_id="sub_1",
        period_start=NOW,
        refunded_minor=refunded,
        disputed=disputed,
        question_number=number,
    )


def test_charges_are_replaced_by_later_answers_only() -> None:
    known = [charge(5, 100), charge(3, name="ch_2")]
    assert charges_after(known, None) == (known, None)
    assert charges_after(known, charge(5, 50)) == (known, None)
    later = charge(6, 200)
    assert charges_after(known, later) == ([known[1], later], later)
    third = charge(1, name="ch_3")
    assert charges_after(known, third) == ([*known, third], third)


def period(granted: int, paid: int = 1000) -> PaidPeriod:
    return PaidPeriod(
        subscription_id="sub_1", period_start=NOW, invoice_id="in_1", paid_minor=paid, granted=granted
    )


@pytest.mark.parametrize(
    ("granted", "refunded", "back"),
    [
        (1, 0, 0),
        (1, 499, 0),
        (1, 500, 1),
        (1, 1000, 1),
        (1, 5000, 1),
        (4, 124, 0),
        (4, 125, 1),
        (4, 999, 4),
        (0, 1000, 0),
    ],
)
def test_refunds_take_back_to_the_nearest_reward(granted: int, refunded: int, back: int) -> None:
    assert to_take_back(period(granted), [charge(1, refunded)]) == back
    half = refunded // 2
    parts = [charge(1, half), charge(1, refunded - half, name="ch_2")]
    assert to_take_back(period(granted), parts) == back


def test_a_dispute_takes_all() -> None:
    assert to_take_back(period(4), [charge(1, 1), charge(1, 0, True, "ch_2")]) == 4


@given(st.integers(0, 1000), st.integers(1, 10**11), st.integers(0, 10**11), st.integers(0, 10**11))
def test_more_refunded_takes_more_and_never_too_much(granted: int, paid: int, one: int, more: int) -> None:
    first = to_take_back(period(granted, paid), [charge(1, one)])
    second = to_take_back(period(granted, paid), [charge(1, one + more)])
    assert 0 <= first <= second <= granted
    if one >= paid:
        assert first == granted
    if one == 0:
        assert first == 0
