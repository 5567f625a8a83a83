"""The statements for sales, their items, preferences and visits. All go out through a `Pipeline`."""

from datetime import datetime
from typing import Any, LiteralString

import msgspec
from msgspec.structs import asdict

from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.access.model import Location
from regulars.features.sales.model import Customer, Entry, LoggedSale

# The id is handed over to what goes out after it (`db.handover`).
READ_CUSTOMER = Statement("""
select m.member_id, m.staff, m.home_location_id, v.visits,
    exists (select from programs_told_of_tiers where program_id = %(program_id)s),
    (
        select t.tier from told_tiers t
        where t.program_id = %(program_id)s and t.member_id = m.member_id
            and t.location_id = %(location_id)s
    ),
    set_config('regulars.member_id', m.member_id::text, true)
from (
    select member_id, staff, home_location_id from members
    where program_id = %(program_id)s and number = %(number)s and status <> 'erased'
    limit 1
) m
cross join lateral (
    select count(*) as visits from sales s
    where s.program_id = %(program_id)s and s.member_id = m.member_id and s.sold_at >= %(since)s
) v
""")

# One statement, and so one transaction by itself. Preferences are locked in an order that all tills share, so
# that two sales of one customer never wait for each other in a circle.
_INTO_SALES: LiteralString = """
with sale as (
    insert into sales (
        program_id, location_id, member_id, ticket_id, fingerprint, currency, total_minor, wet_minor,
        dry_minor, claimed_discount_type, claimed_tier, claimed_wet_discount_minor,
        claimed_dry_discount_minor, promo_code, promo_id, promo_unknown, promo_objection, tier, visits,
        discount_type, wet_percent, dry_percent, wet_discount_minor, dry_discount_minor, wet_account,
        dry_account, sold_at
    )
    select %(program_id)s, r.location_id, r.member_id, r.ticket_id, r.fingerprint, r.currency,
        r.total_minor, r.wet_minor, r.dry_minor, r.claimed_discount_type, r.claimed_tier,
        r.claimed_wet_discount_minor, r.claimed_dry_discount_minor, r.promo_code, r.promo_id,
        r.promo_unknown, r.promo_objection, r.tier, r.visits, r.discount_type, r.wet_percent, r.dry_percent,
        r.wet_discount_minor, r.dry_discount_minor, r.wet_account, r.dry_account, r.sold_at
    from json_to_record(%(sale)s::json) as r (
        location_id integer, member_id uuid, ticket_id text, fingerprint bytea, currency text,
        total_minor bigint, wet_minor bigint, dry_minor bigint, claimed_discount_type text,
        claimed_tier text, claimed_wet_discount_minor bigint, claimed_dry_discount_minor bigint,
        promo_code text, promo_id integer, promo_unknown boolean, promo_objection text, tier text,
        visits integer, discount_type text, wet_percent numeric, dry_percent numeric,
        wet_discount_minor bigint, dry_discount_minor bigint, wet_account text, dry_account text,
        sold_at timestamptz
    )
"""
_WITH_ALL_OF_IT: LiteralString = """
    returning sale_id, member_id, location_id, sold_at
),
items as (
    insert into sale_items (
        program_id, sale_id, position, product_name, product_group, quantity, price_minor, stock_type
    )
    select %(program_id)s, s.sale_id, r.position, r.product_name, coalesce(r.product_group, ''), r.quantity,
        r.price_minor, r.stock_type
    from sale s
    cross join rows from (
        json_to_recordset(%(items)s::json) as (
            product_name text, product_group text, quantity numeric, price_minor bigint, stock_type text
        )
    ) with ordinality as r (product_name, product_group, quantity, price_minor, stock_type, position)
),
taste as (
    insert into preferences as p (
        program_id, member_id, location_id, product_name, product_group, stock_type, quantity, sale_count,
        last_at
    )
    select %(program_id)s, s.member_id, s.location_id, r.product_name, r.product_group, r.stock_type,
        r.quantity, 1, s.sold_at
    from sale s
    cross join json_to_recordset(%(preferences)s::json) as r (
        product_name text, product_group text, stock_type text, quantity numeric
    )
    order by r.product_name collate "C", r.product_group collate "C", r.stock_type
    on conflict (program_id, member_id, location_id, product_name, product_group, stock_type) do update
    set quantity = p.quantity + excluded.quantity, sale_count = p.sale_count + 1,
        last_at = greatest(p.last_at, excluded.last_at)
)
select sale_id from sale
"""

