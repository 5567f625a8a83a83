"""Visits and what they make of a customer at each hotel, on a real PostgreSQL."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from regulars.db.database import Database
from regulars.features.members import actions as members
from regulars.features.members.model import Member, NewIdentifier
from regulars.features.promos import actions as promos
from regulars.features.tiers.model import Standing
from tests.support.enrolment import NOW
from tests.support.promos import code_terms
from tests.support.sales import DAY, KINDS, SalesWorld, ticket, welcomed

MOMENT = timedelta(microseconds=1)


@pytest_asyncio.fixture
async def world(database: Database) -> SalesWorld:
    """Two hotels without sales."""
    return await SalesWorld.create(database)


async def standing(world: SalesWorld, member: Member, hotel: str = "high_street") -> Standing:
    return (await world.welcome(member, getattr(world, hotel))).standing


async def test_visits_to_all_hotels_of_the_program_count(world: SalesWorld, database: Database) -> None:
    ann, bob = await world.customer(), await world.customer()
    elsewhere = await SalesWorld.create(database, "others")
    await elsewhere.visit(await elsewhere.customer(), 1)
    await world.visit(bob, 1)
    await world.log(ticket(ann))
    await world.log(ticket(ann), world.number_four)
    assert await world.visits(ann) == 2


@pytest.mark.parametrize(
    ("age", "counts"),
    [(timedelta(0), 1), (28 * DAY - MOMENT, 1), (28 * DAY, 1), (28 * DAY + MOMENT, 0), (400 * DAY, 0)],
)
async def test_visits_age_out(world: SalesWorld, age: timedelta, counts: int) -> None:
    ann = await world.customer()
    await world.log(ticket(ann), at=NOW - age)
    assert (await standing(world, ann)).visits == await world.visits(ann) == counts


async def test_the_example_of_the_notes(world: SalesWorld) -> None:
    """3 visits, home Number Four, visiting High Street: Loyalty at 8/15."""
    ann = await world.customer(world.number_four)
    await world.visit(ann, 3)
    found = await standing(world, ann)
    assert (found.tier, found.wet_percent, found.dry_percent) == ("Loyalty", Decimal(8), Decimal(15))
    assert (found.visits, found.period_days) == (3, 28)
    there = await standing(world, ann, "number_four")
    assert (there.tier, there.wet_percent, there.dry_percent) == ("Loyalty", Decimal(10), Decimal(20))


async def test_a_sale_is_reckoned_on_the_visits_before_it(world: SalesWorld) -> None:
    ann = await world.customer(world.high_street)
    tiers = []
    for day in range(9):
        logged = await world.log(ticket(ann), at=NOW - (9 - day) * DAY)
        tiers.append(await world.row("select visits, tier", logged.sale_id))
    assert tiers == [
        *((visits, "Member") for visits in range(4)),
        *((visits, "Loyalty") for visits in range(4, 8)),
        (8, "Regular"),
    ]


async def test_a_welcome_is_about_whoever_was_recognised(world: SalesWorld, database: Database) -> None:
    """A text may name several: the visits and the claims are those of the one who counts."""
    ann, bob = await world.customer(), await world.customer()
    await world.visit(ann, 2)
    await world.visit(bob, 5)
    code = await world.promo(code_terms(assigned_only=True))
    tier_book, promo_book = await world.books()
    books: dict[str, Any] = {"tier_book": tier_book, "promo_book": promo_book}
    async with database.connection() as connection:
        await promos.assign(connection, world.program_id, code.promo_id, bob.member_id, now=NOW)
        code_of_bob = NewIdentifier("qr", str(ann.email), None)
        await members.add_identifier(connection, world.program_id, bob.member_id, code_of_bob, NOW)
        for member, kinds, visits, offered in ((bob, KINDS, 5, [code]), (ann, ("rfid",), 2, [])):
            found = await welcomed(connection, world.high_street, str(ann.email), kinds, NOW, **books)
            assert found is not None and found.recognised.member == member
            assert (found.standing.visits, [offer.promo for offer in found.offers]) == (visits, offered)


@pytest.mark.parametrize("text", ["nobody@example.com", "NOBODY", "", "\0"])
async def test_nobody_is_welcomed(world: SalesWorld, database: Database, text: str) -> None:
    """Nor is whoever was welcomed on the same connection before."""
    ann = await world.customer()
    tier_book, promo_book = await world.books()
    books: dict[str, Any] = {"tier_book": tier_book, "promo_book": promo_book}
    async with database.connection() as connection:
        for name, is_known in ((str(ann.email), True), (text, False)):
            found = await welcomed(connection, world.high_street, name, KINDS, NOW, **books)
            assert (found is not None) is is_known


async def test_staff_have_staff_rates_whatever_their_visits(world: SalesWorld) -> None:
    eve = await world.customer(staff=True)
    await world.visit(eve, 9)
    assert await standing(world, eve) == Standing("Staff", True, Decimal(25), Decimal(30), 0, 0, None)
    logged = await world.log(ticket(eve), world.number_four)
    row = await world.row(
        """
        select tier, visits, discount_type, wet_percent, dry_percent, wet_discount_minor, dry_discount_minor,
            wet_account, dry_account
        """,
        logged.sale_id,
    )
    assert row == ("Staff", 0, "staff", 30, 35, 540, 963, "#2306", "#3306")
