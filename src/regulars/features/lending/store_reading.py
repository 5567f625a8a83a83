"""The statements that read borrowers with their loans: one statement each, so that both are of one moment."""

from typing import Any, LiteralString
from uuid import UUID

import msgspec

from regulars.db.parameters import parameters
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.lending.model import Borrower, BorrowerStatus, Loan, LoanWithPhotos, Wardrobe
from regulars.features.photos.model import Photo

# A row l of loans, and its photos in their order. The fields are those of the structs.
LOAN_AS_JSON: LiteralString = """
json_build_object(
    'loan_id', l.loan_id, 'member_id', l.member_id, 'store_location', l.store_location,
    'checked_out_at', l.checked_out_at, 'due_at', l.due_at, 'returned_at', l.returned_at,
    'swapped_for', l.swapped_for,
    'photos', (
        select coalesce(json_agg(to_json(p) order by lp.position), '[]')
        from loan_photos lp
        cross join lateral (
            select * from photos where program_id = lp.program_id and photo_id = lp.photo_id limit 1
        ) p
        where lp.program_id = l.program_id and lp.loan_id = l.loan_id
    )
)::text
"""

_BORROWER: LiteralString = """
select
    b.program_id, b.member_id, b.plan, b.status, b.cycle_anchor_at, b.cycle_starts_at, b.cycle_ends_at,
    b.items_used, b.swaps_used, b.items_out, b.told_cycle_at, b.store_location, b.created_at, b.updated_at,
    (
        select array_agg(
"""

_OF_MEMBER: LiteralString = """
            order by l.loan_id
        )
        from loans l
        where l.program_id = b.program_id and l.member_id = b.member_id
"""

_WHOSE: LiteralString = """
    )
from (
    select * from borrowers
    where program_id = %(program_id)s and member_id = %(member_id)s
    limit 1
) b
cross join lateral (
    select status from members
    where program_id = %(program_id)s and member_id = b.member_id
    limit 1
) m
where m.status <> 'erased'
"""

ALL = Statement(_BORROWER + LOAN_AS_JSON + _OF_MEMBER + _WHOSE)
OPEN = Statement(_BORROWER + LOAN_AS_JSON + _OF_MEMBER + "and l.returned_at is null" + _WHOSE)


class _LoanRow(Loan, frozen=True, kw_only=True):
    photos: tuple[Photo, ...]


_decoder = msgspec.json.Decoder(_LoanRow)


def loan_in(text: str) -> LoanWithPhotos:
    """The loan as `LOAN_AS_JSON` wrote it."""
    row = _decoder.decode(text)
    loan = Loan(**{name: getattr(row, name) for name in Loan.__struct_fields__})
    return LoanWithPhotos(loan, row.photos)


def send_wardrobe(pipeline: Pipeline, program_id: int, member_id: UUID, *, only_open: bool) -> Sent:
    """The question for the borrower, unless erased, with the loans that are open, or with all."""
    statement = OPEN if only_open else ALL
    return pipeline.send(statement, parameters(program_id=program_id, member_id=member_id))


def wardrobe_in(sent: Sent) -> Wardrobe | None:
    """What was answered, or None when there is no such borrower."""
    if not sent.rows:
        return None
    *columns, loans = sent.rows[0]
    values: dict[str, Any] = dict(zip(Borrower.__struct_fields__, columns, strict=True))
    borrower = Borrower(**{**values, "status": BorrowerStatus(values["status"])})
    return Wardrobe(borrower, [loan_in(text) for text in loans or ()])
