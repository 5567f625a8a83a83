"""POST /register: the published example, what is unique, and what is checked."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from regulars.contracts.loyaltyhub import customers
from regulars.features.access import actions as access
from regulars.features.tiers import actions as tiers
from tests.support.hotel_examples import EXAMPLES
from tests.support.hotels import ELSEWHERE, HIGH_STREET, NUMBER_FOUR, Hotels, ok, refused
from tests.support.ledger import NOW

JANE = EXAMPLES["/register"]
EMAIL_TAKEN = "A customer with this email already exists"
RFID_TAKEN = "This RFID code is already registered"


async def test_the_published_example(hub: Hotels) -> None:
    body = ok(await hub.post("/register", JANE), 201)
    assert re.fullmatch(r"LH[A-Z0-9]{12}", body["qr_code"])
    assert body == {
        "success": True,
        "customer_id": 1,
        "qr_code": body["qr_code"],
        "name": "Jane Doe",
        "home_hotel": "High Street Hotel",
        "tier": "Member",
        "message": "Customer registered successfully",
    }
    assert list(body) == ["success", "customer_id", "qr_code", "name", "home_hotel", "tier", "message"]
    jane = await hub.customer(1)
    assert (jane.email, jane.phone, jane.birth_date) == (
        "jane@example.com",
        "+447700123456",
        date(1990, 5, 15),
    )
    assert (jane.home_location_id, jane.staff) == (hub.location_ids[HIGH_STREET], False)
    assert [(known.kind, known.value, known.label) for known in await hub.identifiers(1)] == [
        ("qr", body["qr_code"], None),
        ("rfid", "RFID123456", "Primary RFID Fob"),
    ]


async def test_the_name_is_enough_and_null_or_empty_is_left_out(hub: Hotels) -> None:
    bodies: list[dict[str, Any]] = [
        {},
        dict.fromkeys(["email", "phone", "dob", "rfid_code"]),
        dict.fromkeys(["email", "phone", "dob", "rfid_code"], ""),
        dict.fromkeys(["email", "phone", "dob", "rfid_code"], "  "),
    ]
    for number, body in enumerate(bodies, start=1):
        assert (await hub.register("Jane", **body))["customer_id"] == number
        jane = await hub.customer(number)
        assert (jane.email, jane.phone, jane.birth_date) == (None, None, None)
        assert [known.kind for known in await hub.identifiers(number)] == ["qr"]


async def test_home_is_where_the_till_stands(hub: Hotels) -> None:
    body = await hub.register("Jane", hotel=NUMBER_FOUR)
    assert body["home_hotel"] == "Number Four"
    assert (await hub.customer(1)).home_location_id == hub.location_ids[NUMBER_FOUR]


async def test_the_tier_is_the_first_of_the_programs_own(hub: Hotels) -> None:
    async with hub.database.transaction() as connection:
        program = await access.create_program(
            connection, slug="pub", name="Pub", currency="GBP", time_zone="UTC", now=NOW
        )
        await tiers.create_tiers(connection, program.program_id, ["Guest", "Friend"], NOW)
        bar = await access.create_location(connection, program.program_id, slug="bar", name="Bar", now=NOW)
    _, hub.keys["Bar"] = await hub.new_key(program_id=program.program_id, location_id=bar.location_id)
    body = await hub.register(hotel="Bar")
    assert (body["tier"], body["home_hotel"]) == ("Guest", "Bar")


@pytest.mark.parametrize("email", ["jane@example.com", "JANE@Example.com", "  jane@example.com "])
async def test_an_email_is_one_active_customers(hub: Hotels, email: str) -> None:
    await hub.register(**{**JANE, "rfid_code": None})
    answer = await hub.post("/register", {"name": "Other", "email": email}, hotel=NUMBER_FOUR)
    refused(answer, 409, "duplicate_email", EMAIL_TAKEN)
    await hub.switch_off(1)
    assert (await hub.register("Other", email=email))["customer_id"] == 2


async def test_a_fob_is_one_customers_in_the_whole_program(hub: Hotels) -> None:
    await hub.register(rfid_code="RFID1")
    answer = await hub.post("/register", {"name": "Other", "rfid_code": " RFID1 "}, hotel=NUMBER_FOUR)
    refused(answer, 409, "duplicate_rfid", RFID_TAKEN)
    await hub.switch_off(1)
    answer = await hub.post("/register", {"name": "Other", "rfid_code": "RFID1"})
    refused(answer, 409, "duplicate_rfid", RFID_TAKEN)
    # Nothing is left of those who were refused, their numbers included.
    assert (await hub.register(rfid_code="RFID2"))["customer_id"] == 2


async def test_what_another_program_has_is_free_here(hub: Hotels) -> None:
    await hub.register(hotel=ELSEWHERE, **JANE)
    assert (await hub.register(**JANE))["customer_id"] == 1


async def test_of_two_that_are_taken_the_email_is_named(hub: Hotels) -> None:
    await hub.register(**JANE)
    refused(await hub.post("/register", JANE), 409, "duplicate_email", EMAIL_TAKEN)


async def test_a_code_that_is_somebodys_is_drawn_again(hub: Hotels, monkeypatch: pytest.MonkeyPatch) -> None:
    draws: Iterator[str] = iter(["LHAAAAAAAAAAAA", "LHAAAAAAAAAAAA", "LHAAAAAAAAAAAA", "LHBBBBBBBBBBBB"])
    monkeypatch.setattr(customers, "new_qr_code", lambda: next(draws))
    assert (await hub.register("One"))["qr_code"] == "LHAAAAAAAAAAAA"
    body = await hub.register("Two", email="two@example.com", rfid_code="RFID2")
    assert (body["qr_code"], body["customer_id"]) == ("LHBBBBBBBBBBBB", 2)
    assert next(draws, None) is None


def test_codes_are_drawn_from_all_letters_and_digits() -> None:
    drawn = {customers.new_qr_code() for _ in range(500)}
    assert len(drawn) == 500
    assert all(re.fullmatch(r"LH[A-Z0-9]{12}", code) for code in drawn)
    assert len(set("".join(code[2:] for code in drawn))) == 36


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "n" * 201),
        ("name", "two\nlines"),
        ("email", "jane"),
        ("email", "jane@@example.com"),
        ("email", "jane @example.com"),
        ("email", "j" * 250 + "@example.com"),
        ("phone", "12"),
        ("phone", "not a number"),
        ("phone", "+44 7700 123456 ext 7"),
        ("phone", "0" * 40),
        ("dob", "15/05/1990"),
        ("dob", "1990-02-30"),
        ("dob", "19900515"),
        ("dob", "1990-05-15T00:00:00"),
        ("dob", "2030-01-01"),
        ("dob", "1800-01-01"),
        ("rfid_code", "r" * 201),
        ("rfid_code", "a\nb"),
    ],
)
async def test_a_field_that_is_wrong_is_named(hub: Hotels, field: str, value: str) -> None:
    answer = await hub.post("/register", {**JANE, field: value})
    refused(answer, 400, "rest_invalid_param", f"Invalid parameter(s): {field}")
    assert (await hub.sync())["count"] == 0


async def test_a_name_that_is_missing_is_named(hub: Hotels) -> None:
    for body in (b"", b"{}", b'{"email": "jane@example.com"}', b'{"name": null}'):
        answer = await hub.post("/register", raw=body)
        refused(answer, 400, "rest_missing_callback_param", "Missing parameter(s): name")


@pytest.mark.parametrize(
    ("region", "phone", "stored"),
    [
        ("IE", "087 123 4567", "+353871234567"),
        ("IE", "+44 7700 123456", "+447700123456"),
        ("XX", "+44 7700 123456", "+447700123456"),
        ("XX", "07700 123456", None),
        (7, "07700 123456", None),
    ],
)
async def test_numbers_are_dialled_where_the_hotel_stands(
    hub: Hotels, region: object, phone: str, stored: str | None
) -> None:
    async with hub.database.transaction() as connection:
        dublin = await access.create_location(
            connection,
            hub.program_id,
            slug="dublin",
            name="Dublin",
            settings={"loyaltyhub.phone_region": region},
            now=NOW,
        )
    _, hub.keys["Dublin"] = await hub.new_key(location_id=dublin.location_id)
    answer = await hub.post("/register", {"name": "Jane", "phone": phone}, hotel="Dublin")
    if stored is None:
        refused(answer, 400, "rest_invalid_param", "Invalid parameter(s): phone")
    else:
        assert (await hub.customer(ok(answer, 201)["customer_id"])).phone == stored
