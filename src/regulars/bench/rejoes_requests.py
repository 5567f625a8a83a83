"""What stores ask at a benchmark, over HTTP. No photo is used twice, and no loan comes back twice."""

from regulars.bench.rejoes_ground import LOAN_PREFIX, MEMBER_PREFIX, PHOTO_PREFIX, STORE, StoreGround
from regulars.bench.rejoes_uploads import Others, paced
from regulars.bench.rejoes_yardstick import CHECKOUT_YARDSTICK, RETURN_YARDSTICK
from regulars.bench.sweep import Request

# Numbers are taken a few hundred at a time from a file, which all loads of a run share one after the other.
NUMBERS = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["x-api-key"] = "{key}"
local number, left = 0, 0
local function next_number()
    if left == 0 then
        local file = io.open("{numbers}", "r+")
        number, left = file:read("*n"), 500
        file:seek("set")
        file:write(string.format("%d", number + left))
        file:close()
    end
    number, left = number + 1, left - 1
    return number
end
local function member(number)
    return string.format("{member}%012x", 1 + number % {borrowers})
end
"""

CHECKOUT_LOAD = (
    NUMBERS
    + """
function request()
    local number = next_number()
    wrk.headers["x-idempotency-key"] = "checkout-" .. number
    return wrk.format(nil, nil, nil, '{{"memberId":"' .. member(number) .. '","uploadIds":["'
        .. string.format("{photo}%012x", number) .. '"],"storeLocation":"{store}"}}')
end
"""
)

RETURN_LOAD = (
    NUMBERS
    + """
function request()
    local number = next_number()
    wrk.headers["x-idempotency-key"] = "return-" .. number
    return wrk.format(nil, nil, nil, '{{"memberId":"' .. member(number) .. '","loanId":"'
        .. string.format("{loan}%012x", number) .. '"}}')
end
"""
)


# A till reads the card of somebody of all borrowers.
CARD_LOAD = """
wrk.headers["x-api-key"] = "{key}"
math.randomseed(os.time())
function request()
    return wrk.format("GET", "/members/by-card/CARD-" .. math.random(1, {borrowers}))
end
"""


def checkout(ground: StoreGround) -> Request:
    """One of all borrowers takes a garment along, of which there is a photo."""
    told: dict[str, str | int] = {
        "numbers": "photos",
        "event": "checked_out",
        "status": 201,
        "answer_parts": 40,
    }
    return _request("checkout", CHECKOUT_LOAD, CHECKOUT_YARDSTICK, ground, told)


def take_back(ground: StoreGround) -> Request:
    """One of all borrowers brings back a garment that was out when the run began."""
    told: dict[str, str | int] = {"numbers": "loans", "event": "returned", "status": 200, "answer_parts": 40}
    return _request("return", RETURN_LOAD, RETURN_YARDSTICK, ground, told)


def others(ground: StoreGround, url: str) -> Others:
    """What tills ask while photos are uploaded, with pauses as people make."""
    return Others(url, paced(CARD_LOAD.format(key=ground.key, borrowers=ground.borrowers)))


def _request(
    what: str, load: str, yardstick: str, ground: StoreGround, told: dict[str, str | int]
) -> Request:
    numbers = ground.directory / what
    numbers.write_text("0")
    served = load.format(
        key=ground.key,
        numbers=numbers,
        member=MEMBER_PREFIX,
        photo=PHOTO_PREFIX,
        loan=LOAN_PREFIX,
        borrowers=ground.borrowers,
        store=STORE,
    )
    asked = yardstick.format(
        what=what,
        program_id=ground.program_id,
        member_id=_id(MEMBER_PREFIX, f"1 + :number::bigint % {ground.borrowers}"),
        photo_id=_id(PHOTO_PREFIX, ":number::bigint"),
        loan_id=_id(LOAN_PREFIX, ":number::bigint"),
        store=STORE,
        **told,
    )
    return Request(what, f"/loans/{what}", served, asked)


def _id(prefix: str, number: str) -> str:
    """SQL for the id of that number."""
    return f"('{prefix}' || lpad(to_hex({number}), 12, '0'))::uuid"
