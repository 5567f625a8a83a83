"""Programs, locations, settings, counters and counted limits on a real PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.access.model import Program

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def new_program(database: Database, slug: str) -> Program:
    async with database.transaction() as connection:
        return await access.create_program(
            connection, slug=slug, name=slug.title(), currency="GBP", time_zone="Europe/London", now=NOW
        )


@pytest_asyncio.fixture
async def program(database: Database) -> Program:
    return await new_program(database, "family")


async def test_a_program_is_found_by_id_and_by_slug(database: Database, program: Program) -> None:
    other = await new_program(database, "pub")
    async with database.connection() as connection:
        assert await access.get_program(connection, program.program_id) == program
        assert await access.find_program(connection, "pub") == other
        assert await access.list_programs(connection) == [program, other]
        assert await access.default_program_id(connection) == program.program_id
        assert await access.get_program(connection, 999) is None


async def test_without_programs_there_is_no_default(database: Database) -> None:
    async with database.connection() as connection:
        assert await access.default_program_id(connection) is None


async def test_a_slug_is_given_once_also_under_a_race(database: Database) -> None:
    answers = await asyncio.gather(
        *(new_program(database, "same") for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(answer, Program) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, Refused)} == {"slug_taken"}


async def test_settings_are_laid_over_one_another(database: Database, program: Program) -> None:
    async def change(changes: dict[str, object], resets: list[str]) -> dict[str, object]:
        async with database.transaction() as connection:
            changed = await access.update_program_settings(
                connection, program.program_id, changes, resets=resets, now=NOW
            )
        return changed.settings

    assert await change({"a.x": 1, "a.y": [1, {"b": None}]}, []) == {"a.x": 1, "a.y": [1, {"b": None}]}
    assert await change({"a.x": None, "a.z": "ü"}, ["a.y"]) == {"a.x": None, "a.z": "ü"}
    assert await change({}, ["a.x", "a.z", "a.unset"]) == {}


async def test_settings_changed_at_once_are_all_kept(database: Database, program: Program) -> None:
    async def change(number: int) -> None:
        async with database.transaction() as connection:
            await access.update_program_settings(
                connection, program.program_id, {f"a.s{number}": number}, now=NOW
            )

    await asyncio.gather(*(change(number) for number in range(20)))
    async with database.connection() as connection:
        found = await access.get_program(connection, program.program_id)
    assert found is not None
    assert found.settings == {f"a.s{number}": number for number in range(20)}


async def test_settings_of_no_program_and_unknown_names_are_refused(
    database: Database, program: Program
) -> None:
    async with database.connection() as connection:
        with pytest.raises(Refused, match="program_not_found"):
            await access.update_program_settings(connection, 999, {}, now=NOW)
        with pytest.raises(Refused, match="unknown_setting"):
            await access.update_program_settings(
                connection, program.program_id, {"a.b": 1}, known_names={"a.c"}, now=NOW
            )


async def test_locations_count_from_one_in_each_program(database: Database, program: Program) -> None:
    other = await new_program(database, "pub")
    async with database.transaction() as connection:
        first = await access.create_location(
            connection, program.program_id, slug="venue_001", name="One", now=NOW
        )
        second = await access.create_location(
            connection, program.program_id, slug="venue_002", name="Two", currency="JPY", now=NOW
        )
        foreign = await access.create_location(
            connection, other.program_id, slug="venue_001", name="Pub", now=NOW
        )
    assert [first.location_id, second.location_id, foreign.location_id] == [1, 2, 1]
    assert (first.currency, first.time_zone, second.currency) == ("GBP", "Europe/London", "JPY")
    async with database.connection() as connection:
        assert await access.list_locations(connection, program.program_id) == [first, second]
        assert await access.find_location(connection, other.program_id, "venue_001") == foreign
        assert await access.find_location(connection, other.program_id, "venue_002") is None
        assert await access.find_location(connection, other.program_id, "venue\0") is None
        assert await access.get_location(connection, other.program_id, 2) is None
        with pytest.raises(Refused, match="slug_taken"):
            await access.create_location(
                connection, program.program_id, slug="venue_001", name="Again", now=NOW
            )


async def test_a_location_is_changed_in_part(database: Database, program: Program) -> None:
    async with database.transaction() as connection:
        made = await access.create_location(connection, program.program_id, slug="a", name="A", now=NOW)
        changed = await access.update_location(
            connection, program.program_id, made.location_id, active=False, now=NOW
        )
    assert (changed.active, changed.name, changed.currency) == (False, "A", "GBP")
    async with database.connection() as connection:
        with pytest.raises(Refused, match="location_not_found"):
            await access.update_location(connection, program.program_id, 9, active=False, now=NOW)
        with pytest.raises(Refused, match="invalid_name"):
            await access.update_location(connection, program.program_id, 1, name="", now=NOW)


async def test_settings_are_laid_over_those_a_location_has(database: Database, program: Program) -> None:
    async with database.transaction() as connection:
        made = await access.create_location(
            connection, program.program_id, slug="a", name="A", settings={"a.one": 1, "a.two": 2}, now=NOW
        )
        changed = await access.update_location(
            connection,
            program.program_id,
            made.location_id,
            settings={"a.two": "x", "b.three": None},
            now=NOW,
        )
    assert changed.settings == {"a.one": 1, "a.two": "x", "b.three": None}
    assert (changed.name, changed.active) == ("A", True)
    async with database.connection() as connection:
        for settings in ({"two": 2}, {"a.two": "\0"}):
            with pytest.raises(Refused, match="invalid_setting"):
                await access.update_location(
                    connection, program.program_id, made.location_id, settings=settings, now=NOW
                )
        assert await access.get_location(connection, program.program_id, made.location_id) == changed


async def test_numbers_are_given_once_and_without_gaps(database: Database, program: Program) -> None:
    async def draw(fails: bool) -> int | None:
        try:
            async with database.transaction() as connection:
                number = await access.next_number(connection, program.program_id, "member")
                if fails:
                    raise RuntimeError
                return number
        except RuntimeError:
            return None

    drawn = await asyncio.gather(*(draw(attempt % 3 == 0) for attempt in range(60)))
    assert sorted(number for number in drawn if number is not None) == list(range(1, 41))


async def test_many_numbers_at_once(database: Database, program: Program) -> None:
    async with database.transaction() as connection:
        assert await access.next_number(connection, program.program_id, "a") == 1
        assert list(await access.next_numbers(connection, program.program_id, "a", 3)) == [2, 3, 4]
        assert list(await access.next_numbers(connection, program.program_id, "a", 0)) == []
        assert await access.next_number(connection, program.program_id, "a") == 5
        assert await access.next_number(connection, program.program_id, "b") == 1


async def attempt(
    database: Database, program: Program, now: datetime, *, subject: str = "leo", limit: int = 3
) -> timedelta | None:
    async with database.connection() as connection:
        return await access.count_attempt(connection, program.program_id, "refund", subject, limit, HOUR, now)


async def test_the_window_slides(database: Database, program: Program) -> None:
    minutes = timedelta(minutes=1)
    steps = [  # minute of the attempt, minutes until the next one is let through (None: it was)
        (0, None),
        (10, None),
        (20, None),
        (30, 30),
        (59, 1),
        (60, None),  # the first one lies exactly one period back
        (61, 9),
        (70, None),
        (75, 5),
        (300, None),
    ]
    for minute, wait in steps:
        expected = None if wait is None else wait * minutes
        assert await attempt(database, program, NOW + minute * minutes) == expected, minute


async def test_subjects_limiters_and_programs_count_apart(database: Database, program: Program) -> None:
    other = await new_program(database, "pub")
    assert await attempt(database, program, NOW, limit=1) is None
    assert await attempt(database, program, NOW, limit=1) == HOUR
    assert await attempt(database, program, NOW, limit=1, subject="maya") is None
    assert await attempt(database, other, NOW, limit=1) is None


async def test_a_lower_limit_counts_what_was_let_through_under_the_old_one(
    database: Database, program: Program
) -> None:
    for minute in range(5):
        assert await attempt(database, program, NOW + timedelta(minutes=minute), limit=5) is None
    # All but the newest of the five have to lapse before there is room for a second one.
    wait = await attempt(database, program, NOW + timedelta(minutes=10), limit=2)
    assert wait == timedelta(minutes=3 + 60 - 10)


@pytest.mark.parametrize("limit", [1, 20])
async def test_exactly_as_many_as_the_limit_are_let_through(
    database: Database, program: Program, limit: int
) -> None:
    attempts = (attempt(database, program, NOW, limit=limit) for _ in range(limit + 50))
    waits = await asyncio.gather(*attempts)
    assert waits.count(None) == limit
    assert waits.count(HOUR) == 50


async def test_what_nobody_counts_on_is_forgotten(database: Database, program: Program) -> None:
    await attempt(database, program, NOW, limit=1)
    await attempt(database, program, NOW + 3 * HOUR, limit=1, subject="maya")
    async with database.connection() as connection:
        assert await access.forget_attempts(connection, NOW + 2 * HOUR) == 1
        assert await access.forget_attempts(connection, NOW + 2 * HOUR) == 0
    assert await attempt(database, program, NOW + 3 * HOUR, limit=1, subject="maya") == HOUR
