"""For every route of the application a request that succeeds when the right caller sends it."""

from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from regulars.base.ids import new_id
from tests.support.family import Family, ok
from tests.support.pictures import encoded, quarters


class Prepared(msgspec.Struct, frozen=True):
    """A request that waits to be sent. It is about leo, wherever it is about a child."""

    method: str
    path: str
    body: Any = None


Prepare = Callable[[Family], Awaitable[tuple[str, Any]]]


async def prepared(home: Family, route: str) -> Prepared:
    """A new request for the route, with everything in place that it needs in order to succeed."""
    path, body = await REQUESTS[route](home)
    return Prepared(route.partition(" ")[0], path, body)


async def new_hold(home: Family) -> dict[str, Any]:
    """A pending hold of leo's, asked for on leo's own device."""
    await home.earn(10)
    wish = {"userId": "leo", "itemId": home.reward_id}
    return ok(await home.post("/api/holds", wish, key="leo"), 201)


async def new_gift(home: Family) -> str:
    """A token that gives leo four points."""
    made = ok(await home.post("/api/tokens/give", {"userId": "leo", "amount": 4}))
    return str(made["token"])


def _always(path: str, **body: Any) -> Prepare:
    async def request(home: Family) -> tuple[str, Any]:
        return path, body or None

    return request


async def _redeem(home: Family) -> tuple[str, Any]:
    await home.earn(5)
    return "/ck/redeem", {"user_id": "leo", "amount": 5}


async def _refund(home: Family) -> tuple[str, Any]:
    await home.earn(5)
    redeemed = await home.redeem(5)
    about = {"user_id": "leo", "redeem_tx_id": redeemed["txId"], "amount": 1, "reason": "mis_tap"}
    return "/ck/refund", about


async def _reserve(home: Family) -> tuple[str, Any]:
    await home.earn(10)
    return "/api/holds", {"userId": "leo", "itemId": home.reward_id}


async def _approve(home: Family) -> tuple[str, Any]:
    hold = await new_hold(home)
    return f"/api/holds/{hold['holdId']}/approve", {"token": hold["token"], "finalCost": 8}


async def _cancel(home: Family) -> tuple[str, Any]:
    hold = await new_hold(home)
    return f"/api/holds/{hold['holdId']}/cancel", {"note": "Later"}


async def _quick(home: Family) -> tuple[str, Any]:
    return "/api/earn/quick", {"userId": "leo", "templateId": home.template_id}


async def _scan(home: Family) -> tuple[str, Any]:
    return "/api/earn/scan", {"token": await new_gift(home)}


async def _earn_token(home: Family) -> tuple[str, Any]:
    chores = [{"id": home.template_id, "count": 2}]
    return "/api/tokens/earn", {"userId": "leo", "templates": chores, "note": "Twice"}


async def _change_template(home: Family) -> tuple[str, Any]:
    path, _ = await _delete_template(home)
    return path, {"title": "All the windows", "points": 12}


async def _delete_template(home: Family) -> tuple[str, Any]:
    made = ok(await home.post("/api/earn-templates", {"title": "Windows", "points": 9}), 201)
    return f"/api/earn-templates/{made['id']}", None


async def _change_reward(home: Family) -> tuple[str, Any]:
    made = ok(await home.post("/api/rewards", {"name": "Pool", "cost": 6}), 201)
    return f"/api/rewards/{made['id']}", {"name": "Pool", "price": 7}


async def _create_member(home: Family) -> tuple[str, Any]:
    return "/api/members", {"userId": f"new-{new_id()}", "name": "New", "dob": "2017-05-14", "sex": "f"}


async def _erase_member(home: Family) -> tuple[str, Any]:
    _, body = await _create_member(home)
    ok(await home.post("/api/members", body), 201)
    return f"/api/members/{body['userId']}", None


async def _upload(home: Family) -> tuple[str, Any]:
    picture = b64encode(encoded(quarters(), "PNG")).decode()
    return "/admin/upload-image64", {"image64": f"data:image/png;base64,{picture}"}


async def _photo(home: Family) -> tuple[str, Any]:
    path, body = await _upload(home)
    return ok(await home.post(path, body))["url"], None


async def _scan_page(home: Family) -> tuple[str, Any]:
    return f"/scan?t={await new_gift(home)}", None


REQUESTS: dict[str, Prepare] = {
    "POST /ck/earn": _always("/ck/earn", user_id="leo", amount=1, note="Fed the cat"),
    "POST /ck/redeem": _redeem,
    "POST /ck/adjust": _always("/ck/adjust", user_id="leo", delta=1),
    "POST /ck/refund": _refund,
    "GET /ck/ledger/{userId}": _always("/ck/ledger/leo"),
    "POST /api/holds": _reserve,
    "GET /api/holds": _always("/api/holds?status=all"),
    "POST /api/holds/{hold_id}/approve": _approve,
    "POST /api/holds/{hold_id}/cancel": _cancel,
    "POST /api/earn/quick": _quick,
    "POST /api/earn/scan": _scan,
    "POST /api/tokens/earn": _earn_token,
    "POST /api/tokens/give": _always("/api/tokens/give", userId="leo", amount=4, note="Well done"),
    "GET /api/earn-templates": _always("/api/earn-templates"),
    "POST /api/earn-templates": _always("/api/earn-templates", title="Lawn", points=7, sort_order=1),
    "PATCH /api/earn-templates/{id}": _change_template,
    "DELETE /api/earn-templates/{id}": _delete_template,
    "GET /api/rewards": _always("/api/rewards"),
    "POST /api/rewards": _always("/api/rewards", name="Zoo", cost=30),
    "PATCH /api/rewards/{id}": _change_reward,
    "GET /api/members": _always("/api/members"),
    "POST /api/members": _create_member,
    "GET /api/members/{userId}": _always("/api/members/leo"),
    "PATCH /api/members/{userId}": _always("/api/members/leo", name="Leo", dob="2017-05-14"),
    "DELETE /api/members/{userId}": _erase_member,
    "GET /api/history": _always("/api/history"),
    "GET /api/history/user/{userId}": _always("/api/history/user/leo"),
    "GET /api/history.csv/{userId}": _always("/api/history.csv/leo"),
    "GET /balance/{userId}": _always("/balance/leo"),
    "GET /summary/{userId}": _always("/summary/leo"),
    "GET /api/features": _always("/api/features"),
    "GET /version": _always("/version"),
    "GET /api/admin/telemetry/core-health": _always("/api/admin/telemetry/core-health"),
    "POST /admin/upload-image64": _upload,
    "GET /photos/{name}": _photo,
    "GET /scan": _scan_page,
    "GET /scan/{name}": _always("/scan/scan.css"),
    "GET /docs": _always("/docs"),
    "GET /docs/openapi.json": _always("/docs/openapi.json"),
    "GET /docs/{name}": _always("/docs/cryptokids"),
    "GET /docs/{name}/openapi.json": _always("/docs/cryptokids/openapi.json"),
    "GET /docs/assets/{name}": _always("/docs/assets/docs.css"),
    "GET /healthz": _always("/healthz"),
    "GET /readyz": _always("/readyz"),
    "GET /metrics": _always("/metrics"),
}
"""By method and path, as `authorisation_table` writes them."""
