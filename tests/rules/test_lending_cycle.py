"""When cycles begin and end: month ends, leap years, many months in one step."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from regulars.features.lending.model import Borrower, BorrowerStatus, Cycle, Subscription
from regulars.features.lending.rules_cycle import add_months, at, first_cycle, rolled
from regulars.features.lending.rules_subscription import (
    comes_late,
    is_sound,
    new_borrower,
    subscribed,
    told_cycle,
)
from tests.support.lending import utc

moments = st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))
spans = st.timedeltas(timedelta(0), timedelta(days=3000))


@pytest.mark.parametrize(
    ("anchor", "months", "expected"),
    [
        (utc(2026, 1, 31), 1, utc(2026, 2, 28)),
        (utc(2026, 1, 31), 2, utc(2026, 3, 31)),
        (utc(2026, 1, 31), 3, utc(2026, 4, 30)),
        (utc(2024, 1, 31), 1, utc(2024, 2, 29)),
        (utc(2024, 2, 29), 12, utc(2025, 2, 28)),
        (utc(2024, 2, 29), 48, utc(2028, 2, 29)),
        (utc(2026, 12, 5, 23, 59), 1, utc(2027, 1, 5, 23, 59)),
        (utc(2026, 5, 30), 0, utc(2026, 5, 30)),
    ],
)
def test_months_are_anchored(anchor: datetime, months: int, expected: datetime) -> None:
    assert add_months(anchor, months) == expected


@pytest.mark.parametrize(
    ("now", "starts_at", "ends_at"),
    [
        (utc(2026, 1, 31), utc(2026, 1, 31), utc(2026, 2, 28)),
        (utc(2026, 2, 27, 23, 59), utc(2026, 1, 31), utc(2026, 2, 28)),
        (utc(2026, 2, 28), utc(2026, 2, 28), utc(2026, 3, 31)),
        (utc(2026, 3, 30), utc(2026, 2, 28), utc(2026, 3, 31)),
        (utc(2026, 3, 31), utc(2026, 3, 31), utc(2026, 4, 30)),
        (utc(2031, 7, 4), utc(2031, 6, 30), utc(2031, 7, 31)),
    ],
)
def test_cycles_that_began_at_the_end_of_january(
    now: datetime, starts_at: datetime, ends_at: datetime
) -> None:
    cycle = rolled(first_cycle(utc(2026, 1, 31)), now)
    assert (cycle.starts_at, cycle.ends_at) == (starts_at, ends_at)
    assert cycle.anchor_at == utc(2026, 1, 31)


def test_a_cycle_that_ended_otherwise_is_followed_by_months_from_there() -> None:
    cycle = first_cycle(utc(2026, 1, 10), utc(2026, 2, 3))
    assert rolled(cycle, utc(2026, 2, 2)) == cycle
    after = rolled(cycle, utc(2026, 4, 20))
    assert after == Cycle(utc(2026, 2, 3), utc(2026, 4, 3), utc(2026, 5, 3))


@given(moments, spans)
def test_the_cycle_holds_the_moment_and_lasts_a_month(anchor: datetime, span: timedelta) -> None:
    now = anchor + span
    cycle = rolled(first_cycle(anchor), now)
    assert cycle.starts_at <= now < cycle.ends_at
    assert timedelta(days=28) <= cycle.ends_at - cycle.starts_at <= timedelta(days=31)
    assert cycle.starts_at.day in (anchor.day, 28, 29, 30)


@given(moments, st.timedeltas(timedelta(hours=1), timedelta(days=60)), spans, spans)
def test_many_steps_lead_where_one_leads(
    anchor: datetime, length: timedelta, first: timedelta, second: timedelta
) -> None:
    cycle = first_cycle(anchor, anchor + length)
    between, now = anchor + first, anchor + first + second
    assert rolled(rolled(cycle, between), now) == rolled(cycle, now)


def borrower(**more: object) -> Borrower:
    return replace(new_borrower(1, UUID(int=1), "PLUS", utc(2026, 1, 31)), **more)


def test_a_new_cycle_begins_with_nothing_used_and_what_is_out_stays_out() -> None:
    before = borrower(items_used=5, swaps_used=2, items_out=2)
    assert at(before, utc(2026, 2, 27)) == before
    after = at(before, utc(2026, 2, 28))
    assert (after.items_used, after.swaps_used, after.items_out) == (0, 0, 2)
    assert after.updated_at == before.updated_at


NOW = utc(2026, 3, 10)


@pytest.mark.parametrize(
    ("told_before", "starts_at", "late"),
    [
        (None, utc(2026, 1, 1), False),
        (utc(2026, 2, 1), utc(2026, 1, 1), True),
        (utc(2026, 2, 1), utc(2026, 2, 1), False),
        (utc(2026, 2, 1), utc(2026, 3, 1), False),
        (utc(2026, 2, 1), None, False),
    ],
)
def test_what_comes_late(told_before: datetime | None, starts_at: datetime | None, late: bool) -> None:
    told = Subscription(shopify_customer_id="1", cycle_starts_at=starts_at)
    assert comes_late(borrower(told_cycle_at=told_before), told) == late


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        # Nothing is said of a cycle, or nothing new.
        ({}, None),
        ({"cycle_ends_at": utc(2026, 9, 1)}, None),
        ({"cycle_starts_at": utc(2026, 1, 31)}, None),
        ({"cycle_starts_at": utc(2026, 3, 5)}, (utc(2026, 3, 5), utc(2026, 4, 5))),
        (
            {"cycle_starts_at": utc(2026, 3, 5), "cycle_ends_at": utc(2026, 3, 20)},
            (utc(2026, 3, 5), utc(2026, 3, 20)),
        ),
        # What began long ago has gone on since.
        ({"cycle_starts_at": utc(2025, 11, 4)}, (utc(2026, 3, 4), utc(2026, 4, 4))),
        ({"cycle_starts_at": utc(2026, 3, 12)}, (utc(2026, 3, 12), utc(2026, 4, 12))),
    ],
)  # fmt: skip
def test_the_cycle_that_is_told(
    told: dict[str, datetime], expected: tuple[datetime, datetime] | None
) -> None:
    cycle = told_cycle(borrower(), Subscription(shopify_customer_id="1", **told), NOW)  # type: ignore[arg-type]
    assert (None if cycle is None else (cycle.starts_at, cycle.ends_at)) == expected


def test_news_says_what_it_says_and_nothing_else() -> None:
    before = borrower(items_out=1)
    same = subscribed(before, Subscription(shopify_customer_id="1"), utc(2026, 2, 1))
    assert replace(same, updated_at=before.updated_at) == before
    told = Subscription(shopify_customer_id="1", plan="PREMIUM", status=BorrowerStatus.PAUSED)
    after = subscribed(before, told, utc(2026, 2, 1))
    assert (after.plan, after.status, after.items_out) == ("PREMIUM", BorrowerStatus.PAUSED, 1)


@given(st.datetimes(timezones=st.just(UTC)) | st.none(), st.datetimes(timezones=st.just(UTC)) | st.none())
def test_a_sound_cycle_can_be_reckoned_with(starts_at: datetime | None, ends_at: datetime | None) -> None:
    told = Subscription(shopify_customer_id="1", cycle_starts_at=starts_at, cycle_ends_at=ends_at)
    if is_sound(told):
        cycle = told_cycle(borrower(), told, NOW)
        assert cycle is None or cycle.starts_at < cycle.ends_at
