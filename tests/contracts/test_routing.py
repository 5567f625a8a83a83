"""Which route an address leads to, in whatever way it is written, and what is answered where none does."""

from typing import Any

import pytest

from tests.support.shop import Shop

LEADS = {
    "plain": ("/healthz", 200),
    "a slash at the end": ("/healthz/", 200),
    "doubled slashes": ("//healthz", 200),
    "a parameter": ("/till/cards/A1", 200),
    "a parameter and slashes": ("/till//cards/A1/", 200),
    "another case": ("/Healthz", 404),
    "one part too many": ("/till/cards/A1/more", 404),
    "another method's": ("/till/sales", 405),
}


@pytest.mark.parametrize(("path", "status"), LEADS.values(), ids=LEADS)
async def test_an_address_leads_to_its_route(shop: Shop, path: str, status: int) -> None:
    answer = await shop.client.get(f"http://shop.test{path}", headers={"x-till-key": shop.key})
    assert answer.status_code == status


async def test_a_proxy_may_put_the_server_under_a_path_of_its_own(shop: Shop) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": "/loyalty/healthz",
        "root_path": "/loyalty",
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
    }
    await shop.application(scope, receive, send)
    assert sent[0]["status"] == 200


HOSTS = {
    "a name": (b"shop.test", 200),
    "a port": (b"shop.test:8000", 200),
    "IPv6": (b"[::1]:8000", 200),
    "a path": (b"shop.test/evil", 400),
    "space": (b"shop.test evil", 400),
    "quotes": (b'shop.test"onload="', 400),
    "a line's end": (b"shop.test\n", 400),
}


@pytest.mark.parametrize(("host", "status"), HOSTS.values(), ids=HOSTS)
async def test_a_host_that_could_be_none_is_refused(shop: Shop, host: bytes, status: int) -> None:
    answer = await shop.client.get("/till/cards/A1", headers=[(b"host", host)])
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["code"] == "request_invalid"
