"""The application around the contracts: what handlers get, what routes say, how it opens and closes."""

from typing import Any

import pytest
from litestar import get

from regulars.app import create_application
from regulars.db.database import DatabaseUnavailable
from regulars.http.access import PUBLIC, authorisation_table, needs
from regulars.http.answers import Answer, json_answer
from regulars.http.contract import Contract
from regulars.http.openapi import undocumented_routes
from regulars.http.requests import HttpRequest
from regulars.settings import Settings
from tests.support.shop import SCOPE, TILL, Shop, Trouble, scope_of, till_errors


async def test_a_handler_gets_its_caller_and_its_body(shop: Shop) -> None:
    answer = await shop.post("/till/sales", b'{"card":"A1","amount":5}')
    assert answer.status_code == 200
    assert answer.json() == {"program_id": shop.program_id, "credential_id": 1, "amount": 5}


async def test_path_parameters_and_headers_are_text_whatever_bytes_they_are(shop: Shop) -> None:
    answer = await shop.client.get("/till/cards/caf%C3%A9", headers=[(b"x-note", b" caf\xe9 ")])
    assert answer.json() == ["café", "keyless", "café"]


async def test_a_public_route_knows_its_caller_if_there_is_one(shop: Shop) -> None:
    assert (await shop.client.get("/till/show/who")).json() is None
    answer = await shop.client.get("/till/show/who", headers={"x-till-key": shop.key})
    assert answer.json() == "till"


async def test_the_application_opens_and_closes_its_services_itself(shop: Shop) -> None:
    settings = shop.application.state["services"].settings
    application = create_application(settings, contracts=[TILL])
    async with application.lifespan(), application.state["services"].database.connection() as connection:
        await connection.execute("select 1")
    with pytest.raises(DatabaseUnavailable):
        async with application.state["services"].database.connection():
            pass


async def test_websockets_are_turned_away(shop: Shop) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    await shop.application(scope_of("GET", "/till/sales", kind="websocket"), receive, send)  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_every_route_says_what_it_asks_for(shop: Shop) -> None:
    rows = {(row.method, row.path): row for row in authorisation_table(shop.application)}
    assert rows["POST", "/till/sales"].access == needs(SCOPE)
    assert rows["POST", "/till/sales"].contract == "till"
    assert rows["GET", "/healthz"].access == PUBLIC
    assert {row.method for row in rows.values()} == {"GET", "POST"}
    assert undocumented_routes(shop.application) == []


def test_a_route_that_does_not_say_is_not_started() -> None:
    @get("/till/open")
    async def forgotten(request: HttpRequest) -> Answer:
        return json_answer(None)

    contract = Contract(
        name="till",
        title="",
        description="",
        handlers=[forgotten],
        paths=(),
        errors=till_errors,
        error_body=Trouble,
    )
    with pytest.raises(ValueError, match=r"GET /till/open \(forgotten\)"):
        create_application(Settings(mode="development"), contracts=[contract])
