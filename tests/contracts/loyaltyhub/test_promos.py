"""POST /promos/validate and /promos/apply: the published examples, every message, and the rates."""

from datetime import UTC, datetime, time
from typing import Any

import pytest

from regulars.features.access import actions as access
from regulars.features.promos import actions as promos
from regulars.features.promos.model import PromoChanges
from tests.support.guests import Guests
from tests.support.hotels import ELSEWHERE, HIGH_STREET, NUMBER_FOUR, Answer, Hotels, ok, refused
from tests.support.ledger import NOW
from tests.support.promos import percent

NOT_FOUND = "Promo code not found"
MEMBERS_ONLY = "This promo requires membership. Please scan your card first."
USED_UP = "This promo has reached its usage limit"
BASE: dict[str, Any] = {"base_wet_discount": 10, "base_dry_discount": 15}


async def validate(hub: Hotels, code: Any = "SUMMER24", hotel: str = HIGH_STREET, **more: Any) -> Answer:
    return await hub.post("/promos/validate", {"code": code, **more}, hotel=hotel)


async def apply(hub: Hotels, code: Any = "SUMMER24", hotel: str = HIGH_STREET, **more: Any) -> Answer:
    return await hub.post("/promos/apply", {"code": code, **more}, hotel=hotel)


def invalid(answer: Answer, message: str) -> None:
    """The answer of /promos/validate says just this."""
    assert (answer.status_code, answer.json()) == (400, {"valid": False, "error": message})


async def test_the_published_examples(hub: Hotels, guests: Guests) -> None:
    hub.clock.now = datetime(2024, 6, 5, 11, 30, tzinfo=UTC)
    await guests.crowd(42)
    for number in range(9):
        await guests.code(f"OLD{number}", active=False)
    await guests.code(description="15% off everything", valid_until=datetime(2024, 8, 31, 23, 59, 59))
    await guests.bonus()
    answer = await validate(hub, customer_id=42, total_amount=25.00)
    assert answer.text == (
        '{"valid":true,"promo":{"id":10,"code":"SUMMER24","name":"Summer Special",'
        '"description":"15% off everything","type":"promo_code","wet_discount":15,"dry_discount":15,'
        '"bonus_multiplier":0,"bonus_add_wet":0,"bonus_add_dry":0,"min_spend":0,'
        '"valid_until":"2024-08-31 23:59:59"}}'
    )
    assert answer.status_code == 200
    answer = await apply(hub, customer_id=42, **BASE)
    assert answer.text == (
        '{"success":true,"discount_type":"promo","wet_discount":15,"dry_discount":15,'
        '"promo_code":"SUMMER24","promo_name":"Summer Special","type":"promo_code"}'
    )
    assert answer.status_code == 200
    answer = await apply(hub, "LUNCH2X", customer_id=42, **BASE)
    assert answer.text == (
        '{"success":true,"discount_type":"discount","wet_discount":20,"dry_discount":30,'
        '"promo_code":"LUNCH2X","promo_name":"Double Lunch Discount","type":"loyalty_bonus"}'
    )
    assert answer.status_code == 200
    hub.clock.now = datetime(2024, 8, 31, 23, 0, tzinfo=UTC)
    assert (await validate(hub)).text == '{"valid":false,"error":"This promo has expired"}'
    assert (await apply(hub)).text == (
        '{"code":"promo_invalid","message":"This promo has expired","data":{"status":400}}'
    )


