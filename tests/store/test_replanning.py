"""Plans that a connection made while tables were empty are dropped whenever its age has doubled."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from psycopg import errors

from regulars.db.database import Connection, Database, server_conninfo
from regulars.db.pipeline import Pipeline, Statement
from regulars.db.transactions import BEGIN, ROLLBACK
from regulars.features.ledger import posting
from tests.support.ledger import earn
from tests.support.ledger_world import LedgerWorld

BROKEN = Statement("select 1 / 0")


class AgedConnection(Connection):
    """A connection whose age a test decides."""

    age_seconds = 0.0

    def _now(self) -> float:
        return self.age_seconds


@pytest_asyncio.fixture
async def connection(database_url: str) -> AsyncIterator[AgedConnection]:
    async with await AgedConnection.connect(server_conninfo(database_url), autocommit=True) as connection:
        yield connection


async def members_fetched(connection: Connection) -> int:
    """How many rows of members this connection has fetched through indexes so far."""
    await connection.execute("select pg_stat_force_next_flush()")
    cursor = await connection.execute(
        "select idx_tup_fetch from pg_stat_user_tables where relname = 'members'"
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_the_servers_own_foreign_key_checks_are_planned_again(
    database: Database, database_url: str, connection: AgedConnection
) -> None:
    """Opening an account checks that there is such a member, by a plan that no statement of ours decides."""
    world = await LedgerWorld.create(database, database_url)
    async with world.owner() as owner:
        await owner.execute("alter table members set (autovacuum_enabled = off)")
    for account in await world.accounts(6):
        await posting.post(connection, world.program_id, [earn(1, account)], world.clock)
    many = await world.accounts(5_000)

    connection.age_seconds = 2.0
    before = await members_fetched(connection)
    await posting.post(connection, world.program_id, [earn(1, many[-1])], world.clock)

    assert await members_fetched(connection) - before < 10


async def test_plans_are_dropped_each_time_the_age_has_doubled(connection: AgedConnection) -> None:
    told = []
    for tenths in range(200):
        connection.age_seconds = tenths / 10
        if connection.replans():
            told.append(connection.age_seconds)
    assert told == [1.0, 2.0, 4.0, 8.0, 16.0]


async def test_a_failed_transaction_is_left_to_end(connection: AgedConnection) -> None:
    pipeline = Pipeline(connection)
    for statement in (BEGIN, BROKEN):
        pipeline.send(statement)
    with pytest.raises(errors.DivisionByZero):
        await pipeline.flush()
    connection.age_seconds = 5.0

    pipeline.send(ROLLBACK)
    await pipeline.flush()

    assert connection.replans(), "it was not asked in the transaction"


async def test_a_connection_is_borrowed_with_recent_plans(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "_now", lambda connection: 1e9)
    async with database.connection() as connection:
        assert not connection.replans(), "it was asked when it was borrowed"
