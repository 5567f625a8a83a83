"""Promos on a real PostgreSQL: made, changed, found, and guarded."""

import asyncio
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, LiteralString

import pytest
import pytest_asyncio
from psycopg import errors

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.promos import actions
from regulars.features.promos.actions import PromoCache
from regulars.features.promos.model import Promo, PromoChanges, PromoTerms
from tests.support.enrolment import LATER, NOW
from tests.support.promos import PromoWorld, bonus_terms, code_terms

LAST_SECOND = datetime(2026, 8, 31, 23, 59, 59)


@pytest_asyncio.fixture
async def world(database: Database) -> PromoWorld:
    return await PromoWorld.create(database)


async def change(world: PromoWorld, promo_id: int, now: datetime = LATER, **changes: Any) -> Promo:
    async with world.database.transaction() as connection:
        return await actions.update_promo(
            connection, world.program_id, promo_id, PromoChanges(**changes), now
        )


async def find(world: PromoWorld, code: str) -> Promo | None:
    async with world.database.connection() as connection:
        return await actions.find_by_code(connection, world.program_id, code)


async def test_every_field_is_kept(world: PromoWorld) -> None:
    hotels = frozenset([await world.hotel("high-street"), await world.hotel("number-four")])
    full = code_terms(
        " winter25",
        description="two\nlines",
        active=False,
        valid_from=datetime(2026, 1, 1),
        valid_until=LAST_SECOND,
        time_from=time(22),
        time_until=time(2, 0, 1),
        weekdays=frozenset({5, 6}),
        requires_membership=True,
        assigned_only=True,
        min_spend_minor=10**12,
        wet_percent=Decimal("12.35"),
        dry_percent=Decimal("0.01"),
        usage_limit=2**31 - 1,
        usage_limit_per_customer=1,
        location_ids=hotels,
    )
    created = [await world.promo(terms) for terms in (full, code_terms(), bonus_terms())]

    assert [promo.promo_id for promo in created] == [1, 2, 3]
    assert created[0].code == "WINTER25"
    assert created[0].location_ids == hotels
    assert {promo.created_at for promo in created} == {NOW}
    async with world.database.connection() as connection:
        assert await actions.list_promos(connection, world.program_id) == created
        assert await actions.list_promos(connection, world.program_id, active=False) == created[:1]
        assert await actions.list_promos(connection, world.program_id, active=True) == created[1:]
        for promo in created:
            assert await actions.find_promo(connection, world.program_id, promo.promo_id) == promo
        for unknown in (0, -1, 4, 2**31, 2**80):
            assert await actions.find_promo(connection, world.program_id, unknown) is None


async def test_a_code_is_found_in_any_case_and_is_unique_in_its_program(world: PromoWorld) -> None:
    promo = await world.promo(code_terms("Café24"))
    for typed in ("CAFÉ24", "café24", " Café24 ", "cafe\u030124"):
        assert await find(world, typed) == promo
    for unknown in ("", "CAFÉ", "CAFÉ 24", "x" * 1000, "\0", "\ud800"):
        assert await find(world, unknown) is None
    with pytest.raises(Refused) as refused:
        await world.promo(bonus_terms("cafÉ24"))
    assert refused.value.code == "code_taken"
    assert (await world.promo(code_terms("OTHER"))).promo_id == 2


async def test_two_programs_are_kept_apart(world: PromoWorld) -> None:
    other = await PromoWorld.create(world.database, "other")
    ours, theirs = await world.promo(), await other.promo(bonus_terms("SUMMER24"))

    assert ours.promo_id == theirs.promo_id == 1
    assert (await find(world, "summer24"), await find(other, "summer24")) == (ours, theirs)
    assert await world.consume(ours, await world.customer())
    assert (await other.uses(theirs)).overall == 0
    await change(world, 1, active=False)
    assert await find(other, "summer24") == theirs


