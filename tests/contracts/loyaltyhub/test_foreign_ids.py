"""Ids, codes and addresses of another program answer just like those that nobody has, and stay untouched."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from tests.support.footprint import differences, footprint
from tests.support.guests import Guests
from tests.support.hotels import BASE, ELSEWHERE, Answer, Hotels, hotels, ok
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

Request = tuple[str, dict[str, Any]]
FROM_ANOTHER_PROGRAM: list[tuple[str, Request]] = [
    # Whose id, and a request in which it stands for the sign *. Theirs is the only customer, number 1.
    ("customer", ("/transaction", {"customer_id": "*", "total_amount": 1, "ticket_id": "T"})),
    ("customer", ("/identifier/add", {"customer_id": "*", "identifier": "NEW"})),
    ("customer", ("/identifier/replace",
                  {"customer_id": "*", "identifier_id": 15, "new_identifier": "NEW"})),
    ("fob id", ("/identifier/replace", {"customer_id": 1, "identifier_id": "*", "new_identifier": "NEW"})),
    ("customer", ("/promos/validate", {"code": "THEIRS", "customer_id": "*"})),
    ("customer", ("/promos/apply", {"code": "THEIRS", "customer_id": "*"})),
    ("fob", ("/identify", {"identifier": "*"})),
    ("qr code", ("/identify", {"identifier": "*"})),
    ("email", ("/identify", {"identifier": "*"})),
    ("promo", ("/promos/validate", {"code": "*", "customer_id": 1, "total_amount": 5})),
    ("promo", ("/promos/apply", {"code": "*", "base_wet_discount": 5})),
    ("promo", ("/transaction", {"customer_id": 1, "total_amount": 1, "promo_code": "*"})),
    ("ticket", ("/transaction", {"customer_id": 1, "total_amount": 3, "ticket_id": "*"})),
    ("fob", ("/identifier/add", {"customer_id": 1, "identifier": "*"})),
    ("fob", ("/register", {"name": "Joe", "rfid_code": "*"})),
    ("email", ("/register", {"name": "Joe", "email": "*"})),
]  # fmt: skip
UNKNOWN = {
    "customer": 77, "fob id": 777, "fob": "NOBODYS", "qr code": "LHAAAAAAAAAAAA", "promo": "NOCODE",
    "email": "nobody@example.com", "ticket": "T-NEW",
}  # fmt: skip


class Neighbours(msgspec.Struct, frozen=True):
    """Hotels where much has happened, and the till of another program that may not know of it."""

    hub: Hotels
    database_url: str
    known: dict[str, Any]

    async def ask(self, request: Request, identifier: Any) -> tuple[Any, ...]:
        """All that the answer says to the other till, without the id and what it was given itself."""
        path, body = request
        sent = {name: identifier if value == "*" else value for name, value in body.items()}
        return _anonymous(await self.hub.post(path, sent, hotel=ELSEWHERE), identifier)


def _anonymous(answer: Answer, identifier: Any) -> tuple[Any, ...]:
    body = answer.json()
    for given in ("transaction_id", "identifier_id", "customer_id", "qr_code"):
        body.pop(given, None)
    text = msgspec.json.encode(body).decode().replace(f'"{identifier}"', "*")
    headers = {name for name in answer.headers if name != "x-request-id"}
    return answer.status_code, list(answer.json()), text, headers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def neighbours(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Neighbours]:
    """Both programs have a customer 1; ours has more, with everything that a request could name."""
    with postgres.migrated_database() as database_url:
        async with hotels(database_url, tmp_path_factory.mktemp("hotels")) as hub:
            await hub.register("Theirs", hotel=ELSEWHERE)
            guests = Guests(hub)
            await guests.crowd(41)
            await guests.code("OURCODE", usage_limit=1)
            await guests.code("OURBONUS")
            ours = await hub.register("Ours", email="ours@example.com", rfid_code="OURFOB")
            fob = (await hub.identifiers(ours["customer_id"]))[-1]
            sale = {"customer_id": 42, "total_amount": 1, "ticket_id": "T-OURS"}
            ok(await hub.post("/transaction", sale), 201)
            known = {
                "customer": 42, "fob id": fob.identifier_id, "fob": "OURFOB", "qr code": ours["qr_code"],
                "promo": "OURCODE", "email": "ours@example.com", "ticket": "T-OURS",
            }  # fmt: skip
            yield Neighbours(hub, database_url, known)


@pytest.mark.parametrize(("kind", "request_with_id"), FROM_ANOTHER_PROGRAM, ids=str)
async def test_an_id_of_another_program_is_an_unknown_id(
    neighbours: Neighbours, kind: str, request_with_id: Request
) -> None:
    ours = footprint(neighbours.database_url, neighbours.hub.program_id)
    foreign = await neighbours.ask(request_with_id, neighbours.known[kind])
    assert foreign == await neighbours.ask(request_with_id, UNKNOWN[kind])
    assert foreign[0] < 500
    assert differences(ours, footprint(neighbours.database_url, neighbours.hub.program_id)) == []


async def test_a_cursor_of_another_program_only_says_where_to_go_on(neighbours: Neighbours) -> None:
    hub = neighbours.hub
    cursor = (await hub.sync(limit=40))["next_cursor"]
    assert (await hub.sync(cursor=cursor))["count"] == 2
    before = (await hub.sync(hotel=ELSEWHERE))["customers"]
    answer = ok(await hub.client.get(f"{BASE}/sync?cursor={cursor}", headers=hub.headers(ELSEWHERE)))
    assert [customer for customer in answer["customers"] if customer not in before] == []


async def test_neither_sync_nor_identify_shows_what_is_elsewhere(neighbours: Neighbours) -> None:
    hub = neighbours.hub
    theirs = {customer["name"] for customer in (await hub.sync(hotel=ELSEWHERE))["customers"]}
    ours = {customer["name"] for customer in (await hub.sync())["customers"]}
    assert theirs & ours == set()
    registered = await hub.register("Jo", hotel=ELSEWHERE)
    known = ok(await hub.post("/identify", {"identifier": registered["qr_code"]}, hotel=ELSEWHERE))
    assert (known["available_promos"], known["home_hotel"]) == ([], ELSEWHERE)
