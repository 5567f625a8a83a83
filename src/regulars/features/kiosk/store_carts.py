"""The statements for carts and the rewards that are held for them. All go out through a `Pipeline`."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.access.model import Location
from regulars.features.kiosk.model_orders import HoldRequest, HoldStatus, StoredHold
from regulars.features.kiosk.store_parameters import at_venue, fields_of

# No row for a customer who is unknown, of another program, or erased.
_NEW_CART: LiteralString = """
insert into carts (program_id, location_id, cart_session_id, member_id, attached_at)
select %(program_id)s, %(location_id)s, %(cart_session_id)s, m.member_id, %(now)s
from (
    select member_id from members
    where program_id = %(program_id)s and member_id = %(member_id)s and status <> 'erased'
    limit 1
) m
on conflict (program_id, location_id, cart_session_id)
"""

ATTACH = Statement(
    _NEW_CART
    + """
do update set member_id = excluded.member_id, attached_at = excluded.attached_at
returning member_id
"""
)

OPEN_CART = Statement(_NEW_CART + "do nothing")

# The cart that is named, and the one that the order is known to come from.
_CARTS: LiteralString = """
from (
    select %(cart_session_id)s::text as cart_session_id
    union
    (
        select cart_session_id from paid_orders
        where program_id = %(program_id)s and location_id = %(location_id)s and order_id = %(order_id)s
        limit 1
    )
    order by 1
) r
cross join lateral (
    select * from carts c
    where c.program_id = %(program_id)s and c.location_id = %(location_id)s
        and c.cart_session_id = r.cart_session_id
    limit 1
"""

LOCK_CARTS = Statement("select c.cart_session_id, c.member_id" + _CARTS + "for update) c")

_HOLD: LiteralString = """
select h.program_id, h.location_id, h.hold_id, h.cart_session_id, h.member_id, h.venue_rewards,
    h.program_rewards, h.venue_hold_id, h.program_hold_id, h.discount_minor, h.status, h.expires_at,
    h.order_id, h.created_at, h.closed_at
"""

# Nobody asks for older ones: what counts is what lives, and the newest.
_NEWEST_HOLDS: LiteralString = """) c
cross join lateral (
    select * from cart_holds h
    where h.program_id = %(program_id)s and h.location_id = %(location_id)s
        and h.cart_session_id = c.cart_session_id
    order by h.hold_id desc
    limit 20
    for update
) h
"""

LOCK_HOLDS = Statement(_HOLD + _CARTS + _NEWEST_HOLDS)

READ_HOLD = Statement(
    _HOLD
    + """
from cart_holds h
where program_id = %(program_id)s and hold_id = %(hold_id)s
"""
)

INSERT_HOLD = Statement("""
insert into cart_holds (
    program_id, location_id, hold_id, cart_session_id, member_id, venue_rewards, program_rewards,
    venue_hold_id, program_hold_id, discount_minor, status, expires_at, created_at
)
values (
    %(program_id)s, %(location_id)s, %(hold_id)s, %(cart_session_id)s, %(member_id)s, %(venue_rewards)s,
    %(program_rewards)s, %(venue_hold_id)s, %(program_hold_id)s, %(discount_minor)s, %(status)s,
    %(expires_at)s, %(created_at)s
)
""")

CLOSE_HOLD = Statement("""
update cart_holds
set status = %(status)s, order_id = %(order_id)s, closed_at = %(now)s
where program_id = %(program_id)s and hold_id = %(hold_id)s
""")

# Whoever holds or redeems is left alone: it knows by itself what has lapsed.
EXPIRE_HOLDS = Statement("""
with due as materialized (
    select program_id, hold_id from cart_holds
    where status = 'active' and expires_at <= %(now)s
    order by expires_at
    limit %(limit)s
    for update skip locked
)
update cart_holds h
set status = 'expired', closed_at = %(now)s
from due
where h.program_id = due.program_id and h.hold_id = due.hold_id
returning h.hold_id
""")

READ_REQUEST = Statement("""
select program_id, location_id, scope, key, cart_session_id, member_id, reward_count, hold_id, refusal,
    created_at
