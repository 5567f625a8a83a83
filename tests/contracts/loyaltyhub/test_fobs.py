"""POST /identifier/add and /identifier/replace: the published examples and refusals."""

from typing import Any

import pytest

from regulars.features.members import actions as members
from regulars.features.members.model import NewIdentifier
from tests.support.hotels import ELSEWHERE, NUMBER_FOUR, Answer, Hotels, ok, refused

TAKEN = "This RFID code is already registered"
TAKEN_BY_ANOTHER = "This RFID code is already registered to another customer"
NO_CUSTOMER = "Customer not found"
NO_FOB = "RFID fob not found for this customer"


async def replace(hub: Hotels, customer_id: Any, identifier_id: Any, code: Any) -> Answer:
    body = {"customer_id": customer_id, "identifier_id": identifier_id, "new_identifier": code}
    return await hub.post("/identifier/replace", body)


async def fob_id(hub: Hotels, customer_id: int) -> int:
    return next(known.identifier_id for known in await hub.identifiers(customer_id) if known.kind == "rfid")


async def test_the_published_example_of_adding(hub: Hotels) -> None:
    await hub.register(rfid_code="FIRST")
    hub.clock.advance(minutes=5)
    body = await hub.add_fob(1, "NEWRFID789", label="Husband's fob")
    assert body == {
        "success": True,
        "identifier_id": 3,
        "customer_id": 1,
        "type": "rfid",
        "value": "NEWRFID789",
        "label": "Husband's fob",
        "message": "RFID fob added successfully",
    }
    assert list(body)[:6] == ["success", "identifier_id", "customer_id", "type", "value", "label"]
    assert await hub.owner_of("NEWRFID789") == await hub.owner_of("FIRST") == 1
    assert (await hub.customer(1)).updated_at == hub.clock()


@pytest.mark.parametrize("more", [{}, {"label": None}, {"label": ""}, {"label": "  "}])
async def test_a_fob_need_have_no_label(hub: Hotels, more: dict[str, Any]) -> None:
    await hub.register()
    assert (await hub.add_fob(1, " F1 ", **more))["label"] is None
    assert await hub.owner_of("F1") == 1


async def test_a_fob_belongs_to_one_customer(hub: Hotels) -> None:
    await hub.register("One", rfid_code="F1")
    await hub.register("Two", hotel=NUMBER_FOUR)
    for customer_id in (1, 2):
        answer = await hub.post("/identifier/add", {"customer_id": customer_id, "identifier": "F1"})
        refused(answer, 409, "duplicate_rfid", TAKEN)
    await hub.register("Theirs", hotel=ELSEWHERE, rfid_code="F2")
    await hub.add_fob(2, "F2")


async def test_the_published_example_of_replacing(hub: Hotels) -> None:
    await hub.register(rfid_code="OLDLOSTFOB456")
    identifier_id = await fob_id(hub, 1)
    hub.clock.advance(minutes=5)
    body = ok(await replace(hub, 1, identifier_id, "REPLACEMENT123"))
    assert body == {
        "success": True,
        "identifier_id": identifier_id,
        "customer_id": 1,
        "old_value": "OLDLOSTFOB456",
        "new_value": "REPLACEMENT123",
        "label": "Primary RFID Fob",
        "message": "RFID fob replaced successfully",
    }
    assert list(body)[1:5] == ["identifier_id", "customer_id", "old_value", "new_value"]
    assert await hub.owner_of("OLDLOSTFOB456") is None
    assert await hub.owner_of("REPLACEMENT123") == 1
    assert (await hub.customer(1)).updated_at == hub.clock()
    ended = [known for known in await hub.identifiers(1, with_ended=True) if known.ended_at is not None]
    assert [(known.value, known.ended_at) for known in ended] == [("OLDLOSTFOB456", hub.clock())]


async def test_a_lost_fob_that_is_found_may_be_used_again(hub: Hotels) -> None:
    await hub.register(rfid_code="F1")
    identifier_id = await fob_id(hub, 1)
    ok(await replace(hub, 1, identifier_id, "F2"))
    assert ok(await replace(hub, 1, identifier_id, "F1"))["old_value"] == "F2"
    await hub.add_fob(1, "F2")


async def test_a_fob_replaced_by_itself_stays(hub: Hotels) -> None:
    await hub.register(rfid_code="F1")
    body = ok(await replace(hub, 1, await fob_id(hub, 1), "F1"))
    assert (body["old_value"], body["new_value"]) == ("F1", "F1")
    assert await hub.owner_of("F1") == 1


