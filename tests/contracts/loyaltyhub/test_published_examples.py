"""The published examples of registering, fobs and sync, and every published refusal, to the last character.

Those of /identify, /transaction and the promos stand in the files of their endpoints. Where an answer of the
contract has a made-up number or time, the test arranges the hotel so that it comes out.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from regulars.contracts.loyaltyhub import customers
from tests.contracts.loyaltyhub.test_document import document
from tests.support.guests import Guests
from tests.support.hotel_examples import EXAMPLES
from tests.support.hotels import BASE, NUMBER_FOUR, Answer, Hotels

JANE = EXAMPLES["/register"]


def says(answer: Answer, status: int, text: str) -> None:
    """The answer has this status, and this body to the last character."""
    assert answer.headers["content-type"] == "application/json"
    assert (answer.status_code, answer.text) == (status, text)


async def fill(hub: Hotels, guests: Guests) -> None:
    """41 customers, who have thirteen codes and fobs."""
    await guests.crowd(34)
    for number in range(6):
        await hub.register(rfid_code=f"F{number}")
    await hub.register()


async def test_registering(hub: Hotels, guests: Guests, monkeypatch: pytest.MonkeyPatch) -> None:
    await guests.crowd(42)
    monkeypatch.setattr(customers, "new_qr_code", lambda: "LHAB1234XYZ567")
    says(
        await hub.post("/register", JANE),
        201,
        '{"success":true,"customer_id":43,"qr_code":"LHAB1234XYZ567","name":"Jane Doe",'
        '"home_hotel":"High Street Hotel","tier":"Member","message":"Customer registered successfully"}',
    )
    says(
        await hub.post("/register", JANE, hotel=NUMBER_FOUR),
        409,
        '{"code":"duplicate_email","message":"A customer with this email already exists",'
        '"data":{"status":409}}',
    )


async def test_sync(hub: Hotels, guests: Guests, monkeypatch: pytest.MonkeyPatch) -> None:
    await guests.crowd(41)
    async with hub.database.connection() as connection:
        await connection.execute("update members set updated_at = '2024-01-15 10:30:00+00'")
    hub.clock.now = datetime(2024, 1, 20, 14, 30, tzinfo=UTC)
    monkeypatch.setattr(customers, "new_qr_code", lambda: "LHXYZ123ABC456")
    await hub.register("John Smith", email="john@example.com", rfid_code="ABC123456")
    await hub.add_fob(42, "DEF789012", label="Wife's fob")
    hub.clock.now = datetime(2024, 1, 20, 15, 0, 30, tzinfo=UTC)
    answer = await hub.client.get(f"{BASE}/sync?updated_since=2024-01-15T10:30:00", headers=hub.headers())
    says(
        answer,
        200,
        '{"customers":[{"id":42,"name":"John Smith","email":"john@example.com","qr_code":"LHXYZ123ABC456",'
        '"is_staff":false,"home_hotel_id":1,"updated_at":"2024-01-20 14:30:00","rfid_fobs":['
        '{"identifier_type":"rfid","identifier_value":"ABC123456","label":"Primary RFID Fob"},'
        '{"identifier_type":"rfid","identifier_value":"DEF789012","label":"Wife\'s fob"}]}],"count":1,'
        '"sync_time":"2024-01-20 15:00:00"}',
    )


async def test_adding_a_fob(hub: Hotels, guests: Guests) -> None:
    await fill(hub, guests)
    await hub.register()
    add = EXAMPLES["/identifier/add"]
    says(
        await hub.post("/identifier/add", add),
        201,
        '{"success":true,"identifier_id":15,"customer_id":42,"type":"rfid","value":"NEWRFID789",'
        '"label":"Husband\'s fob","message":"RFID fob added successfully"}',
    )
    says(
        await hub.post("/identifier/add", add),
        409,
        '{"code":"duplicate_rfid","message":"This RFID code is already registered","data":{"status":409}}',
    )


async def test_replacing_a_fob(hub: Hotels, guests: Guests) -> None:
    await fill(hub, guests)
    await hub.register(rfid_code="OLDLOSTFOB456")
    replace = EXAMPLES["/identifier/replace"]
    says(
        await hub.post("/identifier/replace", replace),
        200,
        '{"success":true,"identifier_id":15,"customer_id":42,"old_value":"OLDLOSTFOB456",'
        '"new_value":"REPLACEMENT123","label":"Primary RFID Fob",'
        '"message":"RFID fob replaced successfully"}',
    )
    says(
        await hub.post("/identifier/replace", {**replace, "identifier_id": 12}),
        404,
        '{"code":"identifier_not_found","message":"RFID fob not found for this customer",'
        '"data":{"status":404}}',
    )
    says(
        await hub.post("/identifier/replace", {**replace, "new_identifier": "F0"}),
        409,
        '{"code":"duplicate_rfid","message":"This RFID code is already registered to another customer",'
        '"data":{"status":409}}',
    )


async def test_nobody_is_identified(hub: Hotels) -> None:
    says(
        await hub.post("/identify", EXAMPLES["/identify"]),
        404,
        '{"code":"customer_not_found","message":"Customer not found","data":{"status":404}}',
    )


async def test_the_replaced_fob_identifies_nobody_at_once_and_the_new_one_does(hub: Hotels) -> None:
    await hub.register(rfid_code="OLD")
    fob = (await hub.identifiers(1))[-1].identifier_id

    async def statuses() -> list[int]:
        asked = [await hub.post("/identify", {"identifier": code}) for code in ("OLD", "NEW", "SECOND")]
        return [answer.status_code for answer in asked]

    assert await statuses() == [200, 404, 404]
    change = {"customer_id": 1, "identifier_id": fob, "new_identifier": "NEW"}
    assert (await hub.post("/identifier/replace", change)).status_code == 200
    assert await statuses() == [404, 200, 404]
    await hub.add_fob(1, "SECOND")
    assert await statuses() == [404, 200, 200]


def test_the_document_shows_the_published_requests() -> None:
    shown: dict[str, Any] = {
        path.removeprefix(BASE): operation["post"]["requestBody"]["content"]["application/json"]["example"]
        for path, operation in document()["paths"].items()
        if "post" in operation
    }
    assert shown == EXAMPLES
