"""Whoever asks for what changed after `settled_at` misses no change that was under way when it was told."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from regulars.base.clock import utc_now
from regulars.db.database import Connection, Database
from regulars.features.members import actions as members
from regulars.features.members.listing import UNSEEN_SECONDS_MAX
from regulars.features.members.model import Member, NewIdentifier, ProfileChanges
from regulars.features.members.model_listing import Listing
from tests.support.enrolment import enrol, new_program

UNSEEN = timedelta(seconds=UNSEEN_SECONDS_MAX)
CLOCKS_DIFFER_BY = timedelta(seconds=20)


@pytest.fixture
async def program_id(database: Database) -> int:
    return await new_program(database, "hub")


async def settled(database: Database, now: datetime | None = None) -> datetime:
    """What a till is told that asks now."""
    async with database.connection() as connection:
        return await members.settled_at(connection, now or utc_now())


async def numbers(database: Database, program_id: int, changed_after: datetime) -> list[int]:
    """Who changed since then."""
    async with database.connection() as connection:
        wanted = Listing(changed_after=changed_after)
        listed = members.list_many(connection, program_id, wanted, seconds_max=60)
        return [member.number async for some in listed for member in some]


async def add_fob(connection: Connection, member: Member, value: str) -> None:
    fob = NewIdentifier("rfid", value)
    await members.add_identifier(connection, member.program_id, member.member_id, fob, utc_now())


@pytest.mark.parametrize("behind", [timedelta(0), CLOCKS_DIFFER_BY])
async def test_a_transaction_that_had_not_written_yet(
    database: Database, program_id: int, behind: timedelta
) -> None:
    """Its change has its time already, perhaps from a clock that goes behind that of whoever asks."""
    async with database.transaction() as writing:
        await writing.execute("select 1")
        given = utc_now() - behind
        told = await settled(database)
        await members.enrol(writing, program_id, name="Late", now=given)
    assert await numbers(database, program_id, told) == [1]


@pytest.mark.parametrize("ahead", [-CLOCKS_DIFFER_BY, CLOCKS_DIFFER_BY])
async def test_a_transaction_that_writes_while_clocks_differ(
    database: Database, program_id: int, ahead: timedelta
) -> None:
    async with database.transaction() as writing:
        await members.enrol(writing, program_id, name="Late", now=utc_now())
        told = await settled(database, utc_now() + ahead)
        assert await numbers(database, program_id, told) == []
    assert await numbers(database, program_id, told) == [1]


async def test_a_transaction_that_waits_for_another_ones_row(database: Database, program_id: int) -> None:
    """The one that it waits for is over when a till asks, and it has not been heard of since."""
    leo = await enrol(database, program_id)

    async def wait() -> None:
        async with database.transaction() as waiting:
            pids.put_nowait(waiting.info.backend_pid)
            await add_fob(waiting, leo, "F2")
            await asyncio.wait_for(asked.wait(), 30)

    pids: asyncio.Queue[int] = asyncio.Queue()
    asked = asyncio.Event()
    async with database.transaction() as first:
        await add_fob(first, leo, "F1")
        late = asyncio.create_task(wait())
        await until_waiting(database, await pids.get())
    began = utc_now()
    told = await settled(database, began + timedelta(hours=1))
    # Its age is counted although it had written nothing before it waited.
    assert told < began + timedelta(hours=1) - UNSEEN
    asked.set()
    await late
    assert await numbers(database, program_id, await settled(database)) == [1]


async def test_a_change_inside_a_savepoint(database: Database, program_id: int) -> None:
    leo = await enrol(database, program_id)
    async with database.transaction() as writing:
        await writing.execute("select 1")
        async with writing.transaction():
            changes = ProfileChanges(name="Leonard")
            await members.update(writing, program_id, leo.member_id, changes, utc_now())
            later = utc_now() + timedelta(hours=1)
            assert await settled(database, later) < later - UNSEEN


async def test_who_only_reads_holds_nothing_back(
    database: Database, program_id: int, empty_database_url: str
) -> None:
    """Nor does whoever writes to another database of the same PostgreSQL."""
    other: Any = await psycopg.AsyncConnection.connect(empty_database_url)
    async with database.transaction() as reading, other:
        await reading.execute("select count(*) from members")
        await other.execute("create table t ()")
        later = utc_now()
        assert await settled(database, later) == later - UNSEEN


async def until_waiting(database: Database, pid: int) -> None:
    """Returns when the session waits for a lock."""
    async with asyncio.timeout(30), database.connection() as connection:
        while True:
            cursor = await connection.execute(
                "select count(*) from pg_locks where pid = %s and not granted", [pid]
            )
            if await cursor.fetchone() == (1,):
                return
            await asyncio.sleep(0.01)
