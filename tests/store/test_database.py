"""The pool: what its connections carry, and how each failure of PostgreSQL shows."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from regulars.db.cluster import Cluster
from regulars.db.database import (
    Connection,
    Database,
    DatabaseMisconfigured,
    DatabaseUnavailable,
    TransactionConflict,
    refuse_unfit_server,
    server_conninfo,
)
from regulars.db.embedded import EmbeddedPostgres
from regulars.db.migrate import migrate
from tests.support.postgres import fast_directory


@asynccontextmanager
async def opened(conninfo: str, **options: float) -> AsyncIterator[Database]:
    database = await Database.open(conninfo, **options)  # type: ignore[arg-type]
    try:
        yield database
    finally:
        await database.close()


async def value(connection: Connection, statement: str) -> object:
    cursor = await connection.execute(statement.encode())
    row = await cursor.fetchone()
    return row[0] if row else None


def administer(conninfo: str, statement: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture
def numbers_url(empty_database_url: str) -> str:
    """A database that holds one small table, with rows 1 and 2."""
    administer(
        empty_database_url,
        """
        do $$ begin
            create role regulars_server nologin;
        exception when duplicate_object or unique_violation then null; end $$;
        grant regulars_server to current_user;
        create table numbers (id integer primary key, value integer not null);
        insert into numbers values (1, 0), (2, 0);
        grant all on numbers to regulars_server;
        """,
    )
    return empty_database_url


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("role", "regulars_server"),
        ("jit", "off"),
        ("random_page_cost", "1.1"),
        ("plan_cache_mode", "force_generic_plan"),
        ("statement_timeout", "30s"),
        ("application_name", "regulars"),
        ("timezone", "UTC"),
        ("client_encoding", "UTF8"),
    ],
)
async def test_what_a_connection_carries(numbers_url: str, setting: str, expected: str) -> None:
    async with opened(numbers_url) as database, database.connection() as connection:
        assert await value(connection, f"select current_setting('{setting}')") == expected


def test_options_that_were_given_stay() -> None:
    conninfo = server_conninfo("host=somewhere options='-c work_mem=8MB' connect_timeout=2")
    assert "work_mem=8MB" in conninfo
    assert "role=regulars_server" in conninfo
    assert "connect_timeout=2" in conninfo


async def test_a_transaction_commits_on_exit_and_rolls_back_on_an_exception(numbers_url: str) -> None:
    async with opened(numbers_url) as database:
        async with database.transaction() as connection:
            await connection.execute("update numbers set value = 5 where id = 1")
        with pytest.raises(ZeroDivisionError):
            async with database.transaction() as connection:
                await connection.execute("update numbers set value = 6 where id = 1")
                raise ZeroDivisionError
        async with database.connection() as connection:
            assert await value(connection, "select value from numbers where id = 1") == 5


async def test_a_statement_outside_a_transaction_is_committed_by_itself(numbers_url: str) -> None:
    async with opened(numbers_url) as database:
        async with database.connection() as connection:
            await connection.execute("update numbers set value = 7 where id = 1")
            assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        async with database.connection() as connection:
            assert await value(connection, "select value from numbers where id = 1") == 7


async def test_transactions_that_deadlock_are_repeated_until_both_are_done(numbers_url: str) -> None:
    attempts = 0
    both_hold_one = asyncio.Barrier(2)

    async with opened(numbers_url) as database:

        async def add_in_order(first: int, second: int) -> str:
            async def work(connection: Connection) -> str:
                nonlocal attempts
                attempts += 1
                await connection.execute("update numbers set value = value + 1 where id = %s", [first])
                if attempts <= 2:
                    await both_hold_one.wait()
                await connection.execute("update numbers set value = value + 1 where id = %s", [second])
                return "done"

            return await database.run(work)

        outcomes = await asyncio.gather(add_in_order(1, 2), add_in_order(2, 1))
        assert list(outcomes) == ["done", "done"]
        assert attempts == 3
        async with database.connection() as connection:
            assert await value(connection, "select array_agg(value) from numbers") == [2, 2]


async def test_a_conflict_that_stays_is_given_up_after_five_times(numbers_url: str) -> None:
    attempts = 0

    async def collide(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        await connection.execute("do $$ begin raise exception 'met' using errcode = '40001'; end $$")

    async with opened(numbers_url) as database:
        with pytest.raises(TransactionConflict):
            await database.run(collide)
    assert attempts == 5


async def test_other_errors_are_neither_repeated_nor_translated(numbers_url: str) -> None:
    attempts = 0

    async def violate(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        await connection.execute("insert into numbers values (1, 1)")

    async with opened(numbers_url) as database:
        with pytest.raises(psycopg.errors.UniqueViolation):
            await database.run(violate)
    assert attempts == 1


async def test_a_pool_without_a_free_connection_is_unavailable(numbers_url: str) -> None:
    async with opened(numbers_url, connections_max=2, acquire_timeout_seconds=0.2) as database:
        async with database.connection(), database.connection():
            with pytest.raises(DatabaseUnavailable):
                async with database.connection():
                    pass
        async with database.connection() as connection:
            assert await value(connection, "select 1") == 1


async def test_a_locked_row_is_waited_for_until_the_deadline_only(numbers_url: str) -> None:
    async with (
        opened(numbers_url, statement_timeout_seconds=0.3) as database,
        database.transaction() as holder,
    ):
        await holder.execute("update numbers set value = 1 where id = 1")
        with pytest.raises(DatabaseUnavailable, match="statement timeout"):
            async with database.transaction() as connection:
                await connection.execute("update numbers set value = 2 where id = 1")


async def test_connections_that_died_in_the_pool_cost_no_request(numbers_url: str) -> None:
    async with opened(numbers_url, connections_max=4) as database:
        async with database.connection(), database.connection(), database.connection(), database.connection():
            pass
        administer(
            numbers_url,
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()",
        )
        for _ in range(8):
            async with database.connection() as connection:
                assert await value(connection, "select 1") == 1


async def test_a_connection_that_dies_in_use_is_unavailable(numbers_url: str) -> None:
    async with opened(numbers_url) as database:
        with pytest.raises(DatabaseUnavailable):
            async with database.transaction() as connection:
                administer(numbers_url, f"select pg_terminate_backend({connection.info.backend_pid})")
                await connection.execute("select 1")


async def test_nobody_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        await Database.open(f"host={tmp_path}")


async def test_a_database_that_was_not_migrated_is_misconfigured(postgres_alone: str) -> None:
    with pytest.raises(DatabaseMisconfigured, match="migrate"):
        await Database.open(postgres_alone)


@pytest.mark.parametrize(
    ("version", "fsync", "message"),
    [(140012, True, "PostgreSQL 14 is too old"), (180004, False, "fsync=off"), (150000, True, None)],
)
def test_unfit_servers_are_refused(version: int, fsync: bool, message: str | None) -> None:
    if message is None:
        refuse_unfit_server(version, fsync=fsync)
        return
    with pytest.raises(DatabaseMisconfigured, match=message):
        refuse_unfit_server(version, fsync=fsync)


@pytest.fixture
def directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="regulars-database-", dir=fast_directory()))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def postgres_alone(directory: Path) -> Iterator[str]:
    """A server for one test, which may stop it or spoil its settings."""
    with EmbeddedPostgres(directory) as embedded:
        yield embedded.conninfo


async def test_a_server_with_fsync_off_is_refused(directory: Path) -> None:
    with EmbeddedPostgres(directory) as embedded:
        migrate(embedded.conninfo)
    (directory / "postgres" / "postgresql.auto.conf").write_text("fsync = off\n")
    with EmbeddedPostgres(directory) as embedded:
        with pytest.raises(DatabaseMisconfigured, match="fsync=off"):
            await Database.open(embedded.conninfo)
        with pytest.raises(DatabaseMisconfigured, match="fsync=off"):
            migrate(embedded.conninfo)


async def test_heals_within_five_seconds_of_a_restart(directory: Path, postgres_alone: str) -> None:
    migrate(postgres_alone)
    cluster = Cluster(directory)
    async with opened(postgres_alone, acquire_timeout_seconds=0.5) as database:
        for _ in range(2):
            async with database.connection() as connection:
                assert await value(connection, "select 1") == 1
            cluster.stop()
            with pytest.raises(DatabaseUnavailable):
                async with database.connection() as connection:
                    await value(connection, "select 1")
            await asyncio.to_thread(cluster.ensure_running)
            async with asyncio.timeout(5):
                while await _is_unavailable(database):
                    pass


async def _is_unavailable(database: Database) -> bool:
    try:
        async with database.connection() as connection:
            return await value(connection, "select 1") != 1
    except DatabaseUnavailable:
        return True


async def test_a_frozen_server_is_hung_up_on(directory: Path, postgres_alone: str) -> None:
    migrate(postgres_alone)
    async with opened(postgres_alone, statement_timeout_seconds=0.2, answer_grace_seconds=0.3) as database:
        with pytest.raises(DatabaseUnavailable, match="did not answer"):
            async with asyncio.timeout(5), database.connection() as connection:
                backend = psutil.Process(connection.info.backend_pid)
                backend.suspend()
                try:
                    await value(connection, "select 1")
                finally:
                    backend.resume()
