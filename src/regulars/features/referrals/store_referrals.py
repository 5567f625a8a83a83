"""The statements for RIDs: made under their owner's lock, found, and read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from regulars.db.parameters import bytea, parameters
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.referrals.model import (
    Referral,
    ReferralEvent,
    ReferralStatus,
    Rewards,
    RewardType,
)

_COLUMNS: LiteralString = """
    r.rid, r.owner_id, r.product_id, p.slug, r.channel, r.status, r.reward_type, r.reward_value, r.currency,
    r.hold_days, r.clicks, r.conversions, r.gmv, r.events, r.created_at, r.expires_at
"""
_PRODUCT: LiteralString = """
cross join lateral (
    select slug from products where program_id = r.program_id and product_id = r.product_id limit 1
) p
"""

# It locks the row also where it was there: one member's RIDs are made one after the other.
LOCK_OWNER = Statement("""
insert into referrers (program_id, member_id, person, created_at)
values (%(program_id)s, %(member_id)s, %(person)s, %(now)s)
on conflict (program_id, member_id) do update set person = excluded.person
returning created_at
""")

_SELECT_CURRENT: LiteralString = """
from (
    select * from referrals
    where program_id = %(program_id)s and owner_id = %(member_id)s and product_id = %(product_id)s
        and status = 'active'
    limit 1
) r
"""
SELECT_CURRENT = Statement("select" + _COLUMNS + _SELECT_CURRENT + _PRODUCT)

COUNT_SINCE = Statement("""
select count(*) from (
    select from referrals
    where program_id = %(program_id)s and owner_id = %(member_id)s and created_at > %(since)s
    limit %(limit)s
) made
""")

# What was revoked stays so. What has expired may still be: orders that came by it are paid later.
SET_STATUS = Statement("""
update referrals set status = %(status)s
where program_id = %(program_id)s and rid = %(rid)s and status <> 'revoked'
""")

INSERT = Statement("""
insert into referrals (
    program_id, rid, owner_id, product_id, channel, status, reward_type, reward_value, currency, hold_days,
    created_at, expires_at
)
values (
    %(program_id)s, %(rid)s, %(owner_id)s, %(product_id)s, %(channel)s, %(status)s, %(reward_type)s,
    %(reward_value)s, %(currency)s, %(hold_days)s, %(created_at)s, %(expires_at)s
)
""")

_SELECT_ONE: LiteralString = """
from (select * from referrals where program_id = %(program_id)s and rid = %(rid)s limit 1) r
"""
SELECT_ONE = Statement("select" + _COLUMNS + _SELECT_ONE + _PRODUCT)

_LOCK_ONE: LiteralString = """
from (
    select * from referrals where program_id = %(program_id)s and rid = %(rid)s limit 1 for no key update
) r
"""
LOCK_ONE = Statement("select" + _COLUMNS + _LOCK_ONE + _PRODUCT)

# A link names no program. The RID is chance enough to be one program's.
FIND_PROGRAM = Statement("select program_id from referrals where rid = %(rid)s limit 1")

COUNT_REWARDS = Statement("""
select c.reward_status, count(*)
from referral_conversions c
where c.program_id = %(program_id)s and c.rid = %(rid)s and c.reward_status is not null
group by c.reward_status
""")

SELECT_EVENTS = Statement("""
select number, event_id, type, occurred_at, order_id, order_total
from referral_events
where program_id = %(program_id)s and rid = %(rid)s and number < %(before)s
order by number desc
limit %(limit)s
""")


def send_lock_owner(
    pipeline: Pipeline, program_id: int, member_id: UUID, person: bytes, now: datetime
) -> None:
    """The member recommends, and makes no other RID until the end of the transaction."""
    keys = parameters(program_id=program_id, member_id=member_id, person=bytea(person), now=now)
    pipeline.send(LOCK_OWNER, keys)


def send_current(pipeline: Pipeline, program_id: int, member_id: UUID, product_id: UUID) -> Sent:
    """The owner's RID for the product that no other has followed."""
    keys = parameters(program_id=program_id, member_id=member_id, product_id=product_id)
    return pipeline.send(SELECT_CURRENT, keys)


def send_count_since(
    pipeline: Pipeline, program_id: int, member_id: UUID, since: datetime, limit: int
) -> Sent:
    """How many RIDs the member has made since then, counted up to a limit."""
    keys = parameters(program_id=program_id, member_id=member_id, since=since, limit=limit)
    return pipeline.send(COUNT_SINCE, keys)


def send_status(pipeline: Pipeline, program_id: int, rid: str, status: ReferralStatus) -> None:
    """The RID has ended so, unless it was revoked before."""
    pipeline.send(SET_STATUS, parameters(program_id=program_id, rid=rid, status=status))


def send_insert(pipeline: Pipeline, program_id: int, referral: Referral) -> None:
    """The new RID. Raises UniqueViolation where the owner has an active one for the product."""
    keys = parameters(
        program_id=program_id,
        rid=referral.rid,
        owner_id=referral.owner_id,
        product_id=referral.product_id,
        channel=referral.channel,
        status=referral.status,
        reward_type=referral.reward_type,
        reward_value=referral.reward_value,
        currency=referral.currency,
        hold_days=referral.hold_days,
        created_at=referral.created_at,
        expires_at=referral.expires_at,
    )
    pipeline.send(INSERT, keys)


def send_find(pipeline: Pipeline, program_id: int, rid: str) -> Sent:
    """The RID as it is."""
    return pipeline.send(SELECT_ONE, parameters(program_id=program_id, rid=rid))


def send_lock(pipeline: Pipeline, program_id: int, rid: str) -> Sent:
    """The RID, whose figures nobody else changes until the end of the transaction."""
    return pipeline.send(LOCK_ONE, parameters(program_id=program_id, rid=rid))


def send_find_program(pipeline: Pipeline, rid: str) -> Sent:
    """The id of the program whose RID this is."""
    return pipeline.send(FIND_PROGRAM, parameters(rid=rid))


def send_count_rewards(pipeline: Pipeline, program_id: int, rid: str) -> Sent:
    """How many rewards of the RID stand where."""
    return pipeline.send(COUNT_REWARDS, parameters(program_id=program_id, rid=rid))


def send_events(pipeline: Pipeline, program_id: int, rid: str, before: int, limit: int) -> Sent:
    """The RID's events below a number, newest first."""
    keys = parameters(program_id=program_id, rid=rid, before=before, limit=limit)
    return pipeline.send(SELECT_EVENTS, keys)


def referral_in(sent: Sent) -> Referral | None:
    """The RID that was found, or None."""
    if not sent.rows:
        return None
    values: dict[str, Any] = dict(zip(Referral.__struct_fields__, sent.rows[0], strict=True))
    values["status"] = ReferralStatus(values["status"])
    values["reward_type"] = RewardType(values["reward_type"])
    return Referral(**values)


def rewards_in(sent: Sent) -> Rewards:
    """The counts that were found."""
    counts = dict(sent.rows)
    return Rewards(**{name: counts.get(name, 0) for name in Rewards.__struct_fields__})


def events_in(rows: Sequence[tuple[Any, ...]]) -> list[ReferralEvent]:
    """The events that were found."""
    return [ReferralEvent(*row) for row in rows]
