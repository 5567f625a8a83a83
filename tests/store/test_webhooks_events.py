"""Events are there if and when the transaction commits that makes them happen."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import transact
from regulars.features.webhooks import actions as webhooks
from regulars.features.webhooks.catalogue import CATALOGUE
from regulars.features.webhooks.log import forget_events
from regulars.features.webhooks.model import DATA_BYTES_MAX, Event
from regulars.features.webhooks.rules import is_wanted
from tests.support.enrolment import LATER, NOW, keep_events, new_program
from tests.support.webhook_endpoints import Telling

FILTERS = ["*", *sorted({f"{name.partition('.')[0]}.*" for name in CATALOGUE}), *CATALOGUE]

EVENTS = [
    Event("loan.returned", {"loan_id": UUID(int=1), "due_at": NOW}, NOW),
    Event("loan.swapped", {"loan_id": UUID(int=2), "count": 3}, NOW),
]


async def stored(database: Database) -> list[tuple[object, ...]]:
    async with database.connection() as connection:
        cursor = await connection.execute(
            "select program_id, type, data, occurred_at, created_at from events order by event_id"
        )
        return await cursor.fetchall()


async def test_what_is_emitted_is_there_in_its_order(database: Database) -> None:
    program_id = await new_program(database, "one")
    await keep_events(database, program_id)

    async def work(pipeline: Pipeline) -> None:
        await pipeline.flush()
        webhooks.emit(pipeline, program_id, EVENTS, LATER)
        webhooks.emit(pipeline, program_id, [], LATER)

    async with database.connection() as connection:
        await transact(connection, work)
    assert await stored(database) == [
        (
            program_id, "loan.returned", {"loan_id": str(UUID(int=1)), "due_at": "2026-03-01T12:00:00Z"},
            NOW, LATER,
        ),
        (program_id, "loan.swapped", {"loan_id": str(UUID(int=2)), "count": 3}, NOW, LATER),
    ]  # fmt: skip


async def test_what_is_undone_never_happened(database: Database) -> None:
    program_id = await new_program(database, "one")
    await keep_events(database, program_id)

    async def failing(pipeline: Pipeline) -> None:
        webhooks.emit(pipeline, program_id, EVENTS, NOW)
        await pipeline.flush()
        raise Refused("wrong")

    async with database.connection() as connection:
        with pytest.raises(Refused):
            await transact(connection, failing)
    assert await stored(database) == []


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [(None, False), (["loan.overdue"], True), (["loan.*"], True), (["*"], True), (["loan.returned"], False)],
)
async def test_who_has_thousands_of_events_asks_whether_anybody_wants_them(
    database: Database, filters: list[str] | None, wanted: bool
) -> None:
    program_id, other_id = await new_program(database, "one"), await new_program(database, "other")
    await keep_events(database, other_id)
    if filters is not None:
        await keep_events(database, program_id, filters)

    async def work(pipeline: Pipeline) -> bool:
        wish = webhooks.Wish(pipeline, program_id, "loan.overdue")
        await pipeline.flush()
        return wish.is_there

    async with database.connection() as connection:
        assert await transact(connection, work) is wanted


async def test_old_events_are_forgotten_with_their_deliveries_and_recent_ones_never(
    database: Database,
) -> None:
    telling = await Telling.create(database, "two")
    await telling.add("https://127.0.0.1/")
    await telling.emit("loan.returned", "loan.returned", "loan.returned")
    telling.pass_time(timedelta(days=1))
    await telling.emit("loan.swapped")
    async with database.connection() as connection:
        assert await forget_events(connection, LATER, 2) == 2
        assert await forget_events(connection, LATER, 2) == 1
        assert await forget_events(connection, LATER, 2) == 0
    assert await telling.rows("select type from events join webhook_deliveries using (event_id)") == [
        ("loan.swapped",)
    ]
    telling.now = datetime.now(UTC) - timedelta(days=6)
    await telling.emit("loan.overdue")
    async with database.connection() as connection:
        assert await forget_events(connection, datetime.now(UTC), 10) == 1
    assert await telling.rows("select type from events") == [("loan.overdue",)]


async def test_an_event_that_no_one_has_heard_of_is_a_mistake(database: Database) -> None:
    telling = await Telling.create(database, "two")
    with pytest.raises(AssertionError, match="heard of"):
        await telling.emit("loan.lost")
    with pytest.raises(AssertionError, match="too long"):
        await telling.emit("loan.returned", data={"text": "x" * DATA_BYTES_MAX})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(CATALOGUE)), st.lists(st.sampled_from(FILTERS), min_size=1, max_size=4))
async def test_rules_and_database_agree_on_what_is_wanted(
    database: Database, event_type: str, filters: list[str]
) -> None:
    async with database.connection() as connection:
        cursor = await connection.execute(
            "select %(types)s::text[] && array['*', split_part(%(type)s, '.', 1) || '.*', %(type)s]",
            {"types": filters, "type": event_type},
        )
        assert await cursor.fetchone() == (is_wanted(event_type, filters),)
