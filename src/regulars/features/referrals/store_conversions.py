"""The statements for orders and their rewards."""

from datetime import datetime
from typing import Any, LiteralString

from msgspec.structs import asdict

from regulars.base.ids import new_id
from regulars.db.arrays import plain_array
from regulars.db.parameters import bytea, parameters
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.referrals.model import (
    Conversion,
    ConversionStatus,
    Ending,
    Referral,
    RewardStatus,
    RewardType,
)

_COLUMNS: LiteralString = """
    c.order_id, c.rid, c.owner_id, c.status, c.currency, c.reward_type, c.reward_amount, c.created_at,
    c.reason, c.buyer, c.device, c.address, c.order_total, c.delivered_at, c.confirmed_at, c.reward_status,
    c.hold_until, c.payable_at, c.paid_at, c.ended_at, c.ended_as, c.taken_back
"""

_LOCK: LiteralString = """
from (
    select * from referral_conversions
    where program_id = %(program_id)s and order_id = %(order_id)s
    limit 1
    for no key update
) c
"""
LOCK = Statement("select" + _COLUMNS + _LOCK)

# Sorted, as every batch of orders is locked.
_LOCK_LIVE_OF_RID: LiteralString = """
from (
    select * from referral_conversions
    where program_id = %(program_id)s and rid = %(rid)s and order_id > %(after)s
        and reward_status = any(%(statuses)s::text[])
    order by order_id
    limit %(limit)s
    for no key update
) c
"""
LOCK_LIVE_OF_RID = Statement("select" + _COLUMNS + _LOCK_LIVE_OF_RID)

INSERT = Statement("""
insert into referral_conversions (
    program_id, order_id, rid, owner_id, status, reason, buyer, device, address, currency, created_at,
    reward_type, reward_amount
)
values (
    %(program_id)s, %(order_id)s, %(rid)s, %(owner_id)s, %(status)s, %(reason)s, %(buyer)s, %(device)s,
    %(address)s, %(currency)s, %(created_at)s, %(reward_type)s, %(reward_amount)s
)
""")

UPDATE = Statement("""
update referral_conversions
set rid = %(rid)s, owner_id = %(owner_id)s, status = %(status)s, reason = %(reason)s, buyer = %(buyer)s,
    device = %(device)s, address = %(address)s, currency = %(currency)s, reward_type = %(reward_type)s,
    reward_amount = %(reward_amount)s, order_total = %(order_total)s, delivered_at = %(delivered_at)s,
    confirmed_at = %(confirmed_at)s, reward_status = %(reward_status)s, hold_until = %(hold_until)s,
    payable_at = %(payable_at)s, paid_at = %(paid_at)s, ended_at = %(ended_at)s, ended_as = %(ended_as)s,
    taken_back = %(taken_back)s
where program_id = %(program_id)s and order_id = %(order_id)s
""")

COUNT_CONVERSION = Statement("""
with numbered as (
    update referrals set conversions = conversions + 1, events = events + 1, gmv = gmv + %(order_total)s
    where program_id = %(program_id)s and rid = %(rid)s
    returning events
)
insert into referral_events (program_id, rid, number, event_id, type, occurred_at, order_id, order_total)
select %(program_id)s, %(rid)s, events, %(event_id)s, 'conversion', %(now)s, %(order_id)s, %(order_total)s
from numbered
""")

COUNT_SOURCES = Statement("""
select count(*), count(distinct coalesce(device, address, ''::bytea))
from (
    select device, address from referral_conversions
    where program_id = %(program_id)s and rid = %(rid)s and confirmed_at is not null
    order by confirmed_at desc
    limit %(limit)s
) newest
""")


def send_lock(pipeline: Pipeline, program_id: int, order_id: str) -> Sent:
    """The order, which nobody else decides about until the end of the transaction."""
    return pipeline.send(LOCK, parameters(program_id=program_id, order_id=order_id))


def send_lock_live(
    pipeline: Pipeline, program_id: int, rid: str, after: str, limit: int, *, given: bool
) -> Sent:
    """Orders of the RID by order id whose rewards are held, with `given` also those that the owner has."""
    statuses = [RewardStatus.PENDING_HOLD]
    if given:
        statuses += [RewardStatus.PAYABLE, RewardStatus.PAID]
    keys = parameters(program_id=program_id, rid=rid, after=after, limit=limit)
    return pipeline.send(LOCK_LIVE_OF_RID, keys | {"statuses": plain_array(statuses)})


def send_insert(pipeline: Pipeline, program_id: int, conversion: Conversion) -> None:
    """A new order. Raises UniqueViolation where somebody else brings it at the same moment."""
    pipeline.send(INSERT, _values(program_id, conversion))


def send_update(pipeline: Pipeline, program_id: int, conversion: Conversion) -> None:
    """The order, which is locked, as this says."""
    pipeline.send(UPDATE, _values(program_id, conversion))


def send_count_conversion(
    pipeline: Pipeline, program_id: int, referral: Referral, conversion: Conversion, now: datetime
) -> None:
    """The order is one of the RID's figures and events."""
    keys = parameters(
        program_id=program_id,
        rid=referral.rid,
        event_id=new_id(),
        now=now,
        order_id=conversion.order_id,
        order_total=conversion.order_total,
    )
    pipeline.send(COUNT_CONVERSION, keys)


def send_count_sources(pipeline: Pipeline, program_id: int, rid: str, limit: int) -> Sent:
    """How many of the RID's newest orders there are, and from how many sources they came."""
    return pipeline.send(COUNT_SOURCES, parameters(program_id=program_id, rid=rid, limit=limit))


def conversions_in(sent: Sent) -> list[Conversion]:
    """The orders that were found."""
    return [_conversion(row) for row in sent.rows]


def conversion_in(sent: Sent) -> Conversion | None:
    """The order that was found, or None."""
    return _conversion(sent.rows[0]) if sent.rows else None


def _conversion(row: tuple[Any, ...]) -> Conversion:
    values: dict[str, Any] = dict(zip(Conversion.__struct_fields__, row, strict=True))
    values["status"] = ConversionStatus(values["status"])
    values["reward_type"] = RewardType(values["reward_type"])
    for name, kind in (("reward_status", RewardStatus), ("ended_as", Ending)):
        values[name] = None if values[name] is None else kind(values[name])
    return Conversion(**values)


def _values(program_id: int, conversion: Conversion) -> dict[str, bytes | None]:
    values = asdict(conversion) | {"program_id": program_id}
    for name in ("buyer", "device", "address"):
        values[name] = None if values[name] is None else bytea(values[name])
    return parameters(**values)