async def test_a_location_must_be_the_programs_own(world: PromoWorld) -> None:
    other = await PromoWorld.create(world.database, "other")
    await world.hotel("high-street")
    foreign = [await other.hotel("theirs"), await other.hotel("theirs-too")][1]
    with pytest.raises(Refused) as refused:
        await world.promo(code_terms(location_ids=frozenset({1, foreign})))
    assert (refused.value.code, refused.value.details) == ("invalid_promo", {"field": "location_ids"})

    await world.promo()
    with pytest.raises(Refused) as refused:
        await change(world, 1, location_ids=frozenset({foreign}))
    assert refused.value.details == {"field": "location_ids"}


async def test_what_is_changed_and_what_stays(world: PromoWorld) -> None:
    first, second = await world.hotel("first"), await world.hotel("second")
    promo = await world.promo(code_terms(description="old", location_ids=frozenset({first})))

    changed = await change(
        world, 1, code="winter", description=None, location_ids=frozenset({second}), usage_limit=3
    )

    assert (changed.code, changed.description, changed.usage_limit) == ("WINTER", None, 3)
    assert changed.location_ids == {second}
    assert (changed.name, changed.kind, changed.created_at) == (promo.name, promo.kind, NOW)
    assert changed.updated_at == LATER
    assert (await find(world, "winter"), await find(world, "summer24")) == (changed, None)
    assert await change(world, 1, code="Winter", now=LATER + timedelta(days=1)) == changed
    everywhere = await change(world, 1, location_ids=frozenset())
    assert everywhere.location_ids == frozenset()
    assert await find(world, "winter") == everywhere


async def test_it_is_switched_off_and_on(world: PromoWorld) -> None:
    await world.promo()
    for active in (False, False, True):
        async with world.database.transaction() as connection:
            promo = await actions.set_active(connection, world.program_id, 1, active, LATER)
        assert promo.active is active
        assert await find(world, "summer24") == promo


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"code": "taken"}, "code_taken", None),
        ({"code": ""}, "invalid_promo", "code"),
        ({"wet_percent": Decimal(101)}, "invalid_promo", "wet_percent"),
        # The terms are judged as a whole: what is changed must go with what stays.
        ({"valid_until": datetime(2025, 12, 31)}, "invalid_promo", "valid_until"),
        ({"wet_percent": Decimal(0), "dry_percent": Decimal(0)}, "invalid_promo", "wet_percent"),
        ({"bonus_multiplier": Decimal(2)}, "invalid_promo", "bonus_multiplier"),
    ],
)
async def test_a_refused_change_changes_nothing(
    world: PromoWorld, changes: dict[str, Any], code: str, field: str | None
) -> None:
    promo = await world.promo(code_terms(valid_from=datetime(2026, 1, 1)))
    await world.promo(code_terms("TAKEN"))
    with pytest.raises(Refused) as refused:
        await change(world, 1, **changes)
    assert (refused.value.code, refused.value.details.get("field")) == (code, field)
    assert await find(world, "summer24") == promo


async def test_a_taken_code_leaves_the_callers_transaction_usable(world: PromoWorld) -> None:
    await world.promo()
    await world.promo(code_terms("TAKEN"))
    async with world.database.transaction() as connection:
        with pytest.raises(Refused):
            await actions.update_promo(connection, world.program_id, 1, PromoChanges(code="taken"), LATER)
        await actions.set_active(connection, world.program_id, 1, False, LATER)
    promo = await find(world, "summer24")
    assert promo is not None
    assert not promo.active


@pytest.mark.parametrize("promo_id", [0, 2, -1, 2**31, 2**80])
async def test_an_unknown_promo(world: PromoWorld, promo_id: int) -> None:
    await world.promo()
    with pytest.raises(Refused) as refused:
        await change(world, promo_id, active=False)
    assert refused.value.code == "promo_not_found"


