"""A garment comes back, and another is taken in its place."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from regulars.db.pipeline import Pipeline
from regulars.features.access.model import Program
from regulars.features.lending import events, rules, store_loans
from regulars.features.lending.attempt import Attempt, claimed, decided, usable
from regulars.features.lending.model import Borrower, LoanWithPhotos, NewLoan, Swapped
from regulars.features.lending.rules_plans import plan_named, plans_of
from regulars.features.webhooks import actions as webhooks


class Swap:
    """One attempt at a swap: one round trip asks, and the one that commits writes.

    Raises Refused: photo_not_usable for no photo or too many, invalid_store_location.
    """

    def __init__(
        self, pipeline: Pipeline, program: Program, loan_id: UUID, wanted: NewLoan, now: datetime
    ) -> None:
        self._wanted = wanted
        self._attempt = Attempt(pipeline, program, wanted.member_id, now)
        self._loan = store_loans.send_lock(pipeline, program.program_id, wanted.member_id, loan_id)
        self._claim = claimed(self._attempt, wanted)

    def decide(self) -> Swapped:
        """What came back and what was taken, once the pipeline was flushed.

        Raises Refused, in this order and before anything is sent: member_not_found, those of `rules.swap`,
        photo_not_found, photo_not_usable.
        """
        attempt, wanted = self._attempt, self._wanted
        borrower = attempt.present_borrower()
        plan = plan_named(plans_of(attempt.program), borrower.plan)
        old = store_loans.locked_in(self._loan)
        after = decided(rules.swap(borrower, plan, None if old is None else old.loan, attempt.now))
        assert old is not None, "the rule refuses a loan that is not there"
        photos = usable(self._claim, wanted.member_id)
        new = attempt.lend(wanted, self._claim, photos)
        return self._finish(old, new, after)

    def _finish(self, old: LoanWithPhotos, new: LoanWithPhotos, after: Borrower) -> Swapped:
        attempt = self._attempt
        program_id, now = attempt.program.program_id, attempt.now
        store_loans.send_return(attempt.pipeline, program_id, old.loan.loan_id, now, new.loan.loan_id)
        attempt.save(after)
        told = [events.returned(old.loan, now), events.swapped(old.loan, new.loan)]
        webhooks.emit(attempt.pipeline, program_id, told, now)
        back = replace(old.loan, returned_at=now, swapped_for=new.loan.loan_id)
        return Swapped(LoanWithPhotos(back, old.photos), new)