async def test_a_fob_is_not_replaced_by_one_in_use(hub: Hotels) -> None:
    await hub.register("One", rfid_code="F1")
    await hub.register("Two", rfid_code="F2")
    refused(await replace(hub, 1, await fob_id(hub, 1), "F2"), 409, "duplicate_rfid", TAKEN_BY_ANOTHER)
    assert await hub.owner_of("F1") == 1


async def test_only_the_customers_own_fobs_are_found(hub: Hotels) -> None:
    await hub.register("One", rfid_code="F1")
    await hub.register("Two", rfid_code="F2")
    others, code = await fob_id(hub, 2), (await hub.identifiers(1))[0]
    assert code.kind == "qr"
    for identifier_id in (others, code.identifier_id, 0, -1, 999, 2**31, 2**63, 10**30):
        answer = await replace(hub, 1, identifier_id, "F3")
        refused(answer, 404, "identifier_not_found", NO_FOB)
    assert await hub.owner_of("F3") is None


async def test_a_fob_that_has_ended_is_not_found(hub: Hotels) -> None:
    await hub.register("One", rfid_code="F1")
    member = await hub.customer(1)
    async with hub.database.transaction() as connection:
        card = NewIdentifier("card", "C1")
        added = await members.add_identifier(connection, hub.program_id, member.member_id, card, hub.clock())
        fob = await fob_id(hub, 1)
        await members.end_identifier(connection, hub.program_id, member.member_id, fob, hub.clock())
    for identifier_id in (fob, added.identifier_id):
        refused(await replace(hub, 1, identifier_id, "F3"), 404, "identifier_not_found", NO_FOB)
    await hub.add_fob(1, "F1")


async def test_customers_who_are_not_there(hub: Hotels) -> None:
    await hub.register("Ours", rfid_code="F1")
    await hub.register("Off", rfid_code="F2")
    await hub.register("Gone", rfid_code="F3")
    for _ in range(4):
        await hub.register("Theirs", hotel=ELSEWHERE)
    fob = await fob_id(hub, 2)
    await hub.switch_off(2)
    await hub.erase(3)
    for customer_id in (2, 3, 4, 0, -1, 2**31, 2**63, 10**30):
        answer = await hub.post("/identifier/add", {"customer_id": customer_id, "identifier": "F9"})
        refused(answer, 404, "customer_not_found", NO_CUSTOMER)
        answer = await replace(hub, customer_id, fob, "F9")
        refused(answer, 404, "customer_not_found", NO_CUSTOMER)
    assert await hub.owner_of("F9") is None


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/identifier/add", ["customer_id", "identifier"]),
        ("/identifier/replace", ["customer_id", "identifier_id", "new_identifier"]),
    ],
)
async def test_fields_that_are_missing_are_named_in_their_order(
    hub: Hotels, path: str, fields: list[str]
) -> None:
    known: dict[str, Any] = {"customer_id": 1, "identifier_id": 1, "identifier": "F", "new_identifier": "F"}
    for position, field in enumerate(fields):
        bodies = [
            {name: known[name] for name in fields[:position]},
            {**{name: known[name] for name in fields}, field: None},
        ]
        for body in bodies:
            answer = await hub.post(path, body)
            refused(answer, 400, "rest_missing_callback_param", f"Missing parameter(s): {field}")
    refused(await hub.post(path, raw=b""), 400, "rest_missing_callback_param")


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("/identifier/add", "identifier", ""),
        ("/identifier/add", "identifier", " "),
        ("/identifier/add", "identifier", "f" * 201),
        ("/identifier/add", "identifier", "a\nb"),
        ("/identifier/add", "label", "l" * 101),
        ("/identifier/add", "label", "a\nb"),
        ("/identifier/add", "customer_id", "1"),
        ("/identifier/replace", "identifier_id", "1"),
        ("/identifier/replace", "new_identifier", ""),
        ("/identifier/replace", "new_identifier", "f" * 201),
    ],
)
async def test_a_field_that_is_wrong_is_named(hub: Hotels, path: str, field: str, value: str) -> None:
    await hub.register(rfid_code="F1")
    body: dict[str, Any] = {"customer_id": 1, "identifier": "F2"}
    if path == "/identifier/replace":
        body = {"customer_id": 1, "identifier_id": await fob_id(hub, 1), "new_identifier": "F2"}
    answer = await hub.post(path, {**body, field: value})
    refused(answer, 400, "rest_invalid_param", f"Invalid parameter(s): {field}")
    assert await hub.owner_of("F1") == 1
