"""Sales that were made before, told together: the rows are those of sales that were logged one by one."""

from datetime import timedelta
from typing import LiteralString

import pytest
from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.members.model import Member
from regulars.features.promos import actions as promos
from regulars.features.promos.model import Promo
from regulars.features.sales import actions as sales
from regulars.features.sales.model import LoggedSale
from regulars.features.sales.model_history import PastSale
from tests.support.enrolment import NOW
from tests.support.promos import bonus_terms, code_terms
from tests.support.sales import DAY, SalesWorld, ticket

ROWS: list[LiteralString] = [
    """
    select m.number, s.location_id, s.ticket_id, s.fingerprint, s.currency, s.total_minor, s.wet_minor,
        s.dry_minor, s.claimed_discount_type, s.claimed_tier, s.claimed_wet_discount_minor,
        s.claimed_dry_discount_minor, s.promo_code, s.promo_id, s.promo_unknown, s.promo_objection,
        s.promo_overused, s.tier, s.visits, s.discount_type, s.wet_percent, s.dry_percent,
        s.wet_discount_minor, s.dry_discount_minor, s.wet_account, s.dry_account, s.sold_at
    from sales s join members m using (program_id, member_id)
    where program_id = %(program_id)s order by sale_id
    """,
    """
    select s.ticket_id, i.position, i.product_name, i.product_group, i.quantity, i.price_minor, i.stock_type
    from sale_items i join sales s using (program_id, sale_id)
    where program_id = %(program_id)s order by sale_id, position
    """,
    """
    select m.number, location_id, product_name, product_group, stock_type, quantity, sale_count, last_at
    from preferences join members m using (program_id, member_id)
    where program_id = %(program_id)s order by number, location_id, product_name
    """,
    """
    select promo_id, uses, overuses, uses_max, last_used_at from promo_uses
    where program_id = %(program_id)s order by promo_id
    """,
    """
    select m.number, promo_id, uses, uses_max
    from promo_member_uses join members m using (program_id, member_id)
    where program_id = %(program_id)s order by number, promo_id
    """,
]


class World:
    """Two hotels with promos of every sort, three customers and somebody of the staff."""

    def __init__(self, hotels: SalesWorld, people: list[Member]) -> None:
        self.hotels = hotels
        self.people = people

    @classmethod
    async def create(cls, database: Database, slug: str) -> "World":
        hotels = await SalesWorld.create(database, slug)
        people = [await hotels.customer(hotels.number_four, staff=number == 3) for number in range(4)]
        await hotels.promo(code_terms("SUMMER24"))
        await hotels.promo(code_terms("TWICE", usage_limit=2, usage_limit_per_customer=1))
        given = await hotels.promo(bonus_terms("GIVEN", assigned_only=True))
        await hotels.promo(code_terms("GONE", valid_until=(NOW - 50 * DAY).replace(tzinfo=None)))
        await cls._give(database, given, people[1])
        return cls(hotels, people)

    @staticmethod
    async def _give(database: Database, promo: Promo, member: Member) -> None:
        async with database.transaction() as connection:
            await promos.assign(connection, promo.program_id, promo.promo_id, member.member_id, now=NOW)

    def past(self) -> list[PastSale]:
        """Forty days of sales: most days everybody comes, one of them twice."""
        codes = {3: "SUMMER24", 7: "twice", 8: "TWICE", 12: "TWICE", 17: "TWICE", 22: "GONE", 31: "NONE"}
        hotels = (self.hotels.high_street, self.hotels.number_four)
        past = []
        for number in range(100):
            who = self.people[number % 7 % 4]
            new = ticket(who, ticket_id=f"T-{number}", promo_code=codes.get(number))
            past.append(PastSale(hotels[number % 3 % 2], new, NOW - 40 * DAY + number * timedelta(hours=9)))
        return past

    async def tell(self, past: list[PastSale]) -> list[LoggedSale]:
        """The sales, logged together."""
        tier_book, promo_book = await self.hotels.books()
        async with self.hotels.database.connection() as connection:
            return await sales.log_history(connection, past, tier_book=tier_book, promo_book=promo_book)

    async def rows(self) -> list[list[tuple[object, ...]]]:
        """All that is kept of the sales."""
        return [await self.hotels.rows(query) for query in ROWS]


@pytest.fixture
async def told(database: Database) -> World:
    return await World.create(database, "told")


async def test_what_is_told_together_is_what_would_have_been_logged(database: Database, told: World) -> None:
    one_by_one = await World.create(database, "one-by-one")
    singly = [await one_by_one.hotels.log(sale.new, sale.hotel, sale.sold_at) for sale in one_by_one.past()]
    together = await told.tell(told.past())

    assert await told.rows() == await one_by_one.rows()
    assert [replace(sale, sale_id=0) for sale in together] == [replace(sale, sale_id=0) for sale in singly]
    assert [sale.sale_id for sale in together] == sorted({sale.sale_id for sale in together})
    overused = [number for number, sale in enumerate(together) if sale.promo_overused]
    assert overused and {7, 8} - set(overused), "the promo was used, and used too often"
    found = {row[15] for row in (await told.rows())[0]} | {row[17] for row in (await told.rows())[0]}
    assert found >= {"expired", "Member", "Loyalty", "Regular", "Staff"}


async def test_what_was_told_before_is_found_again(told: World) -> None:
    past = told.past()
    before = await told.tell(past[:33])
    again = await told.tell(past)
    assert [sale.sale_id for sale in again[:33]] == [sale.sale_id for sale in before]
    assert [sale.repeated for sale in again] == [True] * 33 + [False] * 67
    rows = await told.rows()
    await told.tell(past)
    assert await told.rows() == rows


async def test_the_same_ticket_with_another_sale_is_refused(told: World) -> None:
    past = told.past()[:3]
    await told.tell(past)
    other = [replace(sale, new=replace(sale.new, total_minor=1)) for sale in past]
    with pytest.raises(Refused, match="duplicate_ticket"):
        await told.tell(other)


@pytest.mark.parametrize("number", [0, 999, 2**31])
async def test_nothing_is_written_of_a_part_with_a_stranger(told: World, number: int) -> None:
    past = told.past()[:3]
    past[2] = replace(past[2], new=replace(past[2].new, customer_number=number))
    with pytest.raises(Refused, match="customer_not_found"):
        await told.tell(past)
    assert (await told.rows())[0] == []


async def test_nothing_is_nothing(told: World) -> None:
    assert await told.tell([]) == []


async def test_a_sale_that_cannot_be_is_refused_before_any_is_logged(told: World) -> None:
    past = told.past()
    past[-1] = replace(past[-1], new=replace(past[-1].new, total_minor=-1))
    with pytest.raises(Refused, match="invalid_amount"):
        await told.tell(past)
    assert (await told.rows())[0] == []