async def test_every_message_in_the_published_order(hub: Hotels, guests: Guests) -> None:
    """All conditions fail at first; each is put right in turn, and the next one speaks."""
    member = await guests.guest()
    invalid(await validate(hub), NOT_FOUND)
    refused(await apply(hub), 400, "promo_invalid", NOT_FOUND)
    promo = await guests.code(
        active=False,
        location_ids=frozenset({hub.location_ids[NUMBER_FOUR]}),
        valid_from=datetime(2026, 3, 2),
        valid_until=datetime(2026, 3, 3),
        time_from=time(18),
        time_until=time(20),
        weekdays=frozenset({1}),
        requires_membership=True,
        min_spend_minor=1000,
        usage_limit=1,
    )
    await guests.use(promo, None)
    asked: dict[str, Any] = {"total_amount": 9.99}
    # NOW is a Sunday, 12:00.
    steps: list[tuple[str, PromoChanges]] = [
        ("This promo code is no longer active", PromoChanges(active=True)),
        ("This promo is not valid at this location", PromoChanges(location_ids=frozenset())),
        (
            "This promo is not yet active",
            PromoChanges(valid_from=None, valid_until=datetime(2026, 3, 1, 11, 59)),
        ),
        ("This promo has expired", PromoChanges(valid_until=None)),
        ("This promo is not valid at this time of day", PromoChanges(time_from=None, time_until=None)),
        ("This promo is not valid today", PromoChanges(weekdays=frozenset())),
        (MEMBERS_ONLY, PromoChanges()),
        ("Minimum spend of £10.00 required", PromoChanges()),
        (USED_UP, PromoChanges(usage_limit=2)),
    ]
    for message, changes in steps:
        invalid(await validate(hub, **asked), message)
        # The minimum spend is no matter of /promos/apply: what comes after it is.
        said = USED_UP if message.startswith("Minimum") else message
        refused(
            await apply(hub, customer_id=asked.get("customer_id")),
            400,
            "promo_invalid",
            said,
        )
        if message == MEMBERS_ONLY:
            asked["customer_id"] = member.number
        if message.startswith("Minimum"):
            asked["total_amount"] = 10
        async with hub.database.transaction() as connection:
            await promos.update_promo(connection, hub.program_id, promo.promo_id, changes, NOW)
        hub.services.promo_books.forget(hub.program_id)
    assert ok(await validate(hub, **asked))["valid"] is True
    assert ok(await apply(hub, customer_id=member.number))["success"] is True


@pytest.mark.parametrize(
    ("currency", "total", "minimum"),
    [
        ("GBP", 9.99, "£10.00"),
        ("EUR", 9.99, "€10.00"),
        ("USD", 0, "$10.00"),
        ("CHF", 9.99, "CHF 10.00"),
        ("JPY", 999, "¥1000"),
        ("KWD", 0.999, "KWD 1.000"),
    ],
)
async def test_the_minimum_is_in_the_hotels_currency(
    hub: Hotels, guests: Guests, currency: str, total: float, minimum: str
) -> None:
    location_id = hub.location_ids[HIGH_STREET]
    async with hub.database.transaction() as connection:
        await access.update_location(connection, hub.program_id, location_id, currency=currency, now=NOW)
    hub.services.locations.forget(hub.program_id, location_id)
    await guests.code(min_spend_minor=1000)
    invalid(await validate(hub, total_amount=total), f"Minimum spend of {minimum} required")
    nothings: list[dict[str, Any]] = [{}, {"total_amount": None}]
    for nothing in nothings:
        assert ok(await validate(hub, **nothing))["valid"] is True
    assert ok(await apply(hub))["success"] is True


@pytest.mark.parametrize("code", ["summer24", " SUMMER24 ", "Summer24"])
async def test_codes_are_compared_in_upper_case(hub: Hotels, guests: Guests, code: str) -> None:
    await guests.code()
    assert ok(await validate(hub, code))["promo"]["code"] == "SUMMER24"
    assert ok(await apply(hub, code))["promo_code"] == "SUMMER24"


@pytest.mark.parametrize("code", ["", " ", "SUMMER 24", "S" * 5000, "a\nb", "%", "SUMMER24'--"])
async def test_codes_that_nobody_has(hub: Hotels, guests: Guests, code: str) -> None:
    await guests.code()
    invalid(await validate(hub, code), NOT_FOUND)
    refused(await apply(hub, code), 400, "promo_invalid", NOT_FOUND)


async def test_null_is_the_same_as_nothing(hub: Hotels, guests: Guests) -> None:
    await guests.code()
    await guests.bonus()
    nothing: dict[str, Any] = {"customer_id": None, "total_amount": None}
    assert ok(await validate(hub, **nothing)) == ok(await validate(hub))
    nothing = {"customer_id": None, "base_wet_discount": None, "base_dry_discount": None}
    assert ok(await apply(hub, **nothing)) == ok(await apply(hub))
    refused(await apply(hub, "LUNCH2X", **nothing), 400, "promo_invalid", MEMBERS_ONLY)


async def test_customers_must_be_the_programs_own_and_active(hub: Hotels, guests: Guests) -> None:
    await hub.register("Theirs", hotel=ELSEWHERE)
    await guests.code()
    for customer_id in (1, 0, -1, 2**31, 2**63, -(2**63), 10**400):
        refused(await validate(hub, customer_id=customer_id), 404, "customer_not_found")
        refused(await apply(hub, customer_id=customer_id), 404, "customer_not_found")
    member = await guests.guest()
    ok(await validate(hub, customer_id=member.number))
    await hub.switch_off(member.number)
    refused(await validate(hub, customer_id=member.number), 404, "customer_not_found")
    refused(await apply(hub, customer_id=member.number), 404, "customer_not_found")


