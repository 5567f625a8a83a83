"""A garment is taken along."""

from datetime import datetime

from regulars.db.pipeline import Pipeline
from regulars.features.access.model import Program
from regulars.features.lending import events, rules
from regulars.features.lending.attempt import Attempt, claimed, decided, usable
from regulars.features.lending.model import LoanWithPhotos, NewLoan
from regulars.features.lending.rules_plans import plan_named, plans_of
from regulars.features.webhooks import actions as webhooks


class Checkout:
    """One attempt at a loan: one round trip asks, and the one that commits writes.

    Raises Refused: photo_not_usable for no photo or too many, invalid_store_location.
    """

    def __init__(self, pipeline: Pipeline, program: Program, wanted: NewLoan, now: datetime) -> None:
        self._wanted = wanted
        self._attempt = Attempt(pipeline, program, wanted.member_id, now)
        self._claim = claimed(self._attempt, wanted)

    def decide(self) -> LoanWithPhotos:
        """The loan, once the pipeline was flushed; it is there if the transaction commits.

        Raises Refused, in this order and before anything is sent: member_not_found, those of
        `rules.checkout`, photo_not_found, photo_not_usable.
        """
        attempt, wanted = self._attempt, self._wanted
        borrower = attempt.present_borrower()
        plan = plan_named(plans_of(attempt.program), borrower.plan)
        after = decided(rules.checkout(borrower, plan, attempt.now))
        photos = usable(self._claim, wanted.member_id)
        lent = attempt.lend(wanted, self._claim, photos)
        attempt.save(after)
        told = [events.checked_out(lent.loan)]
        webhooks.emit(attempt.pipeline, attempt.program.program_id, told, attempt.now)
        return lent
