"""Sales on a real PostgreSQL: what is kept of a ticket, tickets that come again, and who is a customer."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio
from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.members import actions as members
from regulars.features.promos.model import Uses
from regulars.features.sales import actions as sales
from regulars.features.sales.model import LoggedSale, NewSale, SaleItem, StockType
from tests.support.enrolment import LATER, NOW
from tests.support.promos import code_terms
from tests.support.sales import FISH, GUINNESS, KINDS, SalesWorld, ticket, welcomed


@pytest_asyncio.fixture
async def world(database: Database) -> SalesWorld:
    """Two hotels without sales."""
    return await SalesWorld.create(database)


async def count_of_everything(world: SalesWorld) -> tuple[Any, ...]:
    [counts] = await world.rows(
        """
        select (select count(*) from sales), (select count(*) from sale_items),
            (select coalesce(sum(sale_count), 0) from preferences)
        """
    )
    return counts


async def test_claims_and_ours_stand_side_by_side(world: SalesWorld) -> None:
    ann = await world.customer(world.high_street)
    await world.visit(ann, 4)
    logged = await world.log(ticket(ann, ticket_id="T-12345"))

    claims = await world.row(
        """
        select location_id, member_id, ticket_id, currency, total_minor, wet_minor, dry_minor,
            claimed_discount_type, claimed_tier, claimed_wet_discount_minor, claimed_dry_discount_minor,
            promo_code, sold_at
        """,
        logged.sale_id,
    )
    assert claims == (
        world.high_street.location_id, ann.member_id, "T-12345", "GBP", 4550, 1800, 2750,
        "discount", "Loyalty", 270, 550, None, NOW,
    )  # fmt: skip
    ours = await world.row(
        """
        select tier, visits, discount_type, wet_percent, dry_percent, wet_discount_minor, dry_discount_minor,
            wet_difference_minor, dry_difference_minor, wet_account, dry_account, promo_id, promo_unknown,
            promo_objection, promo_overused
        """,
        logged.sale_id,
    )
    assert ours == (
        "Loyalty", 4, "discount", Decimal(8), Decimal(15), 144, 413, 126, 137, "#2303", "#3303", None,
        False, None, False,
    )  # fmt: skip


async def test_items_are_kept_in_their_order(world: SalesWorld) -> None:
    ann = await world.customer()
    nameless = SaleItem("", Decimal("0.500"), StockType.DRY)
    logged = await world.log(ticket(ann, items=(GUINNESS, FISH, nameless, GUINNESS)))
    kept = await world.rows(
        """
        select position, product_name, product_group, quantity, price_minor, stock_type from sale_items
        where program_id = %(program_id)s and sale_id = %(sale_id)s order by position
        """,
        sale_id=logged.sale_id,
    )
    assert kept == [
        (1, "Guinness", "Drinks", Decimal(2), 550, "wet"),
        (2, "Fish & Chips", "Mains", Decimal(1), 1495, "dry"),
        (3, "", "", Decimal("0.5"), None, "dry"),
        (4, "Guinness", "Drinks", Decimal(2), 550, "wet"),
    ]


async def test_preferences_grow_by_customer_hotel_and_product(world: SalesWorld) -> None:
    ann, bob = await world.customer(), await world.customer()
    await world.log(ticket(ann, items=(GUINNESS, GUINNESS, FISH)), at=LATER)
    await world.log(ticket(ann, items=(GUINNESS,)), at=NOW)
    await world.log(ticket(ann, items=(FISH,)), world.number_four)
    await world.log(ticket(bob, items=(GUINNESS,)))
    kept = await world.rows(
        """
        select member_id, location_id, product_name, product_group, stock_type, quantity, sale_count, last_at
        from preferences where program_id = %(program_id)s
        order by member_id, location_id, product_name
        """
    )
    here, there = world.high_street.location_id, world.number_four.location_id
    assert kept == [
        (ann.member_id, here, "Fish & Chips", "Mains", "dry", Decimal(1), 1, LATER),
        (ann.member_id, here, "Guinness", "Drinks", "wet", Decimal(6), 2, LATER),
        (ann.member_id, there, "Fish & Chips", "Mains", "dry", Decimal(1), 1, NOW),
        (bob.member_id, here, "Guinness", "Drinks", "wet", Decimal(2), 1, NOW),
    ]


async def test_what_the_till_did_not_say_is_not_reckoned(world: SalesWorld) -> None:
    ann = await world.customer()
    logged = await world.log(NewSale(customer_number=ann.number, total_minor=0))
    row = await world.row(
        """
        select total_minor, wet_minor, wet_discount_minor, wet_difference_minor, dry_difference_minor,
            claimed_tier, tier, wet_percent
        """,
        logged.sale_id,
    )
    assert row == (0, None, None, None, None, None, "Member", Decimal(5))
    assert await count_of_everything(world) == (1, 0, 0)


async def test_a_ticket_that_comes_again_is_the_sale_it_was(world: SalesWorld) -> None:
    ann = await world.customer()
    first = await world.log(ticket(ann, ticket_id="T-1"))
    assert first == LoggedSale(first.sale_id, False, False, False)
    counts = await count_of_everything(world)
    for _ in range(10):
        again = await world.log(ticket(ann, ticket_id=" T-1 "), at=LATER)
        assert again == LoggedSale(first.sale_id, True, False, False)
    assert await count_of_everything(world) == counts == (1, 2, 2)


@pytest.mark.parametrize(
    "changes", [{"total_minor": 4551}, {"items": ()}, {"claimed_tier": None}, {"promo_code": "SUMMER24"}]
)
async def test_another_sale_under_the_same_ticket_is_refused(
    world: SalesWorld, changes: dict[str, Any]
) -> None:
    ann = await world.customer()
    await world.log(ticket(ann, ticket_id="T-1"))
    counts = await count_of_everything(world)
    with pytest.raises(Refused, match="duplicate_ticket"):
        await world.log(ticket(ann, ticket_id="T-1", **changes))
    assert await count_of_everything(world) == counts


async def test_a_ticket_is_known_at_its_hotel_only(world: SalesWorld, database: Database) -> None:
    ann = await world.customer()
    elsewhere = await SalesWorld.create(database, "others")
    eve = await elsewhere.customer()
    sale_ids = {
        (await world.log(ticket(ann, ticket_id="T-1"))).sale_id,
        (await world.log(ticket(ann, ticket_id="T-1"), world.number_four)).sale_id,
        (await elsewhere.log(ticket(eve, ticket_id="T-1"))).sale_id,
    }
    assert len(sale_ids) == 3


@pytest.mark.parametrize("ticket_id", [None, "", "  "])
async def test_without_a_ticket_every_sale_is_a_new_one(world: SalesWorld, ticket_id: str | None) -> None:
    ann = await world.customer()
    new = ticket(ann, ticket_id=ticket_id)
    assert (await world.log(new)).sale_id != (await world.log(new)).sale_id


async def test_an_inactive_customer_s_sale_is_logged(world: SalesWorld, database: Database) -> None:
    ann = await world.customer()
    async with database.transaction() as connection:
        await members.set_active(connection, world.program_id, ann.member_id, False, NOW)
    await world.log(ticket(ann))
    assert await world.visits(ann) == 1


@pytest.mark.parametrize("number", [0, -1, 999, 2**31, 2**63])
async def test_an_unknown_customer_is_refused(world: SalesWorld, number: int) -> None:
    ann = await world.customer()
    with pytest.raises(Refused, match="customer_not_found"):
        await world.log(replace(ticket(ann, ticket_id="T-1"), customer_number=number))
    assert await count_of_everything(world) == (0, 0, 0)


async def test_an_erased_customer_is_unknown(world: SalesWorld, database: Database) -> None:
    ann = await world.customer()
    async with database.transaction() as connection:
        await members.erase(connection, world.program_id, ann.member_id, NOW)
    with pytest.raises(Refused, match="customer_not_found"):
        await world.log(ticket(ann))


async def test_customers_of_another_program_are_unknown(world: SalesWorld, database: Database) -> None:
    elsewhere = await SalesWorld.create(database, "others")
    for _ in range(3):
        eve = await elsewhere.customer()
    with pytest.raises(Refused, match="customer_not_found"):
        await world.log(ticket(eve))


async def test_a_sale_that_cannot_be_kept_leaves_nothing(world: SalesWorld) -> None:
    ann = await world.customer()
    with pytest.raises(Refused, match="invalid_amount"):
        await world.log(ticket(ann, total_minor=-1))
    assert await count_of_everything(world) == (0, 0, 0)


async def test_the_largest_ticket_fits(world: SalesWorld) -> None:
    ann = await world.customer()
    largest = 10**11
    line = SaleItem("P" * 200, Decimal(1_000_000), StockType.WET, "G" * 200, largest)
    amounts = {"total_minor": largest, "wet_minor": largest, "dry_minor": largest}
    new = ticket(ann, ticket_id="T" * 200, promo_code="C" * 200, items=(line,) * 1000, **amounts)
    for hotel in (world.high_street, world.number_four):
        await world.log(new, hotel)
    assert await count_of_everything(world) == (2, 2000, 2)


async def test_text_in_any_script_comes_back_as_it_was(world: SalesWorld) -> None:
    ann = await world.customer()
    name = "Weißbier 🍺 \\x00 \" ' {}"
    logged = await world.log(ticket(ann, ticket_id=name, items=(SaleItem(name, Decimal(1), StockType.WET),)))
    assert await world.row("select ticket_id", logged.sale_id) == (name,)
    assert await world.rows("select product_name from preferences") == [(name,)]
    assert (await world.log(
        ticket(ann, ticket_id=name, items=(SaleItem(name, Decimal(1), StockType.WET),))
    )).repeated  # fmt: skip


async def test_what_was_prepared_may_be_gone(world: SalesWorld, database: Database) -> None:
    ann, promo = await world.customer(), await world.promo(code_terms())
    tier_book, promo_book = await world.books()
    books: dict[str, Any] = {"tier_book": tier_book, "promo_book": promo_book}
    async with database.connection() as connection:
        for number in range(3):
            for code in (None, "SUMMER24"):
                new = ticket(ann, promo_code=code)
                await sales.log_sale(connection, world.high_street, new, NOW, **books)
                await connection.execute("deallocate all", prepare=False)
            due = await welcomed(connection, world.high_street, str(ann.email), KINDS, NOW, **books)
            assert due is not None and due.standing.visits == 2 * (number + 1)
            await connection.execute("deallocate all", prepare=False)
    assert await world.uses(promo, ann) == Uses(3, 3)


async def test_a_sale_is_no_part_of_another_transaction(world: SalesWorld, database: Database) -> None:
    ann = await world.customer()
    tier_book, promo_book = await world.books()
    async with database.transaction() as connection:
        with pytest.raises(AssertionError):
            await sales.log_sale(
                connection, world.high_street, ticket(ann), NOW, tier_book=tier_book, promo_book=promo_book
            )


@pytest.mark.parametrize(
    "statement",
    [
        "update sales set total_minor = 0",
        "delete from sales",
        "update sale_items set quantity = 0",
        "delete from sale_items",
        "delete from preferences",
    ],
)
async def test_the_server_cannot_change_what_was_logged(world: SalesWorld, statement: str) -> None:
    await world.log(ticket(await world.customer()))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with world.database.connection() as connection:
            await connection.execute(statement.encode())


@pytest.mark.parametrize(
    "change",
    [
        "total_minor = -1",
        "wet_discount_minor = wet_minor + 1",
        "dry_percent = 100.01",
        "promo_unknown = true",
        "promo_overused = true",
        "discount_type = 'other'",
        "ticket_id = ''",
    ],
)
async def test_the_database_refuses_what_cannot_be(world: SalesWorld, database_url: str, change: str) -> None:
    await world.log(ticket(await world.customer()))
    async with await psycopg.AsyncConnection.connect(database_url) as owner:
        with pytest.raises(psycopg.errors.CheckViolation):
            await owner.execute(f"update sales set {change}".encode())


async def test_a_sale_belongs_to_a_member_of_its_own_program(world: SalesWorld, database_url: str) -> None:
    await world.log(ticket(await world.customer()))
    async with await psycopg.AsyncConnection.connect(database_url) as owner:
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            await owner.execute("update sales set member_id = %s", [uuid4()])