# The key decides which till logs a ticket: for all others the first part gives no row, and nothing is
# written.
INSERT_SALE = Statement(
    _INTO_SALES
    + "on conflict (program_id, location_id, ticket_id) where ticket_id is not null do nothing"
    + _WITH_ALL_OF_IT
)

# The key refuses the statement to all others, and with it what was sent after it.
INSERT_SALE_OR_FAIL = Statement(_INTO_SALES + _WITH_ALL_OF_IT)

READ_TICKET = Statement("""
select fingerprint, sale_id, promo_unknown, promo_overused from sales
where program_id = %(program_id)s and location_id = %(location_id)s and ticket_id = %(ticket_id)s
""")

FLAG_OVERUSE = Statement("""
update sales set promo_overused = true where program_id = %(program_id)s and sale_id = %(sale_id)s
""")

TICKET_KEY = "ticket_is_unique_per_hotel"

_json = msgspec.json.Encoder().encode


def send_customer(pipeline: Pipeline, hotel: Location, number: int, since: datetime) -> Sent:
    """The question for the member with this number, active or not, and the visits from `since` on.

    One row, or none. It leaves the `member_id` to the statements after it.
    """
    parameters = {
        "program_id": b"%d" % hotel.program_id,
        "location_id": b"%d" % hotel.location_id,
        "number": b"%d" % number,
        "since": since.isoformat().encode(),
    }
    return pipeline.send(READ_CUSTOMER, parameters)


def customer_in(sent: Sent) -> Customer | None:
    """What was answered, or None when there is nobody."""
    return Customer(*sent.rows[0][:-1]) if sent.rows else None


async def insert_sale(pipeline: Pipeline, entry: Entry) -> int | None:
    """The id of the sale, written with all that belongs to it; None when its ticket was logged before.

    One round trip, which waits for another till that is just logging the same ticket.
    """
    sent = pipeline.send(INSERT_SALE, _parameters(entry))
    await pipeline.flush()
    return int(sent.rows[0][0]) if sent.rows else None


def send_sale(pipeline: Pipeline, entry: Entry) -> Sent:
    """The same, to go out with what depends on it: one row with the id.

    A flush raises UniqueViolation of TICKET_KEY when its ticket was logged before.
    """
    return pipeline.send(INSERT_SALE_OR_FAIL, _parameters(entry))


async def read_ticket(
    pipeline: Pipeline, program_id: int, location_id: int, ticket_id: str
) -> tuple[bytes, LoggedSale]:
    """The fingerprint of a ticket that was logged at the hotel before, and its sale. One round trip."""
    parameters = {
        "program_id": b"%d" % program_id,
        "location_id": b"%d" % location_id,
        "ticket_id": ticket_id.encode(),
    }
    sent = pipeline.send(READ_TICKET, parameters)
    await pipeline.flush()
    # Sales are never deleted, and what was in the way of the insert has been committed.
    [(fingerprint, sale_id, promo_unknown, promo_overused)] = sent.rows
    return fingerprint, LoggedSale(sale_id, True, promo_unknown, promo_overused)


def send_overuse(pipeline: Pipeline, program_id: int, sale_id: int) -> Sent:
    """The mark on a sale whose promo had no use left."""
    return pipeline.send(FLAG_OVERUSE, {"program_id": b"%d" % program_id, "sale_id": b"%d" % sale_id})


def _parameters(entry: Entry) -> dict[str, bytes]:
    sale: dict[str, Any] = {
        **asdict(entry.new),
        **asdict(entry.reckoning),
        "location_id": entry.location_id,
        "currency": entry.currency,
        "member_id": entry.member_id,
        "fingerprint": "\\x" + entry.fingerprint.hex(),
        "sold_at": entry.sold_at,
    }
    items = sale.pop("items")
    return {
        "program_id": b"%d" % entry.program_id,
        "sale": _json(sale),
        "items": _json(items),
        "preferences": _json(entry.preferences),
    }
