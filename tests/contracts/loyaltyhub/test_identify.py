"""POST /identify: the published example, who is found, and what is due at which hotel."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.members.model import Member
from tests.support.guests import Guests
from tests.support.hotels import ELSEWHERE, HIGH_STREET, NUMBER_FOUR, Answer, Hotels, ok, refused
from tests.support.ledger import NOW
from tests.support.promos import percent

DAY = timedelta(days=1)
FOB = ("rfid", "ABC123456", "Primary RFID Fob")
NO_CUSTOMER = "Customer not found"


async def post(hub: Hotels, identifier: Any = "ABC123456", hotel: str | None = HIGH_STREET) -> Answer:
    return await hub.post("/identify", {"identifier": identifier}, hotel=hotel)


async def identify(
    hub: Hotels, identifier: Any = "ABC123456", hotel: str | None = HIGH_STREET
) -> dict[str, Any]:
    return ok(await post(hub, identifier, hotel))


def rates(body: dict[str, Any]) -> tuple[Any, ...]:
    return body["tier"], body["base_wet_discount"], body["base_dry_discount"]


async def test_the_published_example(hub: Hotels, guests: Guests) -> None:
    hub.clock.now = datetime(2024, 6, 5, 11, 30, tzinfo=UTC)
    await guests.set_scheme(HIGH_STREET, [(0, "5", "10"), (4, "10", "15"), (8, "12", "20")])
    await guests.crowd(41)
    await guests.guest(visits=6, email="john@example.com", identifiers=[FOB])
    for number in range(4):
        await guests.code(f"OLD{number}", active=False)
    await guests.bonus(
        "CP_LUNCH2X",
        name="Lunch Boost",
        description="Extra 5% at lunch",
        bonus_multiplier=percent(0),
        bonus_add_wet=percent(5),
        bonus_add_dry=percent(5),
        valid_until=datetime(2024, 12, 31, 23, 59, 59),
    )
    for number in range(4, 8):
        await guests.code(f"OLD{number}", active=False)
    await guests.code(description="15% off everything", valid_until=datetime(2024, 8, 31, 23, 59, 59))
    answer = await post(hub)
    assert answer.text == (
        '{"customer_id":42,"name":"John Smith","email":"john@example.com","tier":"Loyalty","is_staff":false,'
        '"wet_discount":15,"dry_discount":20,"base_wet_discount":10,"base_dry_discount":15,'
        '"discount_type":"discount","applied_customer_promo":{"id":5,"code":"CP_LUNCH2X",'
        '"name":"Lunch Boost","description":"Extra 5% at lunch","type":"loyalty_bonus",'
        '"wet_discount":0,"dry_discount":0,'
        '"bonus_multiplier":0,"bonus_add_wet":5,"bonus_add_dry":5,"min_spend":0,'
        '"valid_until":"2024-12-31 23:59:59"},"total_visits":6,"period_days":28,'
        '"home_hotel":"High Street Hotel","available_promos":[{"id":10,"code":"SUMMER24",'
        '"name":"Summer Special","description":"15% off everything","type":"promo_code","wet_discount":15,'
        '"dry_discount":15,"bonus_multiplier":0,"bonus_add_wet":0,"bonus_add_dry":0,"min_spend":0,'
        '"valid_until":"2024-08-31 23:59:59"}],"next_tier":{"next_tier":"Regular","visits_required":8,'
        '"visits_to_go":2},"matched_identifier_type":"rfid","identifier_label":"Primary RFID Fob"}'
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize(
    ("visits", "home", "hotel", "due", "above"),
    [
        (0, HIGH_STREET, HIGH_STREET, ("Member", 5, 10), ("Loyalty", 4, 4)),
        (3, HIGH_STREET, HIGH_STREET, ("Member", 5, 10), ("Loyalty", 4, 1)),
        (4, HIGH_STREET, HIGH_STREET, ("Loyalty", 8, 15), ("Regular", 8, 4)),
        (8, HIGH_STREET, HIGH_STREET, ("Regular", 12, 20), None),
        (1, NUMBER_FOUR, NUMBER_FOUR, ("Member", 5, 10), ("Loyalty", 2, 1)),
        (2, NUMBER_FOUR, NUMBER_FOUR, ("Loyalty", 10, 20), ("Regular", 4, 2)),
        (4, NUMBER_FOUR, NUMBER_FOUR, ("Regular", 15, 25), None),
        (3, NUMBER_FOUR, HIGH_STREET, ("Loyalty", 8, 15), ("Regular", 8, 5)),
        (3, HIGH_STREET, NUMBER_FOUR, ("Loyalty", 10, 20), ("Regular", 4, 1)),
        (4, NUMBER_FOUR, HIGH_STREET, ("Regular", 12, 20), None),
        (3, None, HIGH_STREET, ("Member", 5, 10), ("Loyalty", 4, 1)),
    ],
)
async def test_the_tier_is_the_better_and_the_rates_are_the_visiting_hotels(
    hub: Hotels,
    guests: Guests,
    visits: int,
    home: str | None,
    hotel: str,
    due: tuple[Any, ...],
    above: tuple[Any, ...] | None,
) -> None:
    await guests.guest(visits=visits, home=home, identifiers=[FOB])
    body = await identify(hub, hotel=hotel)
    assert (rates(body), body["total_visits"], body["home_hotel"]) == (due, visits, home)
    assert (body["wet_discount"], body["dry_discount"]) == due[1:]
    assert (tuple(body["next_tier"].values()) if body["next_tier"] else None) == above


async def test_visits_to_any_hotel_count_until_they_are_too_old(hub: Hotels, guests: Guests) -> None:
    member = await guests.guest(identifiers=[FOB])
    await guests.visit(member, 3, at=NOW - 27 * DAY)
    await guests.visit(member, 1, hotel=NUMBER_FOUR)
    body = await identify(hub)
    assert (body["tier"], body["total_visits"]) == ("Loyalty", 4)
    hub.clock.advance(days=2)
    body = await identify(hub)
    assert (body["tier"], body["total_visits"]) == ("Member", 1)


@pytest.mark.parametrize(
    ("identifier", "kind", "label"),
    [
        ("ABC123456", "rfid", "Primary RFID Fob"),
        (" ABC123456\n", "rfid", "Primary RFID Fob"),
        ("PLAIN", "rfid", None),
        ("LHXYZ123ABC456", "qr", None),
        ("john@example.com", "email", None),
        ("  JOHN@Example.COM ", "email", None),
    ],
)
async def test_what_a_customer_is_recognised_by(
    hub: Hotels, guests: Guests, identifier: str, kind: str, label: str | None
) -> None:
    await guests.guest(
        email="John@example.com", identifiers=[FOB, ("rfid", "PLAIN", None), ("qr", "LHXYZ123ABC456", None)]
    )
    body = await identify(hub, identifier)
    assert body["matched_identifier_type"] == kind
    assert body.get("identifier_label", "absent") == (label or "absent")


async def test_a_fob_goes_before_a_code_and_a_code_before_an_address(hub: Hotels, guests: Guests) -> None:
    text = "same@example.com"
    by_address = await guests.guest("Address", email=text)
    by_code = await guests.guest("Code", identifiers=[("qr", text, None)])
    by_fob = await guests.guest("Fob", identifiers=[("rfid", text, None)])
    for member, kind in ((by_fob, "rfid"), (by_code, "qr"), (by_address, "email")):
        body = await identify(hub, text)
        assert (body["customer_id"], body["matched_identifier_type"]) == (member.number, kind)
        # Whoever is switched off makes room for the next one.
        await hub.switch_off(member.number)
    refused(await post(hub, text), 404, "customer_not_found", NO_CUSTOMER)


@pytest.mark.parametrize(
    "identifier", ["nobody", "abc123456", "ABC12345%", "_" * 9, "a" * 5000, "x@y", "Ä" * 200, "ABC\n123456"]
)
async def test_nobody(hub: Hotels, guests: Guests, identifier: str) -> None:
    await guests.guest(email="john@example.com", identifiers=[FOB])
    refused(await post(hub, identifier), 404, "customer_not_found", NO_CUSTOMER)


async def test_customers_who_are_gone_or_of_another_program_are_nobody(hub: Hotels, guests: Guests) -> None:
    await guests.guest(email="john@example.com", identifiers=[FOB])
    for identifier in ("ABC123456", "john@example.com"):
        refused(await post(hub, identifier, ELSEWHERE), 404, "customer_not_found", NO_CUSTOMER)
    await hub.switch_off(1)
    for identifier in ("ABC123456", "john@example.com"):
        refused(await post(hub, identifier), 404, "customer_not_found", NO_CUSTOMER)
    await hub.erase(1)
    refused(await post(hub), 404, "customer_not_found", NO_CUSTOMER)


@pytest.mark.parametrize(("hotel", "wet", "dry"), [(HIGH_STREET, 25, 30), (NUMBER_FOUR, 30, 35)])
async def test_staff(hub: Hotels, guests: Guests, hotel: str, wet: int, dry: int) -> None:
    await guests.bonus()
    code = await guests.code()
    member = await guests.guest("Ann", visits=9, staff=True, identifiers=[("rfid", "ABC123456", None)])
    await guests.assign(code, member)
    assert await identify(hub, hotel=hotel) == {
        "customer_id": 1,
        "name": "Ann",
        "email": None,
        "tier": "Staff",
        "is_staff": True,
        "wet_discount": wet,
        "dry_discount": dry,
        "base_wet_discount": wet,
        "base_dry_discount": dry,
        "discount_type": "staff",
        "applied_customer_promo": None,
        "total_visits": 0,
        "period_days": 0,
        "home_hotel": HIGH_STREET,
        "available_promos": [],
        "next_tier": None,
        "matched_identifier_type": "rfid",
    }


@pytest.mark.parametrize("name", ['x","error":"y', "error", "Terrorist", "\\error", "\\\\error"])
async def test_no_name_looks_like_an_error(hub: Hotels, guests: Guests, name: str) -> None:
    await guests.guest(name, email="error@example.com", identifiers=[FOB])
    answer = await post(hub)
    assert "error" not in answer.text
    assert (answer.json()["name"], answer.json()["email"]) == (name, "error@example.com")


async def test_whoever_it_is_takes_one_round_trip(
    hub: Hotels, guests: Guests, monkeypatch: pytest.MonkeyPatch
) -> None:
    await guests.guest(visits=2, identifiers=[FOB])
    await guests.code(usage_limit=5)
    await guests.guest("Ann", staff=True, identifiers=[("rfid", "STAFF", None)])
    await identify(hub)
    trips = []
    flush, execute = Pipeline.flush, Connection.execute

    async def counted_flush(pipeline: Pipeline) -> None:
        trips.append("flush")
        await flush(pipeline)

    async def counted_execute(connection: Connection, *arguments: Any, **options: Any) -> Any:
        trips.append("execute")
        return await execute(connection, *arguments, **options)

    monkeypatch.setattr(Pipeline, "flush", counted_flush)
    monkeypatch.setattr(Connection, "execute", counted_execute)
    for identifier in (FOB[1], "STAFF"):
        await identify(hub, identifier)
        assert trips.pop() == "flush" and not trips
    answer = await hub.post("/identify", {"identifier": "nobody's"})
    assert (answer.status_code, trips) == (404, ["flush"])


async def test_what_was_prepared_may_be_gone(hub: Hotels, guests: Guests, database_url: str) -> None:
    member: Member = await guests.guest(visits=2, identifiers=[FOB])
    assert (await identify(hub))["customer_id"] == member.number
    for _ in range(8):
        async with hub.database.connection() as connection:
            await connection.execute("deallocate all")
        assert (await identify(hub))["total_visits"] == 2
