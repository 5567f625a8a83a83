"""The statements that find rewards whose hold is over, and note that their owners have them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from regulars.db.arrays import plain_array, text_array
from regulars.db.parameters import parameters
from regulars.db.pipeline import Pipeline, Sent, Statement

# Whoever decides about an order at this moment is not waited for. What is flagged stays held, and so does
# all that comes of a RID that is.
LOCK_DUE = Statement("""
select order_id, rid, owner_id, reward_amount, currency, reward_type, hold_until, flagged
from (
    select c.order_id, c.rid, c.owner_id, c.reward_amount, c.currency, c.reward_type, c.hold_until,
        exists (
            select from fraud_flags f
            where f.program_id = %(program_id)s and f.rid = c.rid and f.status = 'open'
                and (f.order_id is null or f.order_id = c.order_id)
        ) as flagged
    from referral_conversions c
    where c.program_id = %(program_id)s and c.reward_status = 'pending_hold' and c.hold_until <= %(now)s
        and (c.hold_until, c.order_id) > (%(after_hold)s, %(after_order)s)
    order by c.hold_until, c.order_id
    limit %(limit)s
    for no key update of c skip locked
) due
""")

LOCK_THESE = Statement("""
select c.order_id, c.rid, c.owner_id, c.reward_amount, c.currency, c.reward_type, c.hold_until, false
from unnest(%(order_ids)s::text[]) o (order_id)
cross join lateral (
    select * from referral_conversions
    where program_id = %(program_id)s and order_id = o.order_id
    limit 1
    for no key update
) c
where c.reward_status = 'pending_hold'
""")

# These are locked, and stand where they have to.
MARK_PAYABLE = Statement("""
update referral_conversions
set reward_status = 'payable', payable_at = %(now)s
where program_id = %(program_id)s and order_id = any(%(order_ids)s::text[])
""")

# The owner was erased, and nobody is there to get it.
MARK_OWNERLESS = Statement("""
update referral_conversions
set reward_status = 'cancelled', ended_at = %(now)s, ended_as = 'owner_erased'
where program_id = %(program_id)s and order_id = any(%(order_ids)s::text[])
""")

LOCK_UNSPENT = Statement("""
select c.order_id, c.owner_id, c.reward_amount
from unnest(%(owner_ids)s::uuid[]) o (owner_id)
cross join lateral (
    select order_id, owner_id, reward_amount, payable_at from referral_conversions
    where program_id = %(program_id)s and owner_id = o.owner_id and currency = %(currency)s
        and reward_status = 'payable' and reward_type = 'storeCredit'
    order by payable_at, order_id
    for no key update skip locked
) c
order by c.owner_id, c.payable_at, c.order_id
""")

SELECT_OWNERS_OF_UNSPENT = Statement("""
select distinct owner_id, currency
from referral_conversions
where program_id = %(program_id)s and reward_status = 'payable' and reward_type = 'storeCredit'
    and (owner_id, currency) > (%(after_owner)s, %(after_currency)s)
order by owner_id, currency
limit %(limit)s
""")

MARK_PAID = Statement("""
update referral_conversions
set reward_status = 'paid', paid_at = %(now)s
where program_id = %(program_id)s and order_id = any(%(order_ids)s::text[])
""")


class DueReward(NamedTuple):
    """A reward whose hold is over. A flagged one stays where it is."""

    order_id: str
    rid: str
    owner_id: UUID
    amount: int
    currency: str
    reward_type: str
    hold_until: datetime
    flagged: bool


def send_lock_due(
    pipeline: Pipeline, program_id: int, now: datetime, after: DueReward | None, limit: int
) -> Sent:
    """Rewards that are due, oldest first, those after one of them."""
    hold, order = ("-infinity", "") if after is None else (after.hold_until, after.order_id)
    keys = parameters(program_id=program_id, now=now, after_hold=hold, after_order=order, limit=limit)
    return pipeline.send(LOCK_DUE, keys)


def send_lock_these(pipeline: Pipeline, program_id: int, order_ids: Sequence[str]) -> Sent:
    """Of these rewards those that are still held."""
    return pipeline.send(LOCK_THESE, _orders(program_id, sorted(order_ids)))


def due_in(sent: Sent) -> list[DueReward]:
    """The rewards that were found."""
    return [DueReward(*row) for row in sent.rows]


def send_payable(pipeline: Pipeline, program_id: int, order_ids: Sequence[str], now: datetime) -> None:
    """The owners have these rewards."""
    pipeline.send(MARK_PAYABLE, _orders(program_id, order_ids) | parameters(now=now))


def send_ownerless(pipeline: Pipeline, program_id: int, order_ids: Sequence[str], now: datetime) -> None:
    """Nobody gets these rewards."""
    pipeline.send(MARK_OWNERLESS, _orders(program_id, order_ids) | parameters(now=now))


def send_owners(pipeline: Pipeline, program_id: int, after: tuple[UUID, str], limit: int) -> Sent:
    """The owners and currencies of rewards that count as not spent, those after one of them."""
    keys = parameters(program_id=program_id, after_owner=after[0], after_currency=after[1], limit=limit)
    return pipeline.send(SELECT_OWNERS_OF_UNSPENT, keys)


def send_lock_unspent(pipeline: Pipeline, program_id: int, owner_ids: Sequence[UUID], currency: str) -> Sent:
    """The rewards of these owners that count as not spent, each owner's oldest first."""
    keys = parameters(program_id=program_id, currency=currency)
    return pipeline.send(LOCK_UNSPENT, keys | {"owner_ids": plain_array(map(str, owner_ids))})


def send_paid(pipeline: Pipeline, program_id: int, order_ids: Sequence[str], now: datetime) -> None:
    """The owners have spent these rewards."""
    pipeline.send(MARK_PAID, _orders(program_id, order_ids) | parameters(now=now))


def _orders(program_id: int, order_ids: Sequence[str]) -> dict[str, bytes | None]:
    return parameters(program_id=program_id) | {"order_ids": text_array(list(order_ids))}
