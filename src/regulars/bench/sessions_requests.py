"""What kiosks do at a benchmark, over HTTP."""

from regulars.bench.sessions_ground import MEMBER_ID_PREFIX, VENUE, KioskGround
from regulars.bench.sessions_yardstick import APPLY_YARDSTICK, EARN_YARDSTICK
from regulars.bench.sweep import Request

HEADERS = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["{header}"] = "{key}"
math.randomseed(os.time())
local run, count = math.random(1, 2^31), 0
local function customer()
    return string.format("{prefix}%012x", math.random(1, {customers}))
end
"""

# The published example of an order that names its customer: each a new one.
EARN_LOAD = (
    HEADERS
    + """
function request()
    count = count + 1
    local id = run .. "-" .. count
    return wrk.format(nil, nil, nil, '{{"order_id":"ord_' .. id .. '","venue_id":"{venue}",'
        .. '"payment_event_id":"evt_paid_' .. id .. '","total_minor":2599,"currency":"GBP",'
        .. '"paid_at":"2026-02-17T09:30:00.000Z","customer_id":"' .. customer()
        .. '","cart_session_id":"cart_' .. id .. '"}}')
end
"""
)

APPLY_LOAD = (
    HEADERS
    + """
function request()
    count = count + 1
    local id = run .. "-" .. count
    wrk.headers["x-idempotency-key"] = "apply-" .. id
    return wrk.format(nil, nil, nil, '{{"cart_session_id":"cart_' .. id .. '","customer_id":"' .. customer()
        .. '","venue_id":"{venue}","reward_count":1}}')
end
"""
)


def earn(ground: KioskGround) -> Request:
    """An order of somebody of all customers was paid."""
    return Request(
        "earn",
        "/loyalty/earn-points-from-paid-order",
        _load(EARN_LOAD, ground, "x-internal-api-key"),
        _yardstick(EARN_YARDSTICK, ground),
    )


def apply(ground: KioskGround) -> Request:
    """Somebody of all customers wants a reward taken off a cart that is nobody's yet."""
    return Request(
        "apply",
        "/loyalty/apply-reward-to-cart",
        _load(APPLY_LOAD, ground, "x-kiosk-secret"),
        _yardstick(APPLY_YARDSTICK, ground),
    )


def _load(script: str, ground: KioskGround, header: str) -> str:
    return script.format(
        header=header, key=ground.key, prefix=MEMBER_ID_PREFIX, customers=ground.customers, venue=VENUE
    )


def _yardstick(script: str, ground: KioskGround) -> str:
    return script.format(
        customers=ground.customers,
        program_id=ground.program_id,
        location_id=ground.location_id,
        member=f"('{MEMBER_ID_PREFIX}' || lpad(to_hex(:customer::bigint), 12, '0'))::uuid",
    )
