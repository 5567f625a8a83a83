"""The event loop goes on watching a connection between two exchanges, and stops before anybody is misled."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
import pytest_asyncio

from regulars.db.connection import Connection
from regulars.db.database import Database
from regulars.db.pipeline import Pipeline, Statement

ONE = Statement("select 1")
MUCH = Statement("select repeat('x', 1000) from generate_series(1, %(times)s::integer)")
END = "select pg_terminate_backend(%s)"


class Watching:
    """The sockets that the event loop has begun to watch, in their order, and those it watches."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[int] = []
        self.watched: set[int] = set()
        loop = asyncio.get_running_loop()
        add, remove = loop.add_reader, loop.remove_reader

        def add_reader(socket: int, *arguments: object) -> None:
            self.begun.append(socket)
            self.watched.add(socket)
            add(socket, *arguments)  # type: ignore[arg-type]

        def remove_reader(socket: int) -> bool:
            self.watched.discard(socket)
            return remove(socket)

        monkeypatch.setattr(loop, "add_reader", add_reader)
        monkeypatch.setattr(loop, "remove_reader", remove_reader)


@pytest_asyncio.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    async with await Connection.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest_asyncio.fixture
async def watching(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Watching:
    return Watching(monkeypatch)


async def ask(connection: Connection, statement: Statement = ONE) -> None:
    pipeline = Pipeline(connection)
    sent = pipeline.send(statement, {"times": b"1000"})
    await asyncio.wait_for(pipeline.flush(), 10)
    assert sent.rows


async def test_exchanges_one_after_the_other_are_watched_once(
    connection: Connection, watching: Watching
) -> None:
    for _ in range(20):
        await ask(connection)
    assert watching.begun == [connection.pgconn.socket]


async def test_an_answer_in_pieces_is_watched_to_its_end(connection: Connection, watching: Watching) -> None:
    await ask(connection, MUCH)
    await ask(connection)
    assert watching.watched == {connection.pgconn.socket}


async def test_who_asks_through_a_cursor_finds_it_unwatched(
    connection: Connection, watching: Watching
) -> None:
    await ask(connection)
    await connection.execute("select 1")
    assert watching.watched == set()
    await ask(connection)
    assert watching.watched == {connection.pgconn.socket}


async def test_a_farewell_that_nobody_waits_for_is_heard_once(
    connection: Connection, watching: Watching, database_url: str
) -> None:
    """Otherwise the loop would tell of it again and again, for as long as the connection lies idle."""
    await ask(connection)
    socket = connection.pgconn.socket
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        await other.execute(END, [connection.info.backend_pid])
        async with asyncio.timeout(10):
            while socket in watching.watched:
                await asyncio.sleep(0)
    with pytest.raises(psycopg.OperationalError):
        await ask(connection)
    assert connection.closed


async def test_the_number_of_a_closed_socket_is_free_for_the_next_connection(
    connection: Connection, watching: Watching, database_url: str
) -> None:
    await ask(connection)
    await connection.close()
    assert watching.watched == set()
    async with await Connection.connect(database_url, autocommit=True) as next_one:
        await ask(next_one)
        assert watching.watched == {next_one.pgconn.socket}


async def test_pooled_connections_that_have_died_unnoticed_are_replaced(database_url: str) -> None:
    database = await Database.open(database_url, connections_max=2)
    async with database.connection() as connection:
        await ask(connection)
        process_id = connection.info.backend_pid
    with psycopg.connect(database_url, autocommit=True) as other:
        # Without a turn of the event loop, which could notice it.
        other.execute(END, [process_id])
        while other.execute("select 1 from pg_stat_activity where pid = %s", [process_id]).fetchone():
            pass
    for _ in range(3):
        async with database.connection() as connection:
            await ask(connection)
    await database.close()
