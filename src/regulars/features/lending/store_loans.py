"""The statements for loans that are made and brought back. All go out through a `Pipeline`."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from regulars.db.arrays import plain_array
from regulars.db.parameters import parameters
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.lending.model import Loan, LoanWithPhotos
from regulars.features.lending.store_reading import LOAN_AS_JSON, loan_in

INSERT = Statement("""
insert into loans (program_id, loan_id, member_id, store_location, checked_out_at, due_at)
values (%(program_id)s, %(loan_id)s, %(member_id)s, %(store_location)s, %(checked_out_at)s, %(due_at)s)
""")

INSERT_PHOTOS = Statement("""
insert into loan_photos (program_id, loan_id, position, photo_id)
select %(program_id)s, %(loan_id)s, r.position, r.photo_id
from unnest(%(photo_ids)s::uuid[]) with ordinality as r (photo_id, position)
""")

_LOCKED: LiteralString = """
from (
    select * from loans
    where program_id = %(program_id)s and loan_id = %(loan_id)s and member_id = %(member_id)s
    limit 1
    for no key update
) l
"""

LOCK = Statement("select " + LOAN_AS_JSON + _LOCKED)

RETURN = Statement("""
update loans set returned_at = %(now)s, swapped_for = %(swapped_for)s
where program_id = %(program_id)s and loan_id = %(loan_id)s
""")


def send_lock(pipeline: Pipeline, program_id: int, member_id: UUID, loan_id: UUID) -> Sent:
    """The member's loan, with its photos; the member is locked."""
    keys = parameters(program_id=program_id, member_id=member_id, loan_id=loan_id)
    return pipeline.send(LOCK, keys)


def locked_in(sent: Sent) -> LoanWithPhotos | None:
    """What was found, or None when the member has no such loan."""
    return loan_in(sent.rows[0][0]) if sent.rows else None


def send_loan(pipeline: Pipeline, program_id: int, loan: Loan, photo_ids: list[UUID]) -> None:
    """A new loan with photos, which are locked."""
    keys = parameters(program_id=program_id, loan_id=loan.loan_id)
    loan_values = parameters(
        member_id=loan.member_id,
        store_location=loan.store_location,
        checked_out_at=loan.checked_out_at,
        due_at=loan.due_at,
    )
    pipeline.send(INSERT, keys | loan_values)
    pipeline.send(INSERT_PHOTOS, keys | parameters(photo_ids=plain_array(map(str, photo_ids))))


def send_return(
    pipeline: Pipeline, program_id: int, loan_id: UUID, now: datetime, swapped_for: UUID | None = None
) -> None:
    """The loan, which is locked and open, came back."""
    keys = parameters(program_id=program_id, loan_id=loan_id, now=now, swapped_for=swapped_for)
    pipeline.send(RETURN, keys)
