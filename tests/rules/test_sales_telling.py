"""What a second look at a tier that others know makes of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from regulars.features.sales.model import Customer, DueTier
from regulars.features.sales.rules_telling import looked_at
from regulars.features.tiers.model import Standing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=28)
FIRST = NOW - timedelta(days=20)
TOLD = NOW - timedelta(days=5)
AHEAD = NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("tier", "first_visit_at", "told_at", "is_erased", "expected"),
    [
        ("Loyalty", FIRST, TOLD, False, ("Loyalty", FIRST, TOLD)),
        ("Member", FIRST, TOLD, False, ("Member", SINCE, NOW)),
        ("Member", None, TOLD, False, ("Member", SINCE, NOW)),
        ("Regular", FIRST, TOLD, False, ("Regular", SINCE, NOW)),
        ("Loyalty", None, TOLD, False, ("Loyalty", None, TOLD)),
        # Clocks of two machines differ; of one member, times follow what was told.
        ("Member", FIRST, AHEAD, False, ("Member", SINCE, AHEAD)),
        ("Member", FIRST, TOLD, True, ("Loyalty", None, TOLD)),
    ],
)
def test_a_tier_is_told_when_it_is_another_one(
    tier: str,
    first_visit_at: datetime | None,
    told_at: datetime,
    is_erased: bool,
    expected: tuple[str, datetime | None, datetime],
) -> None:
    due = DueTier(Customer(UUID(int=1), False, None, 3), is_erased, 7, "Loyalty", told_at, first_visit_at)
    standing = Standing(tier, False, Decimal(5), Decimal(10), 3, 28, None)
    found = looked_at(due, standing, SINCE, NOW)
    assert (found.tier, found.counted_from, found.told_at) == expected
    assert (found.member_id, found.location_id) == (UUID(int=1), 7)
    assert (found.previous_tier, found.visits) == ("Loyalty", 3)