from cart_hold_requests
where program_id = %(program_id)s and location_id = %(location_id)s and scope = %(scope)s and key = %(key)s
""")

INSERT_REQUEST = Statement("""
insert into cart_hold_requests (
    program_id, location_id, scope, key, cart_session_id, member_id, reward_count, hold_id, refusal,
    created_at
)
values (
    %(program_id)s, %(location_id)s, %(scope)s, %(key)s, %(cart_session_id)s, %(member_id)s,
    %(reward_count)s, %(hold_id)s, %(refusal)s, %(created_at)s
)
""")

# By row address, for rows that nobody changes: a join with a set of unknown size would be planned over all.
FORGET_REQUESTS = Statement("""
delete from cart_hold_requests
where ctid = any(array(
    select ctid from cart_hold_requests where created_at < %(older_than)s limit %(limit)s
))
returning 1
""")


def send_attach(
    pipeline: Pipeline, venue: Location, cart_session_id: str, member_id: UUID, now: datetime
) -> Sent:
    """The cart is the customer's from now on; one row, or none when there is no such customer."""
    keys = at_venue(venue, cart_session_id=cart_session_id, member_id=member_id, now=now)
    return pipeline.send(ATTACH, keys)


def send_open(
    pipeline: Pipeline, venue: Location, cart_session_id: str, member_id: UUID, now: datetime
) -> None:
    """The cart is there; it is the customer's if it was nobody's."""
    keys = at_venue(venue, cart_session_id=cart_session_id, member_id=member_id, now=now)
    pipeline.send(OPEN_CART, keys)


def send_lock(
    pipeline: Pipeline, venue: Location, cart_session_id: str | None, order_id: str | None
) -> tuple[Sent, Sent]:
    """The carts that are named, or that the order comes from, and their newest holds, all of them locked.

    Whoever else wants to hold or redeem rewards of these carts waits, and then finds what was done.
    """
    keys = at_venue(venue, cart_session_id=cart_session_id, order_id=order_id)
    return pipeline.send(LOCK_CARTS, keys), pipeline.send(LOCK_HOLDS, keys)


def customer_in(carts: Sent) -> UUID | None:
    """Whose cart it is; None when it is nobody's."""
    return carts.rows[0][1] if carts.rows else None


def holds_in(sent: Sent) -> list[StoredHold]:
    """The holds that were found."""
    names = StoredHold.__struct_fields__
    rows = [dict(zip(names, row, strict=True)) for row in sent.rows]
    return [StoredHold(**{**row, "status": HoldStatus(row["status"])}) for row in rows]


def send_hold_question(pipeline: Pipeline, venue: Location, hold_id: UUID) -> Sent:
    """One hold of the venue."""
    return pipeline.send(READ_HOLD, at_venue(venue, hold_id=hold_id))


def send_hold(pipeline: Pipeline, hold: StoredHold) -> None:
    """A new hold. The flush raises UniqueViolation when the customer has an active one on the cart."""
    pipeline.send(INSERT_HOLD, fields_of(hold))


def send_expired(pipeline: Pipeline, venue: Location, holds: Sequence[StoredHold], now: datetime) -> None:
    """The holds, which are locked, have lapsed."""
    _send_closed(pipeline, venue, holds, HoldStatus.EXPIRED, None, now)


def send_redeemed(
    pipeline: Pipeline, venue: Location, holds: Sequence[StoredHold], order_id: str, now: datetime
) -> None:
    """The holds, which are locked, were redeemed with the order, which has to be there."""
    _send_closed(pipeline, venue, holds, HoldStatus.REDEEMED, order_id, now)


def _send_closed(
    pipeline: Pipeline,
    venue: Location,
    holds: Sequence[StoredHold],
    status: HoldStatus,
    order_id: str | None,
    now: datetime,
) -> None:
    for hold in holds:
        parameters = at_venue(venue, hold_id=hold.hold_id, status=status, order_id=order_id, now=now)
        pipeline.send(CLOSE_HOLD, parameters)


def send_request_question(pipeline: Pipeline, venue: Location, scope: str, key: str) -> Sent:
    """What a key led to."""
    return pipeline.send(READ_REQUEST, at_venue(venue, scope=scope, key=key))


def request_in(sent: Sent) -> HoldRequest | None:
    """What the key led to, or None when it is new."""
    if not sent.rows:
        return None
    return HoldRequest(**dict(zip(HoldRequest.__struct_fields__, sent.rows[0], strict=True)))


def send_request(pipeline: Pipeline, request: HoldRequest) -> None:
    """What a key led to. The flush raises UniqueViolation when it led to something meanwhile."""
    pipeline.send(INSERT_REQUEST, fields_of(request))
