"""Events are there if and when the transaction commits that makes them happen."""

from uuid import UUID

import pytest

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import transact
from regulars.features.webhooks import actions as webhooks
from regulars.features.webhooks.model import Event
from tests.support.enrolment import LATER, NOW, keep_events, new_program

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
