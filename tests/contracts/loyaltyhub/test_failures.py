"""What no till can help: the database away, a bug. Every route answers in the published envelope."""

from pathlib import Path
from typing import Any

import pytest

from regulars.db.database import Database, DatabaseUnavailable
from regulars.features.members import actions as members
from regulars.features.promos import actions as promos
from regulars.features.sales import actions as sales
from tests.support.hotel_requests import REQUESTS, Prepared, open_bar, prepared
from tests.support.hotels import HIGH_STREET, Answer, Hotels, beside, ok, refused

ADDRESS = "10.0.0.7"
WHERE_IT_BEGINS: dict[str, tuple[Any, str]] = {
    # For each route the action of the feature behind it that the test makes fail.
    "identify": (sales, "Welcoming"),
    "transaction": (sales, "log_sale"),
    "register": (members, "enrol"),
    "sync": (members, "list_many"),
    "add": (members, "add_identifier"),
    "replace": (members, "replace_identifier"),
    "validate": (promos, "objection"),
    "apply": (promos, "objection"),
}


@pytest.fixture(params=REQUESTS)
def route(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def send(hub: Hotels, request: Prepared, hotel: str = HIGH_STREET) -> Answer:
    return await hub.client.request(
        request.method, request.path, json=request.body, headers=hub.headers(hotel)
    )


def test_every_route_has_an_action_that_can_fail() -> None:
    assert {route.rpartition("/")[2] for route in REQUESTS} == set(WHERE_IT_BEGINS)


def check_outage(answer: Answer) -> None:
    refused(
        answer,
        503,
        "service_unavailable",
        "The server cannot do this right now. Try again in a moment.",
    )
    assert int(answer.headers["retry-after"]) >= 1
    assert ADDRESS not in answer.text


async def test_the_database_goes_away(hub: Hotels, monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    await open_bar(hub)
    ok(await send(hub, await prepared(hub, route)), 201 if route.endswith(("add", "ion", "ter")) else 200)
    request = await prepared(hub, route)
    with monkeypatch.context() as patched:
        patched.setattr(Database, "connection", away)
        patched.setattr(Database, "transaction", away)
        if "/promos/" in route:
            # A code without limits is answered from memory, as long as nothing is asked of a customer.
            request = Prepared(request.method, request.path, {**request.body, "customer_id": 42})
        check_outage(await send(hub, request))
    assert (await send(hub, request)).status_code < 300


async def test_a_server_that_knows_nothing_yet_cannot_even_tell_whose_key_it_is(
    hub: Hotels, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    await open_bar(hub)
    request = await prepared(hub, route)
    async with beside(hub, database_url, tmp_path / "other") as fresh:
        with monkeypatch.context() as patched:
            patched.setattr(Database, "connection", away)
            patched.setattr(Database, "transaction", away)
            check_outage(await send(fresh, request))
        assert (await send(fresh, request)).status_code < 300


async def test_a_bug_says_nothing_of_itself(hub: Hotels, monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    await open_bar(hub)
    request = await prepared(hub, route)

    def fail(*arguments: object, **more: object) -> None:
        raise RuntimeError("no customer John Smith")

    monkeypatch.setattr(*WHERE_IT_BEGINS[route.rpartition("/")[2]], fail)
    refused(await send(hub, request), 500, "internal_server_error", "Something went wrong on the server.")


def away(*arguments: object) -> None:
    raise DatabaseUnavailable(f"connection to {ADDRESS} lost")
