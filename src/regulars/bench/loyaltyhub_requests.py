"""What tills do at a benchmark, and the same reads and inserts for pgbench, a prepared statement each.

pgbench works on the server's own tables, in its role and with its planner settings.
"""

from regulars.bench.loyaltyhub_ground import HotelGround
from regulars.bench.sweep import Request

BASE = "/wp-json/loyalty/v1"

HEADERS = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-API-Key"] = "{key}"
math.randomseed(os.time())
"""

IDENTIFY_LOAD = (
    HEADERS
    + """
function request()
    return wrk.format(nil, nil, nil, '{{"identifier":"FOB-' .. math.random(1, {customers}) .. '"}}')
end
"""
)

# The published example with its two lines, less the promo code, and with a ticket of its own each time.
TRANSACTION_LOAD = (
    HEADERS
    + """
local run, count = math.random(1, 2^31), 0
function request()
    count = count + 1
    return wrk.format(nil, nil, nil, '{{"customer_id":' .. math.random(1, {customers})
        .. ',"ticket_id":"T-' .. run .. "-" .. count
        .. '","total_amount":45.50,"wet_total":18.00,"dry_total":27.50,"wet_discount_amount":2.70,'
        .. '"dry_discount_amount":5.50,"discount_type":"discount","tier_at_visit":"Loyalty",'
        .. '"promo_code":null,"items":[{{"product_name":"Guinness","product_group":"Drinks","quantity":2,'
        .. '"price":5.50,"stock_type":"wet"}},{{"product_name":"Fish & Chips","product_group":"Mains",'
        .. '"quantity":1,"price":14.95,"stock_type":"dry"}}]}}')
end
"""
)

IDENTIFY_YARDSTICK = """
\\set customer random(1, {customers})
select i.label, m.member_id, m.number, m.name, m.email, m.home_location_id, m.staff
from identifiers i
join members m on m.program_id = i.program_id and m.member_id = i.member_id
where i.program_id = {program_id} and i.kind = 'rfid' and i.value = 'FOB-' || :customer
    and i.ended_at is null and m.status = 'active' \\gset
select count(*) from sales
where program_id = {program_id} and member_id = :member_id and sold_at >= now() - interval '28 days';
select promo_id, member_id, expires_at from promo_assignments
where program_id = {program_id} and member_id = :member_id;
select u.uses, m.uses
from promo_uses u
left join promo_member_uses m
    on m.program_id = u.program_id and m.promo_id = u.promo_id and m.member_id = :member_id
where u.program_id = {program_id} and u.promo_id = {limited_promo_id};
"""

TRANSACTION_YARDSTICK = """
\\set customer random(1, {customers})
begin;
select member_id, staff, home_location_id from members
where program_id = {program_id} and number = :customer and status <> 'erased' \\gset
select count(*) as visits from sales
where program_id = {program_id} and member_id = :member_id and sold_at >= now() - interval '28 days' \\gset
select promo_id, member_id, expires_at from promo_assignments
where program_id = {program_id} and member_id = :member_id;
insert into sales (
    program_id, location_id, member_id, ticket_id, fingerprint, currency, total_minor, wet_minor, dry_minor,
    claimed_discount_type, claimed_tier, claimed_wet_discount_minor, claimed_dry_discount_minor,
    promo_unknown, tier, visits, discount_type, wet_percent, dry_percent, wet_discount_minor,
    dry_discount_minor, wet_account, dry_account, sold_at
)
values (
    {program_id}, {location_id}, :member_id, gen_random_uuid()::text, sha256('ticket'), 'GBP', 4550, 1800,
    2750, 'discount', 'Loyalty', 270, 550, false, 'Loyalty', :visits, 'discount', 8, 15, 144, 413, '#2303',
    '#3303', now()
)
returning sale_id \\gset
insert into sale_items (
    program_id, sale_id, position, product_name, product_group, quantity, price_minor, stock_type
)
values
    ({program_id}, :sale_id, 1, 'Guinness', 'Drinks', 2, 550, 'wet'),
    ({program_id}, :sale_id, 2, 'Fish & Chips', 'Mains', 1, 1495, 'dry');
insert into preferences as p (
    program_id, member_id, location_id, product_name, product_group, stock_type, quantity, sale_count, last_at
)
values
    ({program_id}, :member_id, {location_id}, 'Fish & Chips', 'Mains', 'dry', 1, 1, now()),
    ({program_id}, :member_id, {location_id}, 'Guinness', 'Drinks', 'wet', 2, 1, now())
on conflict (program_id, member_id, location_id, product_name, product_group, stock_type) do update
set quantity = p.quantity + excluded.quantity, sale_count = p.sale_count + 1, last_at = excluded.last_at;
end;
"""


def identify(ground: HotelGround) -> Request:
    """Somebody of all customers holds a fob to the till."""
    return Request(
        "identify",
        f"{BASE}/identify",
        IDENTIFY_LOAD.format(key=ground.key, customers=ground.customers),
        IDENTIFY_YARDSTICK.format(
            customers=ground.customers,
            program_id=ground.program_id,
            limited_promo_id=ground.limited_promo_id,
        ),
    )


def transaction(ground: HotelGround) -> Request:
    """Somebody of all customers has paid."""
    return Request(
        "transaction",
        f"{BASE}/transaction",
        TRANSACTION_LOAD.format(key=ground.key, customers=ground.customers),
        TRANSACTION_YARDSTICK.format(
            customers=ground.customers, program_id=ground.program_id, location_id=ground.location_id
        ),
    )
