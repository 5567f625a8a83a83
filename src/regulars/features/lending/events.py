"""What lending tells others: the types of its events, and what each is about. Ids and moments only."""

from datetime import datetime
from uuid import UUID

from regulars.features.lending.model import Loan
from regulars.features.webhooks.model import Event

CHECKED_OUT, RETURNED, SWAPPED = "loan.checked_out", "loan.returned", "loan.swapped"
DUE_SOON, OVERDUE = "loan.due_soon", "loan.overdue"


def checked_out(loan: Loan) -> Event:
    """Somebody has taken a garment along."""
    return _event(CHECKED_OUT, loan.loan_id, loan.member_id, loan.due_at, loan.checked_out_at)


def returned(loan: Loan, at: datetime) -> Event:
    """A garment came back."""
    return _event(RETURNED, loan.loan_id, loan.member_id, loan.due_at, at)


def swapped(loan: Loan, new: Loan) -> Event:
    """A garment came back, and another was taken in its place."""
    event = _event(SWAPPED, new.loan_id, new.member_id, new.due_at, new.checked_out_at)
    return Event(event.type, {**event.data, "returned_loan_id": loan.loan_id}, event.occurred_at)


def due_soon(loan_id: UUID, member_id: UUID, due_at: datetime, at: datetime) -> Event:
    """A garment will be due in a few days."""
    return _event(DUE_SOON, loan_id, member_id, due_at, at)


def overdue(loan_id: UUID, member_id: UUID, due_at: datetime, at: datetime) -> Event:
    """A garment should have come back."""
    return _event(OVERDUE, loan_id, member_id, due_at, at)


def _event(kind: str, loan_id: UUID, member_id: UUID, due_at: datetime, at: datetime) -> Event:
    return Event(kind, {"loan_id": loan_id, "member_id": member_id, "due_at": due_at}, at)
