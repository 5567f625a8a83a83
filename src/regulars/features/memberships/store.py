"""The statements for memberships: how they stand, and how Stripe's news are written down."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.memberships.model import Figures, Membership, MembershipStatus, Picture

READ_STATUSES = Statement("""
select status from memberships
where program_id = %(program_id)s and member_id = %(member_id)s
    and location_id = any(array[0, %(location_id)s::integer])
""")

INSERT_MEMBERSHIP = Statement("""
insert into memberships (
    program_id, subscription_id, member_id, location_id, sold_at_location_id, status, stripe_status,
    started_at, updated_at
)
values (
    %(program_id)s, %(subscription_id)s, %(member_id)s, %(location_id)s, %(sold_at_location_id)s, 'none', '',
    %(started_at)s, %(now)s
)
on conflict do nothing
""")

_COLUMNS: LiteralString = """
select program_id, subscription_id, member_id, location_id, sold_at_location_id, status, stripe_status,
    stripe_customer_id, period_start, period_end, period_is_paid, granted_period_start, started_at,
    question_number
from memberships
where program_id = %(program_id)s and subscription_id = %(subscription_id)s
"""

LOCK_MEMBERSHIP = Statement(_COLUMNS + "for update")

UPDATE_MEMBERSHIP = Statement("""
update memberships
set status = %(status)s, stripe_status = %(stripe_status)s, stripe_customer_id = %(stripe_customer_id)s,
    period_start = %(period_start)s, period_end = %(period_end)s, period_is_paid = %(period_is_paid)s,
    granted_period_start = %(granted_period_start)s, started_at = %(started_at)s,
    question_number = %(question_number)s, updated_at = %(now)s
where program_id = %(program_id)s and subscription_id = %(subscription_id)s
""")

LATEST_CUSTOMER: LiteralString = """
select stripe_customer_id from memberships
where program_id = %(program_id)s and member_id = %(member_id)s and stripe_customer_id is not null
order by started_at desc
limit 1
"""

COUNT_CONVERSIONS: LiteralString = """
select count(*) from memberships
where program_id = %(program_id)s and sold_at_location_id = %(location_id)s and started_at >= %(since)s
    and status <> 'none'
"""

COUNT_ACTIVE_MEMBERS: LiteralString = """
select count(distinct member_id) from memberships
where program_id = %(program_id)s and location_id = any(array[0, %(location_id)s::integer])
    and status in ('active', 'trialing', 'past_due')
"""


def send_statuses(pipeline: Pipeline, program_id: int, member_id: UUID, location_id: int) -> Sent:
    """How the member's memberships of the location and of all locations stand, one row each."""
    return pipeline.send(
        READ_STATUSES,
        {
            "program_id": b"%d" % program_id,
            "member_id": member_id.hex.encode(),
            "location_id": b"%d" % location_id,
        },
    )


def statuses_in(rows: Sequence[tuple[Any, ...]]) -> list[MembershipStatus]:
    """What `send_statuses` found."""
    return [MembershipStatus(status) for (status,) in rows]


def send_new(pipeline: Pipeline, picture: Picture, now: datetime) -> None:
    """The row of a subscription, unless it has one."""
    owner = picture.owner
    pipeline.send(
        INSERT_MEMBERSHIP,
        {
            "program_id": b"%d" % owner.program_id,
            "subscription_id": picture.subscription.subscription_id.encode(),
            "member_id": owner.member_id.hex.encode(),
            "location_id": b"%d" % owner.location_id,
            "sold_at_location_id": b"%d" % owner.sold_at_location_id,
            "started_at": _time(picture.subscription.started_at),
            "now": _time(now),
        },
    )


def send_lock(pipeline: Pipeline, program_id: int, subscription_id: str) -> Sent:
    """The membership, locked until the end of the transaction."""
    return pipeline.send(
        LOCK_MEMBERSHIP,
        {"program_id": b"%d" % program_id, "subscription_id": subscription_id.encode()},
    )


def membership_in(rows: Sequence[tuple[Any, ...]]) -> Membership | None:
    """The membership that was read, if there is one."""
    if not rows:
        return None
    return Membership(
        **dict(zip(Membership.__struct_fields__, rows[0], strict=True))
        | {"status": MembershipStatus(rows[0][5])}
    )


async def select_membership(
    connection: Connection, program_id: int, subscription_id: str
) -> Membership | None:
    """The membership, if there is one."""
    parameters = {"program_id": program_id, "subscription_id": subscription_id}
    cursor = await connection.execute(_COLUMNS, parameters)
    return membership_in(await cursor.fetchall())


def send_membership(pipeline: Pipeline, membership: Membership, now: datetime) -> None:
    """The membership as it is now."""
    pipeline.send(
        UPDATE_MEMBERSHIP,
        {
            "program_id": b"%d" % membership.program_id,
            "subscription_id": membership.subscription_id.encode(),
            "status": membership.status.value.encode(),
            "stripe_status": membership.stripe_status.encode(),
            "stripe_customer_id": _text(membership.stripe_customer_id),
            "period_start": _time(membership.period_start),
            "period_end": _time(membership.period_end),
            "period_is_paid": b"t" if membership.period_is_paid else b"f",
            "granted_period_start": _time(membership.granted_period_start),
            "started_at": _time(membership.started_at),
            "question_number": b"%d" % membership.question_number,
            "now": _time(now),
        },
    )


async def latest_customer(connection: Connection, program_id: int, member_id: UUID) -> str | None:
    """What Stripe calls the member, if the member has bought anything."""
    cursor = await connection.execute(LATEST_CUSTOMER, {"program_id": program_id, "member_id": member_id})
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def count(connection: Connection, program_id: int, location_id: int, since: datetime) -> Figures:
    """The figures of a venue."""
    parameters = {"program_id": program_id, "location_id": location_id, "since": since}
    counts = []
    for statement in (COUNT_CONVERSIONS, COUNT_ACTIVE_MEMBERS):
        cursor = await connection.execute(statement, parameters)
        row = await cursor.fetchone()
        assert row is not None
        counts.append(int(row[0]))
    return Figures(*counts)


def _time(value: datetime | None) -> bytes | None:
    return None if value is None else value.isoformat().encode()


def _text(value: str | None) -> bytes | None:
    return None if value is None else value.encode()
