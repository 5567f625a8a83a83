"""The statements that find what will soon be due and what is overdue, each loan once."""

from datetime import datetime

from regulars.db.parameters import parameters
from regulars.db.pipeline import Pipeline, Sent, Statement

# Whoever returns a loan is not waited for: what comes back now is not to be told of.
REMIND = Statement("""
with due as materialized (
    select loan_id from loans
    where program_id = %(program_id)s and returned_at is null and reminded_at is null
        and due_at > %(now)s and due_at <= %(until)s
    order by due_at
    limit %(limit)s
    for no key update skip locked
)
update loans l set reminded_at = %(now)s
from due
where l.program_id = %(program_id)s and l.loan_id = due.loan_id
returning l.loan_id, l.member_id, l.due_at
""")

CALL_OVERDUE = Statement("""
with due as materialized (
    select loan_id from loans
    where program_id = %(program_id)s and returned_at is null and overdue_at is null and due_at <= %(now)s
    order by due_at
    limit %(limit)s
    for no key update skip locked
)
update loans l set overdue_at = %(now)s
from due
where l.program_id = %(program_id)s and l.loan_id = due.loan_id
returning l.loan_id, l.member_id, l.due_at
""")


def send_due_soon(pipeline: Pipeline, program_id: int, now: datetime, until: datetime, limit: int) -> Sent:
    """Open loans that are due by then and were not told of; from now on they were."""
    return pipeline.send(REMIND, parameters(program_id=program_id, now=now, until=until, limit=limit))


def send_overdue(pipeline: Pipeline, program_id: int, now: datetime, limit: int) -> Sent:
    """Open loans that should have come back and were not called overdue; from now on they were."""
    return pipeline.send(CALL_OVERDUE, parameters(program_id=program_id, now=now, limit=limit))
