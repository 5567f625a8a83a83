"""The statements for orders that were paid, and for what they redeemed. All go out through a `Pipeline`."""

from typing import LiteralString
from uuid import UUID

import msgspec

from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.access.model import Location
from regulars.features.kiosk.model import Dispute
from regulars.features.kiosk.model_orders import OrderStatus, RedeemedOrder, StoredOrder
from regulars.features.kiosk.store_parameters import at_venue, fields_of

_ORDER: LiteralString = """
select o.program_id, o.location_id, o.order_id, o.payment_event_id, o.status, o.total_minor, o.currency,
    o.paid_at, o.member_id, o.cart_session_id, o.points_earned, o.rewards_converted, o.earn_id,
    o.refunded_minor, o.disputes, o.points_taken_back, o.created_at, o.earned_at, o.updated_at
"""

# Those of the order and of the payment's event, which mostly are one and the same, or not there yet. They are
# locked in the order of their ids. The location is compared in the form in which each key has it.
_OF_ORDER_AND_EVENT: LiteralString = """
from (
    (
        select order_id from paid_orders
        where program_id = %(program_id)s and location_id = %(location_id)s and order_id = %(order_id)s
        limit 1
    )
    union
    (
        select order_id from paid_orders
        where program_id = %(program_id)s and location_id::bigint = %(location_id)s
            and payment_event_id = %(payment_event_id)s
        limit 1
    )
    order by 1
) r
cross join lateral (
    select * from paid_orders o
    where o.program_id = %(program_id)s and o.location_id = %(location_id)s and o.order_id = r.order_id
    limit 1
    for no key update
) o
"""

LOCK_ORDERS = Statement(_ORDER + _OF_ORDER_AND_EVENT)

# Who has paid, the surest first: whom the order earned for, who redeemed rewards with it, whose cart it was
# known to come from, and whose cart it is said to come from.
FIND_CUSTOMERS = Statement("""
with known as materialized (
    select member_id, cart_session_id from paid_orders
    where program_id = %(program_id)s and location_id = %(location_id)s and order_id = %(order_id)s
    limit 1
)
select 1 as place, member_id from known where member_id is not null
union all
(
    select 2, member_id from redeemed_orders
    where program_id = %(program_id)s and location_id = %(location_id)s and order_id = %(order_id)s
    limit 1
)
union all
select 3, c.member_id
from known
cross join lateral (
    select member_id from carts
    where program_id = %(program_id)s and location_id = %(location_id)s
        and cart_session_id = known.cart_session_id
    limit 1
) c
union all
(
    select 4, member_id from carts
    where program_id = %(program_id)s and location_id = %(location_id)s
        and cart_session_id = %(cart_session_id)s
    limit 1
)
order by place
""")

INSERT_ORDER = Statement("""
insert into paid_orders (
    program_id, location_id, order_id, payment_event_id, status, total_minor, currency, paid_at, member_id,
    cart_session_id, points_earned, rewards_converted, earn_id, refunded_minor, disputes, points_taken_back,
    created_at, earned_at, updated_at
)
values (
    %(program_id)s, %(location_id)s, %(order_id)s, %(payment_event_id)s, %(status)s, %(total_minor)s,
    %(currency)s, %(paid_at)s, %(member_id)s, %(cart_session_id)s, %(points_earned)s, %(rewards_converted)s,
    %(earn_id)s, %(refunded_minor)s, %(disputes)s, %(points_taken_back)s, %(created_at)s, %(earned_at)s,
    %(updated_at)s
)
""")

UPDATE_ORDER = Statement("""
update paid_orders
set payment_event_id = %(payment_event_id)s, status = %(status)s, total_minor = %(total_minor)s,
    currency = %(currency)s, paid_at = %(paid_at)s, member_id = %(member_id)s,
    cart_session_id = %(cart_session_id)s, points_earned = %(points_earned)s,
    rewards_converted = %(rewards_converted)s, earn_id = %(earn_id)s, refunded_minor = %(refunded_minor)s,
    disputes = %(disputes)s, points_taken_back = %(points_taken_back)s, earned_at = %(earned_at)s,
    updated_at = %(updated_at)s
where program_id = %(program_id)s and location_id = %(location_id)s and order_id = %(order_id)s
""")

READ_REDEEMED = Statement("""
select program_id, location_id, order_id, payment_event_id, member_id, rewards, redeemed_at
from (
    (
        select 1 as place, r.* from redeemed_orders r
        where program_id = %(program_id)s and location_id = %(location_id)s and order_id = %(order_id)s
        limit 1
    )
    union all
    (
        select 2, r.* from redeemed_orders r
        where program_id = %(program_id)s and location_id::bigint = %(location_id)s
            and payment_event_id = %(payment_event_id)s
        limit 1
    )
) r
order by place
limit 1
""")

INSERT_REDEEMED = Statement("""
insert into redeemed_orders (
    program_id, location_id, order_id, payment_event_id, member_id, rewards, redeemed_at
)
values (
    %(program_id)s, %(location_id)s, %(order_id)s, %(payment_event_id)s, %(member_id)s, %(rewards)s,
    %(redeemed_at)s
)
""")


def send_lock(
    pipeline: Pipeline, venue: Location, order_id: str | None, payment_event_id: str | None
) -> Sent:
    """The orders with this id or this payment's event, two at most, whose rows nobody else changes now."""
    keys = at_venue(venue, order_id=order_id, payment_event_id=payment_event_id)
    return pipeline.send(LOCK_ORDERS, keys)


def orders_in(sent: Sent) -> list[StoredOrder]:
    """The orders that were found."""
    names = StoredOrder.__struct_fields__
    rows = [dict(zip(names, row, strict=True)) for row in sent.rows]
    return [
        StoredOrder(
            **{
                **row,
                "status": OrderStatus(row["status"]),
                "disputes": msgspec.convert(row["disputes"], tuple[Dispute, ...]),
            }
        )
        for row in rows
    ]


def send_customers(pipeline: Pipeline, venue: Location, order_id: str, cart_session_id: str | None) -> Sent:
    """The question who paid the order, for when nobody says so."""
    return pipeline.send(FIND_CUSTOMERS, at_venue(venue, order_id=order_id, cart_session_id=cart_session_id))


def customer_in(sent: Sent) -> UUID | None:
    """Who paid, or None when nobody is known."""
    return sent.rows[0][1] if sent.rows else None


def send_new(pipeline: Pipeline, order: StoredOrder) -> None:
    """A new order. The flush raises UniqueViolation when it, or its payment's event, is known meanwhile."""
    pipeline.send(INSERT_ORDER, fields_of(order))


def send_changed(pipeline: Pipeline, order: StoredOrder) -> None:
    """The order as given, whose row is locked."""
    pipeline.send(UPDATE_ORDER, fields_of(order))


def send_redeemed_question(pipeline: Pipeline, venue: Location, order_id: str, payment_event_id: str) -> Sent:
    """What was redeemed already with the order, or for the payment's event."""
    keys = at_venue(venue, order_id=order_id, payment_event_id=payment_event_id)
    return pipeline.send(READ_REDEEMED, keys)


def redeemed_in(sent: Sent) -> RedeemedOrder | None:
    """What was redeemed, or None."""
    return RedeemedOrder(*sent.rows[0]) if sent.rows else None


def send_redeemed(pipeline: Pipeline, redeemed: RedeemedOrder) -> None:
    """What the order redeemed. The flush raises UniqueViolation when it did, or its event did, already."""
    pipeline.send(INSERT_REDEEMED, fields_of(redeemed))
