"""When the months of a subscription begin and end. Pure; all of it is UTC.

A cycle is one calendar month, anchored on the day on which the first one began: 31 January, 28 February,
31 March. Source: the Rejoes notes, "Allowances and cycles".
"""

from calendar import monthrange
from datetime import datetime

from msgspec.structs import replace

from regulars.features.lending.model import Borrower, Cycle

YEAR_MIN, YEAR_MAX = 2000, 2100
"""Cycles that the shop tells of lie in these years."""


def add_months(anchor: datetime, months: int) -> datetime:
    """The anchor's day and time so many months later, on the last day of months that are too short."""
    index = anchor.year * 12 + anchor.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return anchor.replace(year=year, month=month, day=min(anchor.day, monthrange(year, month)[1]))


def first_cycle(anchor: datetime, ends_at: datetime | None = None) -> Cycle:
    """The cycle that begins at the anchor, for a month unless it is known to end otherwise."""
    return Cycle(anchor, anchor, ends_at or add_months(anchor, 1))


def rolled(cycle: Cycle, now: datetime) -> Cycle:
    """The cycle that `now` lies in: the same one until it has ended, then as many months later as needed.

    One that did not end on its anchor's day is followed by months that are anchored where it ended.
    """
    if now < cycle.ends_at:
        return cycle
    anchor = cycle.anchor_at
    if add_months(anchor, _months_between(anchor, cycle.ends_at)) != cycle.ends_at:
        anchor = cycle.ends_at
    months = _months_between(anchor, now)
    if add_months(anchor, months) > now:
        months -= 1
    return Cycle(anchor, add_months(anchor, months), add_months(anchor, months + 1))


def cycle_of(borrower: Borrower) -> Cycle:
    """The cycle as it is stored."""
    return Cycle(borrower.cycle_anchor_at, borrower.cycle_starts_at, borrower.cycle_ends_at)


def in_cycle(borrower: Borrower, cycle: Cycle, *, items_used: int, swaps_used: int) -> Borrower:
    """The borrower in another cycle, of which this has been used."""
    return replace(
        borrower,
        cycle_anchor_at=cycle.anchor_at,
        cycle_starts_at=cycle.starts_at,
        cycle_ends_at=cycle.ends_at,
        items_used=items_used,
        swaps_used=swaps_used,
    )


def at(borrower: Borrower, now: datetime) -> Borrower:
    """The borrower as everybody sees it now: in a new cycle nothing is used, and what is out stays out."""
    stored = cycle_of(borrower)
    cycle = rolled(stored, now)
    return borrower if cycle == stored else in_cycle(borrower, cycle, items_used=0, swaps_used=0)


def _months_between(earlier: datetime, later: datetime) -> int:
    """How many months apart the calendar months of the two are."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month
