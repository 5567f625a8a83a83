"""Tiers and the schemes of hotels on a real PostgreSQL."""

import asyncio
from collections.abc import Awaitable
from decimal import Decimal
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from msgspec import Struct
from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.tiers import actions as tiers
from regulars.features.tiers.model import Scheme, Tier, TierBook, TierRule
from tests.support.enrolment import LATER, NOW, new_program

HOTELS = ("high-street", "number-four")


class Pub(Struct, frozen=True):
    """A program with the default tiers and two hotels that have set nothing."""

    program_id: int
    tiers: tuple[Tier, ...]
    high_street: int
    number_four: int

    def scheme(self, hotel: int, **changes: Any) -> Scheme:
        """The rates of Number Four, for whichever hotel."""
        figures = [(0, 5, 10), (2, 10, 20), (4, 15, 25)]
        rules = tuple(
            TierRule(tier.tier_id, visits, Decimal(wet), Decimal(dry))
            for tier, (visits, wet, dry) in zip(self.tiers, figures, strict=True)
        )
        return replace(Scheme(hotel, 28, rules, Decimal(30), Decimal("35.5")), **changes)


async def new_pub(database: Database, slug: str) -> Pub:
    program_id = await new_program(database, slug)
    async with database.transaction() as connection:
        locations = [
            await access.create_location(connection, program_id, slug=hotel, name=hotel, now=NOW)
            for hotel in HOTELS
        ]
        created = await tiers.create_tiers(connection, program_id, tiers.DEFAULT_NAMES, NOW)
    return Pub(program_id, created, *(location.location_id for location in locations))


@pytest_asyncio.fixture
async def pub(database: Database) -> Pub:
    return await new_pub(database, "pub")


async def book_of(database: Database, program_id: int) -> TierBook:
    async with database.connection() as connection:
        return await tiers.load_book(connection, program_id)


async def set_schemes(database: Database, pub: Pub, *schemes: Scheme) -> tuple[Scheme, ...]:
    async with database.transaction() as connection:
        return await tiers.set_schemes(connection, pub.program_id, schemes, NOW)


async def refusal(work: Awaitable[Any]) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Refused) as refused:
        await work
    return refused.value.code, refused.value.details


async def test_a_program_that_has_set_nothing_has_an_empty_book(database: Database) -> None:
    program_id = await new_program(database, "new")
    assert await book_of(database, program_id) == TierBook((), {})
    assert await book_of(database, 999) == TierBook((), {})


async def test_tiers_are_added_above_those_there_are(database: Database, pub: Pub) -> None:
    assert pub.tiers == (Tier(1, "Member", 1), Tier(2, "Loyalty", 2), Tier(3, "Regular", 3))
    async with database.transaction() as connection:
        added = await tiers.create_tiers(connection, pub.program_id, [" Gold ", "Platinum"], LATER)
        assert await tiers.create_tiers(connection, pub.program_id, [], LATER) == ()
    assert added == (Tier(4, "Gold", 4), Tier(5, "Platinum", 5))
    assert (await book_of(database, pub.program_id)).tiers == pub.tiers + added


async def test_a_tier_that_is_refused_uses_no_number_up(database: Database, pub: Pub) -> None:
    async with database.transaction() as connection:
        taken = tiers.create_tiers(connection, pub.program_id, ["Gold", "loyalty"], NOW)
        assert await refusal(taken) == ("name_taken", {})
        assert await tiers.create_tiers(connection, pub.program_id, ["Gold"], NOW) == (Tier(4, "Gold", 4),)


async def test_tiers_added_at_once_all_have_their_place(database: Database, pub: Pub) -> None:
    async def add(name: str) -> tuple[Tier, ...]:
        async with database.transaction() as connection:
            return await tiers.create_tiers(connection, pub.program_id, [name], NOW)

    names = [f"Tier {number}" for number in range(8)]
    added = await asyncio.gather(*(add(name) for name in names))
    book = await book_of(database, pub.program_id)
    assert [tier.position for tier in book.tiers] == list(range(1, 12))
    assert {tier.name for (tier,) in added} == set(names)


