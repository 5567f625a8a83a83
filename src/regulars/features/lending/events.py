"""What lending tells others, in the words of the catalogue of events. Ids and moments only."""

from datetime import datetime
from uuid import UUID

from regulars.features.lending.model import Loan
from regulars.features.webhooks.catalogue import (
    LOAN_CHECKED_OUT,
    LOAN_DUE_SOON,
    LOAN_OVERDUE,
    LOAN_RETURNED,
    LOAN_SWAPPED,
)
from regulars.features.webhooks.catalogue_data import LoanData, SwapData
from regulars.features.webhooks.model import Event


def checked_out(loan: Loan) -> Event:
    """Somebody has taken a garment along."""
    return LOAN_CHECKED_OUT.of(LoanData(loan.loan_id, loan.member_id, loan.due_at), loan.checked_out_at)


def returned(loan: Loan, at: datetime) -> Event:
    """A garment came back."""
    return LOAN_RETURNED.of(LoanData(loan.loan_id, loan.member_id, loan.due_at), at)


def swapped(loan: Loan, new: Loan) -> Event:
    """A garment came back, and another was taken in its place."""
    data = SwapData(new.loan_id, new.member_id, new.due_at, returned_loan_id=loan.loan_id)
    return LOAN_SWAPPED.of(data, new.checked_out_at)


def due_soon(loan_id: UUID, member_id: UUID, due_at: datetime, at: datetime) -> Event:
    """A garment will be due in a few days."""
    return LOAN_DUE_SOON.of(LoanData(loan_id, member_id, due_at), at)


def overdue(loan_id: UUID, member_id: UUID, due_at: datetime, at: datetime) -> Event:
    """A garment should have come back."""
    return LOAN_OVERDUE.of(LoanData(loan_id, member_id, due_at), at)
