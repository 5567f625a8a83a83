"""The statements for flags."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from regulars.db.parameters import parameters
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.referrals.model import Flag, FlagStatus, Rule

_COLUMNS: LiteralString = "flag_id, rid, order_id, rule, status, observed, created_at, decided_at, decided_by"

# A rule flags an order once, and a RID once until somebody has decided.
INSERT = Statement("""
insert into fraud_flags (program_id, flag_id, rid, order_id, rule, status, observed, created_at)
values (%(program_id)s, %(flag_id)s, %(rid)s, %(order_id)s, %(rule)s, 'open', %(observed)s, %(now)s)
on conflict do nothing
returning flag_id
""")

_LOCK: LiteralString = """
from (
    select * from fraud_flags
    where program_id = %(program_id)s and flag_id = %(flag_id)s
    limit 1
    for no key update
) f
"""
LOCK = Statement("select " + _COLUMNS + _LOCK)

_SELECT_ONE: LiteralString = """
from fraud_flags where program_id = %(program_id)s and flag_id = %(flag_id)s
"""
SELECT_ONE = Statement("select " + _COLUMNS + _SELECT_ONE)

DECIDE = Statement("""
update fraud_flags set status = %(status)s, decided_at = %(now)s, decided_by = %(decided_by)s
where program_id = %(program_id)s and flag_id = %(flag_id)s
""")

_SELECT_QUEUE: LiteralString = """
from fraud_flags
where program_id = %(program_id)s and status = %(status)s and flag_id > %(after)s
order by flag_id
limit %(limit)s
"""
SELECT_QUEUE = Statement("select " + _COLUMNS + _SELECT_QUEUE)


def send_flag(pipeline: Pipeline, program_id: int, flag: Flag) -> Sent:
    """The flag, unless the rule has flagged the same before; the answer has a row if it is new."""
    keys = parameters(
        program_id=program_id,
        flag_id=flag.flag_id,
        rid=flag.rid,
        order_id=flag.order_id,
        rule=flag.rule,
        observed=flag.observed,
        now=flag.created_at,
    )
    return pipeline.send(INSERT, keys)


def send_find(pipeline: Pipeline, program_id: int, flag_id: UUID) -> Sent:
    """The flag as it is."""
    return pipeline.send(SELECT_ONE, parameters(program_id=program_id, flag_id=flag_id))


def send_lock(pipeline: Pipeline, program_id: int, flag_id: UUID) -> Sent:
    """The flag, which nobody else decides about until the end of the transaction."""
    return pipeline.send(LOCK, parameters(program_id=program_id, flag_id=flag_id))


def send_decision(
    pipeline: Pipeline, program_id: int, flag_id: UUID, status: FlagStatus, decided_by: str, now: datetime
) -> None:
    """What was decided about the flag, which is locked and open."""
    keys = parameters(program_id=program_id, flag_id=flag_id, status=status, decided_by=decided_by, now=now)
    pipeline.send(DECIDE, keys)


def send_queue(pipeline: Pipeline, program_id: int, status: FlagStatus, after: UUID, limit: int) -> Sent:
    """Flags of a status, oldest first, those after one of them."""
    keys = parameters(program_id=program_id, status=status, after=after, limit=limit)
    return pipeline.send(SELECT_QUEUE, keys)


def flags_in(sent: Sent) -> list[Flag]:
    """The flags that were found."""
    return [_flag(row) for row in sent.rows]


def _flag(row: tuple[Any, ...]) -> Flag:
    values: dict[str, Any] = dict(zip(Flag.__struct_fields__, row, strict=True))
    values["rule"] = Rule(values["rule"])
    values["status"] = FlagStatus(values["status"])
    return Flag(**values)
