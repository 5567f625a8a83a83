"""What checkouts, swaps and returns have in common: the borrower is locked, in the present cycle.

Whoever lends locks the borrower first, then the loan, then the photos, by id. Each attempt asks when it is
made and decides once its pipeline was flushed; what has to be written waits for the flush that commits.
"""

from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.pipeline import Pipeline
from regulars.features.access.model import Program
from regulars.features.lending import rules, rules_cycle
from regulars.features.lending.model import (
    PHOTOS_PER_LOAN_MAX,
    STORE_LOCATION_LENGTH_MAX,
    Borrower,
    Loan,
    LoanWithPhotos,
    NewLoan,
    Refusal,
)
from regulars.features.lending.model_settings import DUE_DAYS
from regulars.features.lending.store_borrowers import Locked, send_update
from regulars.features.lending.store_loans import send_loan
from regulars.features.members.model import Status
from regulars.features.photos.actions import PhotoClaim
from regulars.features.photos.model import Photo, PhotoPurpose

T = TypeVar("T")


class Attempt:
    """A borrower who is asked for, and locked until the end of the transaction."""

    def __init__(self, pipeline: Pipeline, program: Program, member_id: UUID, now: datetime) -> None:
        self.pipeline, self.program, self.member_id, self.now = pipeline, program, member_id, now
        self._locked = Locked(pipeline, program.program_id, member_id)

    def borrower(self) -> Borrower | None:
        """The borrower in the present cycle, whatever became of the member; None when there never was one."""
        found = self._locked.found
        return None if found is None else rules_cycle.at(found[0], self.now)

    def present_borrower(self) -> Borrower:
        """The borrower in the present cycle.

        Raises Refused: member_not_found (also for an erased one), subscription_inactive for a member who is
        inactive altogether.
        """
        found = self._locked.found
        if found is None or found[1] is Status.ERASED:
            raise Refused("member_not_found")
        if found[1] is Status.INACTIVE:
            raise Refused(rules.INACTIVE)
        return rules_cycle.at(found[0], self.now)

    def save(self, borrower: Borrower) -> None:
        """The borrower, as of the commit."""
        send_update(self.pipeline, borrower)

    def lend(self, wanted: NewLoan, claim: PhotoClaim, photos: list[Photo]) -> LoanWithPhotos:
        """A new loan with these photos, as of the commit."""
        loan = Loan(
            loan_id=new_id(),
            member_id=self.member_id,
            store_location=wanted.store_location,
            checked_out_at=self.now,
            due_at=self.now + timedelta(days=DUE_DAYS.read_from(self.program.settings)),
        )
        claim.use(self.now)
        send_loan(self.pipeline, self.program.program_id, loan, [photo.photo_id for photo in photos])
        return LoanWithPhotos(loan, tuple(photos))


def claimed(attempt: Attempt, wanted: NewLoan) -> PhotoClaim:
    """The photos of a new loan, asked for.

    Raises Refused: photo_not_usable for none or too many, invalid_store_location.
    """
    if not 1 <= len(wanted.photo_ids) <= PHOTOS_PER_LOAN_MAX:
        raise Refused("photo_not_usable", photo_ids=[])
    if not 1 <= len(wanted.store_location) <= STORE_LOCATION_LENGTH_MAX:
        raise Refused("invalid_store_location")
    return PhotoClaim(attempt.pipeline, attempt.program.program_id, wanted.photo_ids)


def usable(claim: PhotoClaim, member_id: UUID) -> list[Photo]:
    """The photos of the claim. Raises Refused: photo_not_found, photo_not_usable."""
    return claim.usable(purpose=PhotoPurpose.LOAN, owner_id=member_id)


def decided(outcome: T | Refusal) -> T:
    """What a rule has decided. Raises Refused where it refused."""
    if isinstance(outcome, Refusal):
        raise Refused(outcome.code, **outcome.details)
    return outcome
