"""POST /transaction: the published example, replays, claims, and what is no reason to refuse a sale."""

from decimal import Decimal
from typing import Any, LiteralString

import psycopg
import pytest

from tests.support.guests import Guests
from tests.support.hotel_examples import EXAMPLES
from tests.support.hotels import ELSEWHERE, HIGH_STREET, NUMBER_FOUR, Answer, Hotels, ok, refused

EXAMPLE = EXAMPLES["/transaction"]
SMALL: dict[str, Any] = {"customer_id": 1, "total_amount": 10}


async def log(hub: Hotels, hotel: str = HIGH_STREET, **body: Any) -> Answer:
    return await hub.post("/transaction", body, hotel=hotel)


async def logged(hub: Hotels, hotel: str = HIGH_STREET, **body: Any) -> int:
    """The id of a sale that must be logged."""
    answer = ok(await log(hub, hotel, **body), 201)
    return int(answer["transaction_id"])


async def rows(hub: Hotels, query: LiteralString) -> list[tuple[Any, ...]]:
    async with hub.database.connection() as connection:
        return await (await connection.execute(query)).fetchall()


async def sale_count(hub: Hotels) -> int:
    return int((await rows(hub, "select count(*) from sales"))[0][0])


async def test_the_published_example(hub: Hotels, guests: Guests, database_url: str) -> None:
    await guests.crowd(42)
    with psycopg.connect(database_url) as connection:
        connection.execute("select setval('sale_ids', 788)")
    answer = await log(hub, **EXAMPLE)
    assert (answer.status_code, answer.text) == (
        201,
        '{"success":true,"transaction_id":789,"message":"Transaction logged successfully"}',
    )
    assert await rows(
        hub,
        "select ticket_id, currency, total_minor, wet_minor, dry_minor, claimed_wet_discount_minor,"
        " claimed_dry_discount_minor, claimed_discount_type, claimed_tier, promo_code from sales",
    ) == [("T-12345", "GBP", 4550, 1800, 2750, 270, 550, "discount", "Loyalty", None)]
    # Our own rules give a customer without visits less than the till claims.
    assert await rows(
        hub,
        "select tier, discount_type, wet_discount_minor, dry_discount_minor, wet_account, dry_account"
        " from sales",
    ) == [("Member", "discount", 90, 275, "#2303", "#3303")]
    assert await rows(
        hub, "select product_name, product_group, quantity, price_minor, stock_type from sale_items"
    ) == [("Guinness", "Drinks", 2, 550, "wet"), ("Fish & Chips", "Mains", 1, 1495, "dry")]
    assert await rows(hub, "select product_name, quantity, sale_count from preferences order by 1") == [
        ("Fish & Chips", 1, 1),
        ("Guinness", 2, 1),
    ]


async def test_a_sale_is_a_visit(hub: Hotels, guests: Guests) -> None:
    await guests.guest(identifiers=[("rfid", "F1", None)])
    for number, tier in enumerate(["Member", "Member", "Member", "Loyalty", "Loyalty"], start=1):
        await logged(hub, **SMALL)
        body = ok(await hub.post("/identify", {"identifier": "F1"}))
        assert (body["total_visits"], body["tier"]) == (number, tier)


async def test_null_is_the_same_as_nothing(hub: Hotels, guests: Guests) -> None:
    await guests.guest()
    optional: dict[str, Any] = {name: None for name in EXAMPLE if name not in SMALL}
    first, second = await logged(hub, **SMALL, **optional), await logged(hub, **SMALL)
    both = await rows(
        hub,
        "select ticket_id, wet_minor, claimed_discount_type, claimed_tier, promo_code, fingerprint"
        " from sales",
    )
    assert first != second and both[0] == both[1] and both[0][:5] == (None,) * 5
    nothing = dict.fromkeys(EXAMPLE["items"][0])
    await logged(hub, **SMALL, items=[nothing, {}])
    items = await rows(
        hub, "select product_name, product_group, quantity, price_minor, stock_type from sale_items"
    )
    assert items == [("", "", 1, None, "dry")] * 2
    assert await rows(hub, "select * from preferences") == []