async def test_a_scheme_reads_as_it_was_set(database: Database, pub: Pub) -> None:
    scheme = pub.scheme(pub.number_four)
    async with database.transaction() as connection:
        shuffled = replace(scheme, rules=tuple(reversed(scheme.rules)))
        assert await tiers.set_scheme(connection, pub.program_id, shuffled, NOW) == scheme
    book = await book_of(database, pub.program_id)
    assert book == TierBook(pub.tiers, {pub.number_four: scheme})
    assert str(book.schemes[pub.number_four].staff_dry_percent) == "35.50"
    result = tiers.standing(3, book, pub.high_street, pub.number_four)
    assert (result.tier, int(result.wet_percent), int(result.dry_percent)) == ("Loyalty", 8, 15)


async def test_a_scheme_takes_the_place_of_the_one_before(database: Database, pub: Pub) -> None:
    before = pub.scheme(pub.number_four)
    other = pub.scheme(pub.high_street)
    await set_schemes(database, pub, before, other)
    fewer = replace(
        before,
        period_days=7,
        rules=(before.rules[0], replace(before.rules[2], visits_min=2)),
        staff_wet_percent=Decimal("0.01"),
        staff_dry_percent=Decimal(100),
    )
    await set_schemes(database, pub, fewer)
    book = await book_of(database, pub.program_id)
    assert book.schemes == {pub.number_four: fewer, pub.high_street: other}


async def test_hundreds_of_hotels_are_set_up_at_once(database: Database, pub: Pub) -> None:
    async with database.transaction() as connection:
        hotels = [
            await access.create_location(connection, pub.program_id, slug=f"h-{n}", name="H", now=NOW)
            for n in range(200)
        ]
        schemes = [
            pub.scheme(hotel.location_id, period_days=number) for number, hotel in enumerate(hotels, 1)
        ]
        assert await tiers.set_schemes(connection, pub.program_id, schemes, NOW) == tuple(schemes)
        assert await tiers.set_schemes(connection, pub.program_id, [], NOW) == ()
    book = await book_of(database, pub.program_id)
    assert book.schemes == {scheme.location_id: scheme for scheme in schemes}


@pytest.mark.parametrize(
    ("changes", "code", "details"),
    [
        ({"location_id": 3}, "location_not_found", {}),
        ({"location_id": 2**40}, "location_not_found", {}),
        ({"period_days": 0}, "invalid_scheme", {"field": "period_days"}),
        ({"rules": ()}, "invalid_scheme", {"field": "tier_id"}),
        ({"staff_wet_percent": Decimal("NaN")}, "invalid_scheme", {"field": "staff_wet_percent"}),
    ],
)
async def test_what_is_refused_changes_nothing(
    database: Database, pub: Pub, changes: dict[str, Any], code: str, details: dict[str, Any]
) -> None:
    before = pub.scheme(pub.number_four)
    await set_schemes(database, pub, before)
    wrong = pub.scheme(pub.number_four, **changes)
    async with database.transaction() as connection:
        batch = [pub.scheme(pub.high_street), wrong]
        assert await refusal(tiers.set_schemes(connection, pub.program_id, batch, NOW)) == (code, details)
        assert (await tiers.load_book(connection, pub.program_id)).schemes == {pub.number_four: before}


async def test_two_programs_are_kept_apart(database: Database, pub: Pub) -> None:
    other = await new_pub(database, "other")
    async with database.transaction() as connection:
        gold = await tiers.create_tiers(connection, other.program_id, ["Gold"], NOW)
        only_theirs = await access.create_location(
            connection, other.program_id, slug="third", name="Third", now=NOW
        )
    mine, theirs = pub.scheme(1), other.scheme(1, period_days=7)
    await set_schemes(database, pub, mine)
    await set_schemes(database, other, theirs)
    assert await book_of(database, pub.program_id) == TierBook(pub.tiers, {1: mine})
    assert await book_of(database, other.program_id) == TierBook(other.tiers + gold, {1: theirs})
    foreign_hotel = set_schemes(database, pub, pub.scheme(only_theirs.location_id))
    assert await refusal(foreign_hotel) == ("location_not_found", {})
    foreign_rule = TierRule(gold[0].tier_id, 9, Decimal(1), Decimal(1))
    foreign_tier = set_schemes(database, pub, replace(mine, rules=(*mine.rules, foreign_rule)))
    assert await refusal(foreign_tier) == ("invalid_scheme", {"field": "tier_id"})


