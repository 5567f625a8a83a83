"""Counted limits of requests on a real PostgreSQL: exact across processes, quiet once they are reached."""

import asyncio
from datetime import timedelta

import pytest

from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.access import limits
from regulars.features.access.limits import AttemptLimits
from tests.support.ledger import NOW, ManualClock

MINUTE = timedelta(minutes=1)
SECRET_KEY = "a secret key of the test suite, 42 characters"


async def a_program(database: Database) -> int:
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug="counted", name="Counted", currency="GBP", time_zone="Europe/London", now=NOW
        )
    return program.program_id


async def counted(database: Database) -> int:
    """How many attempts were let through."""
    async with database.connection() as connection:
        query = "select coalesce(sum(cardinality(attempted_at)), 0) from attempts"
        row = await (await connection.execute(query)).fetchone()
    assert row is not None
    return int(row[0])


async def test_two_processes_let_through_exactly_so_many(database: Database) -> None:
    program_id, clock = await a_program(database), ManualClock()
    both = [AttemptLimits(database, SECRET_KEY, clock=clock) for _ in range(2)]
    waits = await asyncio.gather(
        *(both[turn % 2].count(program_id, "cards", "one", 7, MINUTE) for turn in range(60))
    )
    assert waits.count(None) == 7
    assert {wait for wait in waits if wait is not None} == {MINUTE}
    assert await counted(database) == 7
    # Another subject, and the same one for something else, are counted by themselves.
    assert await both[0].count(program_id, "cards", "two", 7, MINUTE) is None
    assert await both[0].count(program_id, "pages", "one", 7, MINUTE) is None
    clock.advance(seconds=60)
    assert await both[1].count(program_id, "cards", "one", 7, MINUTE) is None


async def test_whoever_has_to_wait_costs_no_statement(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    program_id, clock, asked = await a_program(database), ManualClock(), 0
    attempts = AttemptLimits(database, SECRET_KEY, clock=clock)
    count_attempt = access.count_attempt

    async def counting(*arguments: object) -> object:
        nonlocal asked
        asked += 1
        return await count_attempt(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(limits, "count_attempt", counting)
    for _ in range(10):
        await attempts.count(program_id, "cards", "one", 2, MINUTE)
    assert asked == 3
    clock.advance(seconds=59)
    assert await attempts.count(program_id, "cards", "one", 2, MINUTE) == timedelta(seconds=1)
    assert asked == 3
    clock.advance(seconds=1)
    assert await attempts.count(program_id, "cards", "one", 2, MINUTE) is None


async def test_those_who_wait_take_bounded_memory(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest are forgotten, and are told to wait all the same: the database knows them."""
    monkeypatch.setattr(limits, "WAITING_MAX", 3)
    program_id = await a_program(database)
    attempts = AttemptLimits(database, SECRET_KEY, clock=ManualClock())
    for number in range(8):
        for expected in (None, MINUTE):
            assert await attempts.count(program_id, "cards", str(number), 1, MINUTE) == expected
    assert len(attempts._waiting) == 3
    for number in range(8):
        assert await attempts.count(program_id, "cards", str(number), 1, MINUTE) == MINUTE


async def test_an_address_cannot_be_told_from_its_digest(database: Database) -> None:
    mine, other = AttemptLimits(database, SECRET_KEY), AttemptLimits(database, SECRET_KEY[::-1])
    assert mine.subject_of("10.0.0.1") == AttemptLimits(database, SECRET_KEY).subject_of("10.0.0.1")
    assert mine.subject_of("10.0.0.1") != other.subject_of("10.0.0.1")
