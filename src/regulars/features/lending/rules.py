"""What a borrower may take, swap and bring back. Pure; the first guard that applies wins.

Source of guards and their order: the Rejoes notes, "Refusals". All of them are given a borrower in the
present cycle (see `rules_cycle.at`), and answer with the borrower after the act.
"""

from datetime import datetime

from msgspec.structs import replace

from regulars.features.lending.model import Borrower, BorrowerStatus, Loan, Plan, Refusal

PAUSED, INACTIVE = "subscription_paused", "subscription_inactive"
ITEMS_USED_UP, TOO_MANY_OUT = "items_used_up", "too_many_items_out"
SWAPS_USED_UP, NO_ITEM_FOR_SWAP = "swaps_used_up", "no_item_left_for_swap"
NOTHING_OUT, RETURNED = "nothing_out_to_swap", "loan_already_returned"
NO_LOAN = "loan_not_found"


def checkout(borrower: Borrower, plan: Plan, now: datetime) -> Borrower | Refusal:
    """The borrower with one garment more.

    Refusals: subscription_paused, subscription_inactive, items_used_up (tier, remaining, limit),
    too_many_items_out (tier, limit).
    """
    closed = _closed(borrower)
    if closed is not None:
        return closed
    if borrower.items_used >= plan.items_per_cycle:
        return _used_up(ITEMS_USED_UP, plan, borrower.items_used, plan.items_per_cycle)
    if borrower.items_out >= plan.items_out_max:
        return Refusal(TOO_MANY_OUT, {"tier": plan.name, "limit": plan.items_out_max})
    return _changed(borrower, now, items_used=1, items_out=1)


def swap(borrower: Borrower, plan: Plan, loan: Loan | None, now: datetime) -> Borrower | Refusal:
    """The borrower with another garment in place of one.

    Refusals: subscription_paused, subscription_inactive, swaps_used_up (tier, remaining, limit),
    no_item_left_for_swap (tier), nothing_out_to_swap, and those of `returnable`.
    """
    closed = _closed(borrower)
    if closed is not None:
        return closed
    if borrower.swaps_used >= plan.swaps_per_cycle:
        return _used_up(SWAPS_USED_UP, plan, borrower.swaps_used, plan.swaps_per_cycle)
    if borrower.items_used >= plan.items_per_cycle:
        return Refusal(NO_ITEM_FOR_SWAP, {"tier": plan.name})
    if borrower.items_out == 0:
        return Refusal(NOTHING_OUT)
    return returnable(loan) or _changed(borrower, now, items_used=1, swaps_used=1)


def take_back(borrower: Borrower, now: datetime) -> Borrower:
    """The borrower with one garment less. However the subscription stands, what is out may come back."""
    assert borrower.items_out > 0, "a loan that is open is counted"
    return _changed(borrower, now, items_out=-1)


def returnable(loan: Loan | None) -> Refusal | None:
    """Why the loan cannot come back: loan_not_found, loan_already_returned."""
    if loan is None:
        return Refusal(NO_LOAN)
    return Refusal(RETURNED) if loan.returned_at is not None else None


def _closed(borrower: Borrower) -> Refusal | None:
    if borrower.status is BorrowerStatus.PAUSED:
        return Refusal(PAUSED)
    return None if borrower.status is BorrowerStatus.ACTIVE else Refusal(INACTIVE)


def _used_up(code: str, plan: Plan, used: int, limit: int) -> Refusal:
    return Refusal(code, {"tier": plan.name, "remaining": max(0, limit - used), "limit": limit})


def _changed(
    borrower: Borrower, now: datetime, *, items_used: int = 0, swaps_used: int = 0, items_out: int = 0
) -> Borrower:
    return replace(
        borrower,
        items_used=borrower.items_used + items_used,
        swaps_used=borrower.swaps_used + swaps_used,
        items_out=borrower.items_out + items_out,
        updated_at=max(borrower.updated_at, now),
    )