async def test_schemes_set_at_once_are_never_mixed(database: Database, pub: Pub) -> None:
    candidates = []
    for number in range(1, 13):
        first = pub.scheme(pub.high_street, period_days=number)
        rules = tuple(replace(rule, wet_percent=Decimal(number)) for rule in first.rules[: 1 + number % 3])
        candidates.append([replace(first, rules=rules), pub.scheme(pub.number_four, period_days=number)])
    # Half of them name the hotels the other way round.
    orders = [pair if number % 2 else pair[::-1] for number, pair in enumerate(candidates)]
    await asyncio.gather(*(set_schemes(database, pub, *order) for order in orders))
    schemes = (await book_of(database, pub.program_id)).schemes
    assert [schemes[pub.high_street], schemes[pub.number_four]] in candidates


@pytest.mark.parametrize(
    "statement",
    [
        "update tier_schemes set period_days = 0",
        "update tier_schemes set staff_wet_percent = 100.01",
        "update tier_schemes set staff_dry_percent = -1",
        "update tier_schemes set location_id = 99",
        "insert into tiers values (1, 9, 'MEMBER', 9, now())",
        "insert into tiers values (1, 9, 'Gold', 1, now())",
        "insert into tiers values (1, 9, '', 9, now())",
        "insert into tier_rules values (1, 1, 1, 0, 5, 5)",
        "insert into tier_rules values (1, 2, 99, 0, 5, 5)",
        "insert into tier_rules values (1, 2, 3, -1, 5, 5)",
        "insert into tier_rules values (1, 2, 3, 9, -1, 5)",
        "insert into tier_rules values (1, 2, 3, 9, 5, 100.01)",
        "insert into tier_rules values (1, 2, 3, 2, 5, 5)",
    ],
)
async def test_the_database_refuses_what_the_rules_would(
    database: Database, pub: Pub, statement: str
) -> None:
    without_the_top = pub.scheme(pub.number_four).rules[:2]
    await set_schemes(database, pub, pub.scheme(pub.number_four, rules=without_the_top))
    async with database.connection() as connection:
        with pytest.raises(psycopg.errors.IntegrityError):
            await connection.execute(statement.encode())


@pytest.mark.parametrize("statement", ["delete from tiers", "update tiers set position = 9"])
async def test_the_server_may_not_take_tiers_away(database: Database, pub: Pub, statement: str) -> None:
    async with database.connection() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(statement.encode())


async def test_a_remembered_book_is_two_seconds_old_at_most(database: Database, pub: Pub) -> None:
    seconds = 100.0
    cache = tiers.TierBookCache(database, monotonic=lambda: seconds)
    assert cache.cached(pub.program_id) is None
    before = await cache.get(pub.program_id)
    assert before == TierBook(pub.tiers, {})
    scheme = pub.scheme(pub.number_four)
    await set_schemes(database, pub, scheme)
    seconds = 101.9
    assert cache.cached(pub.program_id) is before
    assert await cache.get(pub.program_id) is before
    seconds = 102.0
    assert cache.cached(pub.program_id) is None
    assert (await cache.get(pub.program_id)).schemes == {pub.number_four: scheme}


async def test_a_forgotten_book_is_read_again_at_once(database: Database, pub: Pub) -> None:
    other = await new_pub(database, "other")
    cache = tiers.TierBookCache(database)
    assert (await cache.get(pub.program_id)).schemes == {}
    assert (await cache.get(other.program_id)).schemes == {}
    await set_schemes(database, pub, pub.scheme(pub.number_four))
    cache.forget(pub.program_id)
    assert (await cache.get(pub.program_id)).schemes.keys() == {pub.number_four}
    assert cache.cached(other.program_id) == TierBook(other.tiers, {})