async def test_the_cache_knows_promos_by_any_spelling_and_forgets(world: PromoWorld) -> None:
    cache = PromoCache(world.database, lifetime_seconds=3600)
    assert cache.cached(world.program_id) is None
    assert (await cache.get(world.program_id)).promos == ()
    promo = await world.promo()
    assert (await cache.get(world.program_id)).promos == ()

    cache.forget(world.program_id)
    book = await cache.get(world.program_id)

    assert book.promos == (promo,)
    assert cache.cached(world.program_id) is book
    assert [actions.in_book(book, code) for code in (" summer24 ", "WINTER", "\0")] == [promo, None, None]
    assert (await cache.get(world.program_id + 1)).promos == ()


async def test_changes_at_once_are_all_kept(world: PromoWorld) -> None:
    await world.promo()
    changes: list[dict[str, Any]] = [
        {"name": "New"},
        {"usage_limit": 5},
        {"active": False},
        {"min_spend_minor": 7},
        {"weekdays": frozenset({1})},
    ]
    await asyncio.gather(*(change(world, 1, **each) for each in changes))
    promo = await find(world, "summer24")
    assert promo is not None
    kept = {field: getattr(promo, field) for each in changes for field in each}
    assert kept == {field: value for each in changes for field, value in each.items()}


async def test_one_of_many_gets_a_code(world: PromoWorld) -> None:
    async def ask(terms: PromoTerms) -> str:
        try:
            await world.promo(terms)
        except Refused as refused:
            return refused.code
        return "created"

    answers = await asyncio.gather(*(ask(code_terms(code)) for code in ["once", "ONCE", "Once "] * 5))
    assert sorted(answers) == ["code_taken"] * 14 + ["created"]


GUARDED: list[tuple[str, LiteralString]] = [
    ("promo_code_is_unique", "update promos set code = 'LUNCH2X' where promo_id = 1"),
    ("kind_is_known", "update promos set kind = 'gift' where promo_id = 2"),
    ("code_is_short", "update promos set code = '' where promo_id = 1"),
    ("validity_has_an_order", "update promos set valid_from = '2026-02-01', valid_until = '2026-01-31'"),
    ("window_is_open", "update promos set time_from = '18:00', time_until = '18:00'"),
    ("weekdays_are_known", "update promos set weekdays = '{7, 8}'"),
    ("min_spend_is_in_range", "update promos set min_spend_minor = -1"),
    ("percents_are_in_range", "update promos set wet_percent = 100.01 where promo_id = 1"),
    ("percents_are_in_range", "update promos set bonus_add_dry = -0.01 where promo_id = 2"),
    ("multiplier_raises", "update promos set bonus_multiplier = 0.99, bonus_add_wet = 1 where promo_id = 2"),
    ("figures_are_of_the_kind", "update promos set bonus_multiplier = 1 where promo_id = 2"),
    ("figures_are_of_the_kind", "update promos set bonus_add_wet = 1 where promo_id = 1"),
    ("figures_are_of_the_kind", "update promos set wet_percent = 0, dry_percent = 0 where promo_id = 1"),
    ("figures_are_of_the_kind", "update promos set wet_percent = 1 where promo_id = 2"),
    ("limits_are_positive", "update promos set usage_limit = 0"),
    ("limits_are_positive", "update promos set usage_limit = 1, usage_limit_per_customer = 0"),
]


@pytest.mark.parametrize(("constraint", "statement"), GUARDED)
async def test_the_table_guards_what_the_rules_say(
    world: PromoWorld, constraint: str, statement: LiteralString
) -> None:
    await world.promo()
    await world.promo(bonus_terms())
    with pytest.raises(errors.IntegrityError) as violated:
        async with world.database.connection() as connection:
            await connection.execute(statement)
    assert violated.value.diag.constraint_name == constraint


async def test_the_server_deletes_no_promo_and_no_use(world: PromoWorld) -> None:
    tables: list[LiteralString] = ["promos", "promo_uses", "promo_member_uses"]
    for table in tables:
        with pytest.raises(errors.InsufficientPrivilege):
            async with world.database.connection() as connection:
                await connection.execute("delete from " + table)
