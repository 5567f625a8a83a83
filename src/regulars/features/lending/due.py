"""Loans that will soon be due, and those that are overdue: each is told of once."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from regulars.base.clock import Clock
from regulars.db.database import Connection, Database
from regulars.db.pipeline import Pipeline, Sent
from regulars.db.transactions import transact
from regulars.features.access.actions import list_programs
from regulars.features.access.model import Program
from regulars.features.lending import events, store_due
from regulars.features.lending.model_settings import DUE_SOON_DAYS
from regulars.features.webhooks import actions as webhooks
from regulars.features.webhooks.model import Event

CHUNK = 1000

Ask = Callable[[Pipeline, datetime], Sent]
Tell = Callable[[UUID, UUID, datetime, datetime], Event]


async def tell_due(database: Database, clock: Clock, chunk: int = CHUNK) -> int:
    """How many events were told of loans, in all programs.

    In transactions of a chunk each, so it may be stopped at any point and goes on where it stopped; what
    another one is telling at the moment is left to it.
    """
    async with database.connection() as connection:
        programs = await list_programs(connection)
    return sum([await _tell_of(database, program, clock, chunk) for program in programs])


async def _tell_of(database: Database, program: Program, clock: Clock, chunk: int) -> int:
    days = DUE_SOON_DAYS.read_from(program.settings)

    def soon(pipeline: Pipeline, now: datetime) -> Sent:
        until = now + timedelta(days=days)
        return store_due.send_due_soon(pipeline, program.program_id, now, until, chunk)

    def late(pipeline: Pipeline, now: datetime) -> Sent:
        return store_due.send_overdue(pipeline, program.program_id, now, chunk)

    told = 0
    steps: Sequence[tuple[Ask, Tell]] = ((soon, events.due_soon), (late, events.overdue))
    for ask, tell in steps:
        while True:
            async with database.connection() as connection:
                done = await _step(connection, program.program_id, ask, tell, clock())
            told += done
            if done < chunk:
                break
    return told


async def _step(connection: Connection, program_id: int, ask: Ask, tell: Tell, now: datetime) -> int:
    async def work(pipeline: Pipeline) -> int:
        sent = ask(pipeline, now)
        await pipeline.flush()
        told = [tell(loan_id, member_id, due_at, now) for loan_id, member_id, due_at in sent.rows]
        webhooks.emit(pipeline, program_id, told, now)
        return len(sent.rows)

    return await transact(connection, work)
