"""What goes wrong is answered in the contract's envelope, and says nothing that it should not."""

import asyncio
from typing import Any

import pytest

from regulars.http.failures import FailureKind, failure
from regulars.http.plain import plain_answer
from tests.support.shop import CANARY, Shop, scope_of

FAILURES: dict[str, tuple[str, str, bytes, int, str]] = {
    "an unknown address": ("GET", "/till/nothing", b"", 404, "route_unknown"),
    "another method": ("GET", "/till/sales", b"", 405, "method_not_allowed"),
    "a NUL in the address": ("GET", "/till/cards/%00", b"", 404, "route_unknown"),
    "no JSON": ("POST", "/till/sales", b"{", 400, "input_refused"),
    "a wrong field": ("POST", "/till/sales", b'{"card":"A1","amount":true}', 400, "input_refused"),
    "a body too large": ("POST", "/till/sales", b" " * 1_000_001, 413, "body_too_large"),
    "a refusal": ("GET", "/till/fail/teapot", b"", 418, "teapot"),
    "the database away": ("GET", "/till/fail/database", b"", 503, "unavailable"),
    "a bug": ("GET", "/till/fail/bug", b"", 500, "unexpected"),
    "a bug in finding the bug": ("GET", "/till/fail/unheard-of", b"", 500, "unexpected"),
}


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), FAILURES.values(), ids=FAILURES)
async def test_failures_come_in_the_contracts_envelope(
    shop: Shop, method: str, path: str, body: bytes, status: int, code: str
) -> None:
    answer = await shop.client.request(method, path, content=body, headers={"x-till-key": shop.key})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "10.0.0.7" not in answer.text
    assert CANARY not in answer.text


async def test_failures_carry_the_headers_that_http_wants(shop: Shop) -> None:
    wrong_method = await shop.client.get("/till/sales")
    assert sorted(wrong_method.headers["allow"].split(", ")) == ["OPTIONS", "POST"]
    unavailable = await shop.client.get("/till/fail/database")
    assert int(unavailable.headers["retry-after"]) >= 1
    too_large = await shop.post("/till/sales", b" " * 1_000_001)
    assert too_large.headers["connection"] == "close"


async def test_addresses_outside_the_contracts_have_a_plain_answer(shop: Shop) -> None:
    for path in ("/", "/nothing", "/tillage", "/favicon.ico"):
        answer = await shop.client.get(path)
        assert (answer.status_code, answer.json()["error"]) == (404, "route_unknown")


async def test_an_answer_that_breaks_in_the_middle_is_cut_and_not_completed(shop: Shop) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    await shop.application(scope_of("GET", "/till/show/broken"), receive, send)  # type: ignore[arg-type]
    assert [message["type"] for message in sent].count("http.response.start") == 1
    assert all(message.get("more_body", True) for message in sent)


def test_the_error_table_of_the_layer_itself_knows_every_kind() -> None:
    for kind in FailureKind:
        assert plain_answer(failure(kind)).status >= 400
