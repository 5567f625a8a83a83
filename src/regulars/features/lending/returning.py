"""A garment comes back."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.db.pipeline import Pipeline
from regulars.features.access.model import Program
from regulars.features.lending import events, rules, store_loans
from regulars.features.lending.attempt import Attempt, decided
from regulars.features.lending.model import LoanWithPhotos
from regulars.features.webhooks import actions as webhooks


class Return:
    """One attempt at a return: one round trip asks, and the one that commits writes."""

    def __init__(
        self, pipeline: Pipeline, program: Program, member_id: UUID, loan_id: UUID, now: datetime
    ) -> None:
        self._attempt = Attempt(pipeline, program, member_id, now)
        self._loan = store_loans.send_lock(pipeline, program.program_id, member_id, loan_id)

    def decide(self) -> LoanWithPhotos:
        """What came back, once the pipeline was flushed. Whoever took it may be paused, or erased since.

        Raises Refused before anything is sent: loan_not_found, loan_already_returned.
        """
        attempt = self._attempt
        borrower, old = attempt.borrower(), store_loans.locked_in(self._loan)
        decided(rules.returnable(None if old is None else old.loan))
        if borrower is None or old is None:
            raise Refused(rules.NO_LOAN)
        program_id, now = attempt.program.program_id, attempt.now
        store_loans.send_return(attempt.pipeline, program_id, old.loan.loan_id, now)
        attempt.save(rules.take_back(borrower, now))
        webhooks.emit(attempt.pipeline, program_id, [events.returned(old.loan, now)], now)
        return LoanWithPhotos(replace(old.loan, returned_at=now), old.photos)
