"""A request to each route of the FitTwin contract, made so that it must succeed."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from regulars.base.ids import new_id
from tests.support.market import Answer, Market

SHOPPER, SHOP, OPEN = "shopper", "shop", "anybody"


class Request(msgspec.Struct, frozen=True):
    """What is sent, without the headers of whoever sends it."""

    method: str
    path: str
    body: Any = None


Prepare = Callable[[Market], Awaitable[dict[str, Any]]]


async def _create(shop: Market) -> dict[str, Any]:
    return {"body": {"productId": await shop.product(), "channel": "social"}}


async def _rid(shop: Market) -> dict[str, Any]:
    return {"rid": await shop.rid()}


async def _click(shop: Market) -> dict[str, Any]:
    number = next(shop.numbers)
    return {
        "rid": await shop.rid(),
        "body": {"deviceFingerprint": f"clicks-{number}", "ip": f"clicks-{number}"},
    }


async def _validate(shop: Market) -> dict[str, Any]:
    number = next(shop.numbers)
    body = {
        "rid": await shop.rid(), "orderId": str(new_id()), "userId": str(new_id()),
        "deviceFingerprint": f"asks-{number}", "ip": f"asks-{number}",
    }  # fmt: skip
    return {"body": body}


async def _purchase(shop: Market) -> dict[str, Any]:
    body = {
        "rid": await shop.rid(), "orderId": str(new_id()), "orderTotal": 12900, "currency": "USD",
        "deliveredAt": "2026-03-01T12:00:00Z",
    }  # fmt: skip
    return {"body": body}


async def _order(shop: Market) -> dict[str, Any]:
    return {"orderId": await shop.buy(await shop.rid())}


REQUESTS: dict[str, tuple[Prepare, str, int]] = {
    "POST /referrals": (_create, SHOPPER, 201),
    "GET /referrals/{rid}": (_rid, SHOPPER, 200),
    "GET /referrals/{rid}/events": (_rid, SHOPPER, 200),
    "GET /r/{rid}": (_rid, OPEN, 302),
    "POST /referrals/{rid}/track-click": (_click, SHOP, 204),
    "POST /referrals/validate": (_validate, SHOP, 200),
    "POST /referrals/attribute-purchase": (_purchase, SHOP, 200),
    "POST /referrals/orders/{orderId}/refund": (_order, SHOP, 200),
    "POST /referrals/orders/{orderId}/cancel": (_order, SHOP, 200),
}
"""By method and path: how a request is made, who may send it, and what it is answered."""
EVERY = [*REQUESTS, *(route.replace(" /", " /api/v1/") for route in REQUESTS)]


def of(route: str) -> tuple[Prepare, str, int]:
    """The line of a route in the table."""
    return REQUESTS[route.replace("/api/v1", "")]


async def prepared(shop: Market, route: str) -> Request:
    """A request to the route about something new, so that Ann's limits are never met."""
    await shop.set_program(referrals__referrals_per_day_max=1000, referrals__events_per_hour_max=900)
    made = await of(route)[0](shop)
    method, _, path = route.partition(" ")
    body = made.pop("body", None)
    return Request(method, path.format(**made), body)


async def send(shop: Market, request: Request, headers: dict[str, str], method: str | None = None) -> Answer:
    """The answer to whoever has these headers."""
    raw = None if request.body is None else msgspec.json.encode(request.body)
    return await shop.client.request(method or request.method, request.path, content=raw, headers=headers)
