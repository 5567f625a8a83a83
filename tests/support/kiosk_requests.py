"""For every route of the kiosks a request that succeeds when the right caller sends it."""

from collections.abc import Callable
from typing import Any

import msgspec

from regulars.base.ids import new_id
from regulars.contracts.sessions.context import ADMIN_SCOPE
from tests.support.kiosks import PASS_TYPE, VENUE, Kiosks


class Prepared(msgspec.Struct, frozen=True):
    """A request that waits to be sent; a form is sent as browsers send it."""

    method: str
    path: str
    body: Any = None
    form: dict[str, str] | None = None
    query: dict[str, str] = {}


class World(msgspec.Struct):
    """A customer with a card, points and rewards, and the key of the shop's operator."""

    customer_id: str
    token: str
    admin_key: str


Prepare = Callable[[World], Any]


async def open_shop(shop: Kiosks) -> World:
    """A customer with eleven rewards."""
    await shop.set_program(rewards_per_cart_max=5)
    enrolled = await shop.enrol()
    await shop.pay(enrolled["customer_id"], 110_050, "ord_0")
    return World(enrolled["customer_id"], enrolled["wallet_token"], shop.keys[ADMIN_SCOPE])


def prepared(world: World, route: str) -> Prepared:
    """A new request for the route."""
    method, path = route.split(" ")
    content = REQUESTS[route](world)
    address = path.format(**places(world))
    if method == "GET":
        return Prepared(method, address, query=content or {})
    if route in FORMS:
        return Prepared(method, address, form=content)
    return Prepared(method, address, content)


def places(world: World) -> dict[str, str]:
    """What stands in the addresses."""
    return {
        "token": world.token,
        "device": "phone-1",
        "pass_type": PASS_TYPE,
        "serial": "1",
        "name": "sessions.css",
    }


def _always(**body: Any) -> Prepare:
    return lambda world: body or None


def _of_customer(**more: Any) -> Prepare:
    return lambda world: {"customer_id": world.customer_id, "venue_id": VENUE, **more}


def _order(world: World, **more: Any) -> dict[str, Any]:
    order_id = str(new_id())
    return {"order_id": order_id, "venue_id": VENUE, "payment_event_id": f"evt_{order_id}", **more}


REQUESTS: dict[str, Prepare] = {
    "POST /loyalty/resolve-customer-from-pass-token": lambda world: {
        "pass_token": world.token, "venue_id": VENUE, "device_id": "kiosk_01",
    },
    "POST /loyalty/upsert-customer-by-phone": _always(phone_raw="+447700900000", venue_id=VENUE),
    "POST /loyalty/get-balance": _of_customer(),
    "POST /loyalty/attach-customer-to-cart-session": _of_customer(cart_session_id="cart_1"),
    "POST /loyalty/apply-reward-to-cart": _of_customer(cart_session_id="cart_1", reward_count=1),
    "POST /loyalty/earn-points-from-paid-order": lambda world: _order(
        world, total_minor=2599, customer_id=world.customer_id, currency="GBP"
    ),
    "POST /loyalty/redeem-reward-after-payment": lambda world: _order(world, cart_session_id="cart_1"),
    "POST /loyalty/stripe-webhook": _always(),
    "POST /loyalty/membership-checkout-create-session": _of_customer(return_url="https://shop.test/thanks"),
    "POST /loyalty/monthly-reward-grant-job": _always(),
    "POST /loyalty/process-pass-update-jobs": _always(),
    "GET /membership": lambda world: {"customer_id": world.customer_id, "venue_id": VENUE},
    "GET /admin": _always(venue_id=VENUE),
    "POST /admin/sign-in": lambda world: {"admin_key": world.admin_key, "venue_id": VENUE},
    "POST /admin/sign-out": lambda world: {},
    "POST /api/issue-card": _always(phone_raw="+447700900000", venue_id=VENUE),
    "GET /api/card-branding": _always(venue_id=VENUE),
    "POST /api/card-branding": _always(venue_id=VENUE, brand_name="Sessions"),
    "GET /wallet/{token}": _always(),
    "GET /wallet/{token}/join": _always(),
    "GET /wallet/apple/{token}": _always(),
    "GET /wallet/google/{token}": _always(),
    "GET /wallet/style/{name}": _always(),
    "POST /wallet/apple/v1/devices/{device}/registrations/{pass_type}/{serial}": _always(pushToken="ab" * 32),
    "DELETE /wallet/apple/v1/devices/{device}/registrations/{pass_type}/{serial}": _always(),
    "GET /wallet/apple/v1/devices/{device}/registrations/{pass_type}": _always(),
    "GET /wallet/apple/v1/passes/{pass_type}/{serial}": _always(),
    "POST /wallet/apple/v1/log": _always(logs=["hello"]),
}  # fmt: skip
"""By method and path, as `authorisation_table` writes them."""
FORMS = {"POST /admin/sign-in", "POST /admin/sign-out"}
"""What pages of our own send."""


async def send(shop: Kiosks, request: Prepared, headers: dict[str, str], method: str | None = None) -> Any:
    """The answer to a prepared request."""
    sent: dict[str, Any] = {"json": request.body} if request.form is None else {"data": request.form}
    return await shop.client.request(
        method or request.method, request.path, params=request.query, headers=headers, **sent
    )
