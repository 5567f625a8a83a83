"""What happens at a shop all day, and the same reads and writes for pgbench, a prepared statement each.

Each click and each buyer comes from a device and an address of its own, for what comes from one source is no
longer believed after a while.
"""

from regulars.bench.fittwin_ground import RID_PREFIX, ShopGround
from regulars.bench.sweep import Request

LOAD = """
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-Internal-API-Key"] = "{key}"
wrk.headers["User-Agent"] = "bench"
math.randomseed(os.time())
local run, count = math.random(1, 2^31), 0
local function rid()
    return string.format("{prefix}%017d", math.random(1, {owners}))
end
local function address()
    return math.random(1, 223) .. "." .. math.random(0, 255) .. "." .. math.random(0, 255) .. "."
        .. math.random(0, 255)
end
"""

VALIDATE_LOAD = (
    LOAD
    + """
function request()
    count = count + 1
    local name = run .. "-" .. count
    return wrk.format("POST", nil, nil, '{{"rid":"' .. rid() .. '","orderId":"' .. name .. '","userId":"user-'
        .. name .. '","deviceFingerprint":"device-' .. name .. '","ip":"' .. address() .. '"}}')
end
"""
)

CLICK_LOAD = (
    LOAD
    + """
function request()
    wrk.headers["X-Forwarded-For"] = address()
    return wrk.format("GET", "/r/" .. rid())
end
"""
)

_LINK = """\\set owner random(1, {owners})
begin;
select r.rid, r.owner_id, r.product_id from referrals r
where r.program_id = {program_id} and r.rid = '{prefix}' || lpad((:owner)::text, 17, '0') \\gset
select slug from products where program_id = {program_id} and product_id = :product_id;
"""

VALIDATE_YARDSTICK = """
{link}select gen_random_uuid() as name \\gset
select order_id from referral_conversions where program_id = {program_id} and order_id = :name;
select o.person, exists (
    select from referral_sightings
    where program_id = {program_id} and kind = 'device' and role = 'owner' and person = o.person
        and source = sha256(:name::text::bytea)
)
from referrers o where o.program_id = {program_id} and o.member_id = :owner_id;
select count(*) from referral_sightings
where program_id = {program_id} and kind = 'device' and role = 'buyer'
    and source = sha256(:name::text::bytea);
insert into referral_conversions (
    program_id, order_id, rid, owner_id, status, buyer, device, address, currency, created_at, reward_type,
    reward_amount
)
values (
    {program_id}, :name, :rid, :owner_id, 'candidate', sha256(:name::text::bytea),
    sha256(:name::text::bytea), sha256(:name::text::bytea), 'USD', now(), 'storeCredit', 1000
);
insert into referral_sightings (program_id, kind, source, role, person, seen_at)
values
    ({program_id}, 'device', sha256(:name::text::bytea), 'buyer', sha256(:name::text::bytea), now()),
    ({program_id}, 'address', sha256(:name::text::bytea), 'buyer', sha256(:name::text::bytea), now());
end;
"""

CLICK_YARDSTICK = """
{link}select gen_random_uuid() as name \\gset
insert into referral_clicks (program_id, rid, device, counted_at)
values ({program_id}, :rid, sha256(:name::text::bytea), now());
update referrals set clicks = clicks + 1, events = events + 1
where program_id = {program_id} and rid = :rid
returning events \\gset
insert into referral_events (program_id, rid, number, event_id, type, occurred_at)
values ({program_id}, :rid, :events, :name, 'click', now());
end;
"""


def validate(ground: ShopGround) -> Request:
    """Somebody is about to pay for an order that came by one of all RIDs."""
    return _request("validate", "/referrals/validate", VALIDATE_LOAD, VALIDATE_YARDSTICK, ground)


def click(ground: ShopGround) -> Request:
    """Somebody follows one of all links."""
    return _request("click", "/", CLICK_LOAD, CLICK_YARDSTICK, ground)


def _request(what: str, path: str, load: str, yardstick: str, ground: ShopGround) -> Request:
    values: dict[str, str | int] = {
        "key": ground.key,
        "prefix": RID_PREFIX,
        "owners": ground.owners,
        "program_id": ground.program_id,
    }
    link = _LINK.format(**values)
    return Request(what, path, load.format(**values), yardstick.format(link=link, **values))
