"""For every route of the stores a request that succeeds when the right caller sends it."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from regulars.base.ids import new_id
from regulars.contracts.rejoes.shopify import SIGNATURE_HEADER, signature_of
from tests.support.stores import JPEG, SHOPIFY_SECRET, Stores, ok


class Prepared(msgspec.Struct, frozen=True):
    """A request that waits to be sent. `headers` are those that are no credential."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = {}
    files: dict[str, Any] | None = None


class World(msgspec.Struct):
    """A member with a card who has a garment and a picture of it."""

    member_id: str
    card: str
    photo_address: str


Prepare = Callable[[Stores, World], Awaitable[dict[str, Any]]]


async def open_store(shop: Stores) -> World:
    """A member of a plan that ends only with the tests."""
    many = {"items_per_cycle": 100_000, "swaps_per_cycle": 100_000, "items_out_max": 100_000}
    await shop.set_program(lending__plans={"BASIC": many}, rejoes__unknown_cards_per_minute=0)
    member_id = await shop.member("BASIC", "CARD-1")
    upload_id = ok(await shop.upload(member_id), 201)["uploadId"]
    loan = await shop.checkout(member_id, [upload_id])
    return World(member_id, "CARD-1", loan["photoUrl"])


async def prepared(shop: Stores, world: World, route: str) -> Prepared:
    """A new request for the route."""
    method, path = route.split(" ")
    more = await REQUESTS[route.replace(" /api/", " /")](shop, world)
    if "address" in more:
        return Prepared(method, more["address"])
    return Prepared(method, path.format(**places(world)), **more)


def places(world: World) -> dict[str, str]:
    """What stands in the addresses."""
    return {"cardToken": world.card, "memberId": world.member_id, "name": world.photo_address.split("/")[-1]}


async def send(shop: Stores, request: Prepared, headers: dict[str, str], method: str | None = None) -> Any:
    """The answer to a prepared request."""
    sent = {**request.headers, **headers}
    if request.files is not None:
        return await shop.client.request(
            method or request.method, request.path, data=request.body, files=request.files, headers=sent
        )
    raw = None if request.body is None else msgspec.json.encode(request.body)
    return await shop.client.request(method or request.method, request.path, content=raw, headers=sent)


async def _nothing(shop: Stores, world: World) -> dict[str, Any]:
    return {}


async def _seed(shop: Stores, world: World) -> dict[str, Any]:
    return {"body": {"cardToken": f"CARD-{new_id()}"}}


async def _add(shop: Stores, world: World) -> dict[str, Any]:
    return {"body": {"cardToken": f"CARD-{new_id()}", "shopifyCustomerId": str(new_id())}}


async def _upload(shop: Stores, world: World) -> dict[str, Any]:
    return {"body": {"memberId": world.member_id}, "files": {"photo": ("a.jpg", JPEG, "image/jpeg")}}


async def _photo(shop: Stores, world: World) -> dict[str, Any]:
    return {"address": world.photo_address}


def _once(**body: Any) -> dict[str, Any]:
    return {"body": body, "headers": {"x-idempotency-key": str(new_id())}}


async def _checkout(shop: Stores, world: World) -> dict[str, Any]:
    uploads = await shop.photos(world.member_id)
    return _once(memberId=world.member_id, uploadIds=uploads, storeLocation="Store A")


async def _return(shop: Stores, world: World) -> dict[str, Any]:
    loan = await shop.checkout(world.member_id)
    return _once(memberId=world.member_id, loanId=loan["id"])


async def _swap(shop: Stores, world: World) -> dict[str, Any]:
    loan, uploads = await shop.checkout(world.member_id), await shop.photos(world.member_id)
    return _once(memberId=world.member_id, loanId=loan["id"], storeLocation="Store A", uploadIds=uploads)


def _signed(body: Any) -> dict[str, Any]:
    signature = signature_of(msgspec.json.encode(body), SHOPIFY_SECRET).decode()
    return {"body": body, "headers": {SIGNATURE_HEADER: signature}}


async def _subscription(shop: Stores, world: World) -> dict[str, Any]:
    return _signed({"type": "updated", "data": {"shopifyCustomerId": str(new_id()), "status": "ACTIVE"}})


async def _deletion(shop: Stores, world: World) -> dict[str, Any]:
    return _signed({"shopifyCustomerId": str(new_id())})


REQUESTS: dict[str, Prepare] = {
    "POST /members/dev/seed-member": _seed,
    "POST /members/add": _add,
    "GET /members/by-card/{cardToken}": _nothing,
    "POST /uploads/loan-photo": _upload,
    "GET /uploads/loan-photo/{name}": _photo,
    "GET /loans/active/{memberId}": _nothing,
    "GET /loans/active": _nothing,
    "POST /loans/checkout": _checkout,
    "POST /loans/return": _return,
    "POST /loans/swap": _swap,
    "POST /webhooks/subscription": _subscription,
    "POST /webhooks/customers/delete": _deletion,
}
"""By method and path; those below /api are the same."""
ONE_ADDRESS = "GET /uploads/loan-photo/{name}"
"""The address is one of ours and not the contract's, so there is no other."""
EVERY = [
    *REQUESTS, *(route.replace(" /", " /api/") for route in REQUESTS if route != ONE_ADDRESS)
]  # fmt: skip
