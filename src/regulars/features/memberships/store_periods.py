"""The statements for paid periods and the charges that paid them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.memberships.model import PaidPeriod, PeriodCharge

# The membership's row is locked before, so nobody else reads or writes its periods meanwhile.
READ_PERIOD = Statement("""
select subscription_id, period_start, invoice_id, paid_minor, granted, taken_back from membership_periods
where program_id = %(program_id)s and subscription_id = %(subscription_id)s
    and period_start = %(period_start)s
""")

READ_CHARGES = Statement("""
select charge_id, subscription_id, period_start, refunded_minor, disputed, question_number
from membership_charges
where program_id = %(program_id)s and subscription_id = %(subscription_id)s
    and period_start = %(period_start)s
order by charge_id
limit 100
""")

WRITE_PERIOD = Statement("""
insert into membership_periods (
    program_id, subscription_id, period_start, invoice_id, paid_minor, granted, taken_back, updated_at
)
values (
    %(program_id)s, %(subscription_id)s, %(period_start)s, %(invoice_id)s, %(paid_minor)s, %(granted)s,
    %(taken_back)s, %(now)s
)
on conflict (program_id, subscription_id, period_start) do update
set taken_back = excluded.taken_back, updated_at = excluded.updated_at
""")

WRITE_CHARGE = Statement("""
insert into membership_charges (
    program_id, charge_id, subscription_id, period_start, refunded_minor, disputed, question_number
)
values (
    %(program_id)s, %(charge_id)s, %(subscription_id)s, %(period_start)s, %(refunded_minor)s, %(disputed)s,
    %(question_number)s
)
on conflict (program_id, charge_id) do update
set refunded_minor = excluded.refunded_minor, disputed = excluded.disputed,
    question_number = excluded.question_number
""")


def send_reading(
    pipeline: Pipeline, program_id: int, subscription_id: str, period_start: datetime
) -> tuple[Sent, Sent]:
    """The period and its charges, with the pipeline's next flush."""
    parameters = {
        "program_id": b"%d" % program_id,
        "subscription_id": subscription_id.encode(),
        "period_start": period_start.isoformat().encode(),
    }
    return pipeline.send(READ_PERIOD, parameters), pipeline.send(READ_CHARGES, parameters)


def period_in(rows: Sequence[tuple[Any, ...]]) -> PaidPeriod | None:
    """The period that was read, if there is one."""
    return PaidPeriod(**dict(zip(PaidPeriod.__struct_fields__, rows[0], strict=True))) if rows else None


def charges_in(rows: Sequence[tuple[Any, ...]]) -> list[PeriodCharge]:
    """The charges that were read."""
    return [PeriodCharge(**dict(zip(PeriodCharge.__struct_fields__, row, strict=True))) for row in rows]


def send_period(pipeline: Pipeline, program_id: int, period: PaidPeriod, now: datetime) -> None:
    """The period as it is now. What it granted and for what payment stays what it was at first."""
    pipeline.send(
        WRITE_PERIOD,
        {
            "program_id": b"%d" % program_id,
            "subscription_id": period.subscription_id.encode(),
            "period_start": period.period_start.isoformat().encode(),
            "invoice_id": period.invoice_id.encode(),
            "paid_minor": b"%d" % period.paid_minor,
            "granted": b"%d" % period.granted,
            "taken_back": b"%d" % period.taken_back,
            "now": now.isoformat().encode(),
        },
    )


def send_charge(pipeline: Pipeline, program_id: int, charge: PeriodCharge) -> None:
    """The charge as it is now, after its period."""
    pipeline.send(
        WRITE_CHARGE,
        {
            "program_id": b"%d" % program_id,
            "charge_id": charge.charge_id.encode(),
            "subscription_id": charge.subscription_id.encode(),
            "period_start": charge.period_start.isoformat().encode(),
            "refunded_minor": b"%d" % charge.refunded_minor,
            "disputed": b"t" if charge.disputed else b"f",
            "question_number": b"%d" % charge.question_number,
        },
    )
