"""What follows from what the shop tells of a subscription. Pure.

The shop tells at least once and in any order. What tells the order is the beginning of the cycle: news of an
earlier cycle than the latest that was told comes late and changes nothing. News of the same cycle, and news
that name none, count in the order in which they arrive, because nothing in them says which is newer.
"""

from datetime import UTC, datetime
from uuid import UUID

from msgspec.structs import replace

from regulars.features.lending.model import Borrower, BorrowerStatus, Cycle, Subscription
from regulars.features.lending.rules_cycle import (
    YEAR_MAX,
    YEAR_MIN,
    at,
    cycle_of,
    first_cycle,
    rolled,
)


def is_sound(told: Subscription) -> bool:
    """Whether the cycle that was told, if one was, is one: it ends after it began, in years of ours."""
    moments = [moment for moment in (told.cycle_starts_at, told.cycle_ends_at) if moment is not None]
    if any(not YEAR_MIN <= moment.astimezone(UTC).year < YEAR_MAX for moment in moments):
        return False
    return len(moments) < 2 or moments[0] < moments[1]


def comes_late(borrower: Borrower, told: Subscription) -> bool:
    """Whether something newer was told before."""
    if told.cycle_starts_at is None or borrower.told_cycle_at is None:
        return False
    return told.cycle_starts_at < borrower.told_cycle_at


def told_cycle(borrower: Borrower, told: Subscription, now: datetime) -> Cycle | None:
    """The cycle that the news leads to, or None when the present one goes on."""
    if told.cycle_starts_at is None:
        return None
    if told.cycle_ends_at is None and told.cycle_starts_at == borrower.told_cycle_at:
        return None
    ends_at = None if told.cycle_ends_at is None else told.cycle_ends_at.astimezone(UTC)
    cycle = rolled(first_cycle(told.cycle_starts_at.astimezone(UTC), ends_at), now)
    return None if cycle == cycle_of(at(borrower, now)) else cycle


def subscribed(borrower: Borrower, told: Subscription, now: datetime) -> Borrower:
    """The borrower with the plan and the status that were told; the cycle is another matter."""
    return replace(
        at(borrower, now),
        plan=borrower.plan if told.plan is None else told.plan,
        status=borrower.status if told.status is None else told.status,
        told_cycle_at=borrower.told_cycle_at if told.cycle_starts_at is None else told.cycle_starts_at,
        updated_at=max(borrower.updated_at, now),
    )


def new_borrower(
    program_id: int, member_id: UUID, plan: str, now: datetime, store_location: str | None = None
) -> Borrower:
    """A borrower whose first cycle begins now, and who has used nothing of it."""
    cycle = first_cycle(now)
    return Borrower(
        program_id=program_id,
        member_id=member_id,
        plan=plan,
        status=BorrowerStatus.ACTIVE,
        cycle_anchor_at=cycle.anchor_at,
        cycle_starts_at=cycle.starts_at,
        cycle_ends_at=cycle.ends_at,
        store_location=store_location,
        created_at=now,
        updated_at=now,
    )