async def test_the_same_ticket_answers_the_first_sale(hub: Hotels, guests: Guests) -> None:
    await guests.crowd(42)
    first = await logged(hub, **EXAMPLE)
    for again in (EXAMPLE, {**EXAMPLE, "total_amount": 45.5, "ticket_id": " T-12345 ", "extra": 1}):
        assert await logged(hub, **again) == first
    without_nulls = {name: value for name, value in EXAMPLE.items() if value is not None}
    assert await logged(hub, **without_nulls) == first
    assert await sale_count(hub) == 1
    others: list[dict[str, Any]] = [
        {"total_amount": 45.51},
        {"customer_id": 41},
        {"items": []},
        {"tier_at_visit": None},
    ]
    for other in others:
        refused(await log(hub, **{**EXAMPLE, **other}), 409, "duplicate_ticket")
    assert await sale_count(hub) == 1
    # A ticket belongs to its hotel.
    assert await logged(hub, NUMBER_FOUR, **EXAMPLE) != first
    assert await sale_count(hub) == 2


@pytest.mark.parametrize("ticket_id", [None, "", "  "])
async def test_without_a_ticket_every_sale_is_another(
    hub: Hotels, guests: Guests, ticket_id: str | None
) -> None:
    await guests.guest()
    sale = {**SMALL, "ticket_id": ticket_id}
    assert await logged(hub, **sale) != await logged(hub, **sale)


async def test_customers_must_be_the_programs_own(hub: Hotels, guests: Guests) -> None:
    await hub.register("Theirs", hotel=ELSEWHERE)
    for customer_id in (1, 0, -1, 2**31, 2**63, -(2**63), 10**400):
        answer = await log(hub, customer_id=customer_id, total_amount=1)
        refused(answer, 404, "customer_not_found", "Customer not found")
    assert await sale_count(hub) == 0


async def test_a_sale_of_an_inactive_customer_is_logged_and_of_an_erased_one_not(
    hub: Hotels, guests: Guests
) -> None:
    await guests.guest()
    await hub.switch_off(1)
    await logged(hub, **SMALL)
    await hub.erase(1)
    refused(await log(hub, **SMALL), 404, "customer_not_found")


async def test_the_promo_is_used_once_and_overuse_is_flagged(hub: Hotels, guests: Guests) -> None:
    await guests.guest()
    promo = await guests.code(usage_limit=1)
    sale = {**SMALL, "promo_code": "summer24", "wet_total": 10}
    first = await logged(hub, **sale, ticket_id="T-1")
    assert await logged(hub, **sale, ticket_id="T-1") == first
    assert (await guests.use_count(promo)).uses == 1
    second = await logged(hub, **sale, ticket_id="T-2")
    count = await guests.use_count(promo)
    assert (count.uses, count.overuses) == (1, 1)
    flags = await rows(hub, "select sale_id, promo_overused, wet_account from sales order by sale_id")
    assert flags == [(first, False, "#2305"), (second, True, "#2305")]


async def test_what_the_till_claims_is_kept_whatever_it_is(hub: Hotels, guests: Guests) -> None:
    await guests.guest(staff=True)
    await logged(
        hub, **SMALL, discount_type="something", tier_at_visit="Gold", promo_code="NOBODY'S", wet_total=10
    )
    assert await rows(
        hub,
        "select claimed_discount_type, claimed_tier, promo_code, promo_unknown, tier, discount_type,"
        " wet_account from sales",
    ) == [("something", "Gold", "NOBODY'S", True, "Staff", "staff", "#2306")]


@pytest.mark.parametrize(
    ("amount", "minor"),
    [(0, 0), (0.1, 10), (45.5, 4550), (0.30000000000000004, 30), (1e3, 100_000), (1_000_000_000, 10**11)],
)
async def test_amounts_become_minor_units(hub: Hotels, guests: Guests, amount: float, minor: int) -> None:
    await guests.guest()
    await logged(hub, customer_id=1, total_amount=amount)
    assert await rows(hub, "select total_minor from sales") == [(minor,)]


async def test_quantities_and_kinds_of_stock(hub: Hotels, guests: Guests) -> None:
    await guests.guest()
    lines = [(0.25, "WET"), (1.125, "wet"), (3, "snack"), (0, "wet"), (1, "")]
    items = [{"product_name": "P", "quantity": quantity, "stock_type": kind} for quantity, kind in lines]
    await logged(hub, **SMALL, items=items)
    assert await rows(hub, "select quantity, stock_type from sale_items order by position") == [
        (Decimal("0.25"), "wet"),
        (Decimal("1.125"), "wet"),
        (3, "dry"),
        (0, "wet"),
        (1, "dry"),
    ]