async def test_other_programs_have_their_own_promos(hub: Hotels, guests: Guests) -> None:
    await guests.code()
    invalid(await validate(hub, hotel=ELSEWHERE), NOT_FOUND)
    refused(await apply(hub, hotel=ELSEWHERE), 400, "promo_invalid", NOT_FOUND)


async def test_the_limit_of_a_customer_counts_when_the_customer_is_known(hub: Hotels, guests: Guests) -> None:
    one, two = await guests.guest("One"), await guests.guest("Two")
    promo = await guests.code(usage_limit_per_customer=1)
    await guests.use(promo, one.member_id)
    invalid(await validate(hub, customer_id=one.number), USED_UP)
    refused(await apply(hub, customer_id=one.number), 400, "promo_invalid", USED_UP)
    others: list[dict[str, Any]] = [{"customer_id": two.number}, {}]
    for known in others:
        ok(await validate(hub, **known))
        ok(await apply(hub, **known))
    # Asking uses nothing up.
    assert (await guests.use_count(promo)).uses == 1


async def test_a_promo_for_assigned_customers_is_unknown_to_others(hub: Hotels, guests: Guests) -> None:
    one, two = await guests.guest("One"), await guests.guest("Two")
    promo = await guests.code(assigned_only=True)
    await guests.assign(promo, one)
    promo_shown = ok(await validate(hub, customer_id=one.number))["promo"]
    assert not {"targeted", "expires_at"} & promo_shown.keys()
    ok(await apply(hub, customer_id=one.number))
    invalid(await validate(hub, customer_id=two.number), NOT_FOUND)
    invalid(await validate(hub), MEMBERS_ONLY)


@pytest.mark.parametrize(
    ("terms", "base", "expected"),
    [
        ({"bonus_multiplier": 2}, (10, 15), (20, 30)),
        ({"bonus_multiplier": 2}, (0, 15), (0, 30)),
        ({"bonus_multiplier": 2}, (60, 12.5), (100, 25)),
        ({"bonus_multiplier": "1.55"}, (5.25, 12.5), (8.1375, 19.375)),
        ({"bonus_multiplier": "1.5"}, (5, 0.1), (7.5, 0.15)),
        ({"bonus_multiplier": 3, "bonus_add_wet": 5}, (10, 15), (15, 15)),
        ({"bonus_multiplier": 0, "bonus_add_wet": 5, "bonus_add_dry": 5}, (10, 15), (15, 20)),
        ({"bonus_multiplier": 0, "bonus_add_dry": "2.5"}, (99, 99), (99, 100)),
        ({"bonus_multiplier": 2}, (8.1375, 0.30000000000000004), (16.275, 0.6)),
    ],
)
async def test_a_bonus_raises_the_rates_that_are_sent(
    hub: Hotels,
    guests: Guests,
    terms: dict[str, Any],
    base: tuple[float, float],
    expected: tuple[float, float],
) -> None:
    member = await guests.guest()
    figures: dict[str, Any] = {name: percent(value) for name, value in terms.items()}
    await guests.bonus(**figures)
    sent: dict[str, Any] = {"base_wet_discount": base[0], "base_dry_discount": base[1]}
    body = ok(await apply(hub, "LUNCH2X", customer_id=member.number, **sent))
    given = (body["wet_discount"], body["dry_discount"])
    assert [(value, type(value)) for value in given] == [(value, type(value)) for value in expected]


@pytest.mark.parametrize("base", [{}, {"base_wet_discount": 0, "base_dry_discount": 0.0}])
async def test_a_bonus_on_nothing(hub: Hotels, guests: Guests, base: dict[str, Any]) -> None:
    member = await guests.guest()
    await guests.bonus()
    refused(await apply(hub, "LUNCH2X", customer_id=member.number, **base), 400, "no_base_discount")


async def test_a_promo_code_replaces_rates_and_needs_none(hub: Hotels, guests: Guests) -> None:
    await guests.code(wet_percent=percent("12.5"), dry_percent=percent(0))
    body = ok(await apply(hub, base_wet_discount=50, base_dry_discount=50))
    assert (body["wet_discount"], body["dry_discount"]) == (12.5, 0)
