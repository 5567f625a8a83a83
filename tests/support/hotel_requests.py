"""For every route of the tills a request that succeeds when the right till sends it."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from regulars.base.ids import new_id
from tests.support.guests import Guests
from tests.support.hotels import BASE, Hotels


class Prepared(msgspec.Struct, frozen=True):
    """A request that waits to be sent. Where it is about a customer, it is about the guest."""

    method: str
    path: str
    body: Any = None


GUEST = 42
"""The guest's number, which nobody of another program has: small numbers exist in every program."""

Prepare = Callable[[Hotels], Awaitable[Any]]


async def open_bar(hub: Hotels) -> None:
    """A guest with a fob, and a promo code for everybody."""
    guests = Guests(hub)
    await guests.open()
    await guests.crowd(GUEST - 1)
    await guests.guest(email="john@example.com", identifiers=[("rfid", "F1", "Primary RFID Fob")])
    await guests.code()


async def prepared(hub: Hotels, route: str) -> Prepared:
    """A new request for the route, with everything in place that it needs in order to succeed."""
    method, path = route.split(" ")
    return Prepared(method, path, await REQUESTS[route](hub))


def _always(**body: Any) -> Prepare:
    async def request(hub: Hotels) -> Any:
        return body or None

    return request


async def _register(hub: Hotels) -> Any:
    return {"name": "Jane Doe", "email": f"{new_id()}@example.com", "rfid_code": f"R-{new_id()}"}


async def _add(hub: Hotels) -> Any:
    return {"customer_id": GUEST, "identifier": f"A-{new_id()}", "label": "Husband's fob"}


async def _replace(hub: Hotels) -> Any:
    added = await hub.add_fob(GUEST, f"A-{new_id()}")
    change = {"identifier_id": added["identifier_id"], "new_identifier": f"B-{new_id()}"}
    return {"customer_id": GUEST, **change}


async def _sale(hub: Hotels) -> Any:
    line = {"product_name": "Guinness", "product_group": "Drinks", "quantity": 2, "price": 5.50}
    sale = {"customer_id": GUEST, "ticket_id": f"T-{new_id()}", "total_amount": 11.00, "wet_total": 11.00}
    return {**sale, "promo_code": "SUMMER24", "items": [{**line, "stock_type": "wet"}]}


REQUESTS: dict[str, Prepare] = {
    f"POST {BASE}/identify": _always(identifier="F1"),
    f"POST {BASE}/transaction": _sale,
    f"POST {BASE}/register": _register,
    f"GET {BASE}/sync": _always(),
    f"POST {BASE}/identifier/add": _add,
    f"POST {BASE}/identifier/replace": _replace,
    f"POST {BASE}/promos/validate": _always(code="SUMMER24", total_amount=25.00),
    f"POST {BASE}/promos/apply": _always(code="SUMMER24", base_wet_discount=10, base_dry_discount=15),
}
"""By method and path, as `authorisation_table` writes them."""
