"""What the contract's notes settle, as a till sees it: defaults, windows, account codes, currencies."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from regulars.features.access import actions as access
from tests.support.guests import Guests
from tests.support.hotels import HIGH_STREET, NUMBER_FOUR, Hotels, ok, refused
from tests.support.ledger import NOW
from tests.support.promos import percent

DAY = timedelta(days=1)
FOB = ("rfid", "F1", None)


async def identify(hub: Hotels, hotel: str = HIGH_STREET) -> dict[str, Any]:
    return ok(await hub.post("/identify", {"identifier": "F1"}, hotel=hotel))


async def sale_row(hub: Hotels, **sale: Any) -> tuple[Any, ...]:
    """What is in the books after a sale of customer 1: its type and accounts, its claims and its promo."""
    logged = ok(await hub.post("/transaction", {"customer_id": 1, "total_amount": 10, **sale}), 201)
    async with hub.database.connection() as connection:
        cursor = await connection.execute(
            "select discount_type, wet_account, dry_account, promo_code, promo_unknown,"
            " claimed_discount_type, claimed_tier, ticket_id from sales where sale_id = %s",
            (logged["transaction_id"],),
        )
        row = await cursor.fetchone()
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("visits", "staff", "due"),
    [
        (0, False, ("Member", 5, 10, ("Loyalty", 4, 4))),
        (4, False, ("Loyalty", 8, 15, ("Regular", 8, 4))),
        (8, False, ("Regular", 12, 20, None)),
        (8, True, ("Staff", 25, 30, None)),
    ],
)
async def test_a_hotel_without_rates_of_its_own_gives_the_defaults(
    hub: Hotels, visits: int, staff: bool, due: tuple[Any, ...]
) -> None:
    await Guests(hub).guest(visits=visits, staff=staff, identifiers=[FOB])
    body = await identify(hub)
    above = tuple(body["next_tier"].values()) if body["next_tier"] else None
    assert (body["tier"], body["wet_discount"], body["dry_discount"], above) == due
    assert body["period_days"] == (0 if staff else 28)


async def test_the_window_is_the_visiting_hotels(hub: Hotels, guests: Guests) -> None:
    figures = [(0, "5", "10"), (2, "10", "20"), (4, "15", "25")]
    await guests.set_scheme(NUMBER_FOUR, figures, period_days=7)
    member = await guests.guest(home=NUMBER_FOUR, identifiers=[FOB])
    await guests.visit(member, 3, at=NOW - 10 * DAY)
    shown = [await identify(hub, hotel) for hotel in (HIGH_STREET, NUMBER_FOUR)]
    assert [(body["total_visits"], body["period_days"], body["tier"]) for body in shown] == [
        (3, 28, "Loyalty"),
        (0, 7, "Member"),
    ]


async def test_the_home_of_a_customer_may_be_closed(hub: Hotels, guests: Guests) -> None:
    await guests.guest(home=NUMBER_FOUR, visits=3, identifiers=[FOB])
    await hub.close_hotel(NUMBER_FOUR)
    body = await identify(hub)
    # Its thresholds still count for those who are at home there.
    assert (body["home_hotel"], body["tier"], body["wet_discount"]) == (NUMBER_FOUR, "Loyalty", 8)


@pytest.mark.parametrize(
    ("staff", "promo", "claimed", "booked"),
    [
        (False, None, "discount", ("discount", "#2303", "#3303")),
        (False, "SUMMER24", "promo", ("promo", "#2305", "#3305")),
        (False, "LUNCH2X", "discount", ("discount", "#2303", "#3303")),
        (True, None, "staff", ("staff", "#2306", "#3306")),
    ],
)
async def test_the_published_account_codes(
    hub: Hotels, guests: Guests, staff: bool, promo: str | None, claimed: str, booked: tuple[str, ...]
) -> None:
    await guests.code()
    await guests.bonus()
    await guests.guest(staff=staff)
    amounts = {"wet_total": 6, "dry_total": 4, "wet_discount_amount": 1, "dry_discount_amount": 1}
    row = await sale_row(hub, promo_code=promo, discount_type=claimed, **amounts)
    assert row[:3] == booked
    assert row[5] == claimed


@pytest.mark.parametrize("blank", ["", "  ", None])
async def test_blank_texts_of_a_sale_are_left_out(hub: Hotels, guests: Guests, blank: str | None) -> None:
    """That is what the empty boxes of a till send; no operator wants to hear of an unknown code ``."""
    await guests.guest()
    names = ("ticket_id", "promo_code", "discount_type", "tier_at_visit")
    row = await sale_row(hub, **dict.fromkeys(names, blank))
    assert row[3:] == (None, False, None, None, None)


async def test_a_bonus_is_never_among_the_codes_that_staff_may_apply(hub: Hotels, guests: Guests) -> None:
    member = await guests.guest(identifiers=[FOB])
    bonus = await guests.bonus("MINE", requires_membership=False, bonus_multiplier=percent(2))
    await guests.assign(bonus, member)
    await guests.code("OPEN")
    body = await identify(hub)
    assert body["applied_customer_promo"]["code"] == "MINE"
    assert [promo["code"] for promo in body["available_promos"]] == ["OPEN"]


@pytest.mark.parametrize(
    ("at", "valid"),
    [
        # Winter, when the hotel's clock is UTC, and summer, when it is an hour ahead.
        (datetime(2026, 1, 10, 21, 59), False),
        (datetime(2026, 1, 10, 22, 0), True),
        (datetime(2026, 1, 11, 1, 59), True),
        (datetime(2026, 1, 11, 3, 0), False),
        (datetime(2026, 7, 10, 20, 59), False),
        (datetime(2026, 7, 10, 21, 0), True),
        (datetime(2026, 7, 11, 0, 59), True),
        (datetime(2026, 7, 11, 2, 0), False),
    ],
)
async def test_a_window_over_midnight_on_the_hotels_clock(
    hub: Hotels, guests: Guests, at: datetime, valid: bool
) -> None:
    await guests.code(time_from=time(22), time_until=time(2))
    hub.clock.now = at.replace(tzinfo=UTC)
    answer = await hub.post("/promos/validate", {"code": "SUMMER24"})
    assert (answer.status_code == 200) is valid
    if not valid:
        assert answer.json() == {"valid": False, "error": "This promo is not valid at this time of day"}


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [("JPY", 1000, 1000), ("JPY", 1000.5, None), ("KWD", 1.125, 1125), ("KWD", 1.1255, None)],
)
async def test_amounts_have_the_decimals_of_the_hotels_currency(
    hub: Hotels, guests: Guests, currency: str, amount: float, minor: int | None
) -> None:
    await guests.guest()
    location_id = hub.location_ids[HIGH_STREET]
    async with hub.database.transaction() as connection:
        await access.update_location(connection, hub.program_id, location_id, currency=currency, now=NOW)
    hub.services.locations.forget(hub.program_id, location_id)
    answer = await hub.post("/transaction", {"customer_id": 1, "total_amount": amount})
    if minor is None:
        refused(answer, 400, "rest_invalid_param", "Invalid parameter(s): total_amount")
    else:
        ok(answer, 201)
    async with hub.database.connection() as connection:
        cursor = await connection.execute("select total_minor, currency from sales")
        assert await cursor.fetchall() == ([] if minor is None else [(minor, currency)])
