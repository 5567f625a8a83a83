"""The pipeline on a real server: one round trip, typed rows, and a connection that is fit or closed."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
import pytest_asyncio
from psycopg import errors
from psycopg.pq import TransactionStatus

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Statement
from regulars.db.transactions import BEGIN, COMMIT

ONE = Statement("select 1")
ADD = Statement("select %(a)s::bigint + %(b)s::bigint + %(a)s::bigint, %(a)s::text, null::uuid")
DIVIDE = Statement("select 1 / %(by)s::integer")
ECHO = Statement("select %(text)s::text from generate_series(1, %(times)s::integer)")
SLEEP = Statement("select pg_sleep(%(seconds)s::float8)")


@pytest_asyncio.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    async with await Connection.connect(database_url, autocommit=True) as connection:
        yield connection


async def test_statements_are_answered_in_their_order_with_typed_rows(connection: Connection) -> None:
    pipeline = Pipeline(connection)
    one, sum_, many = (
        pipeline.send(ONE),
        pipeline.send(ADD, {"a": b"20", "b": b"2", "other": b"unused"}),
        pipeline.send(ECHO, {"text": "ü".encode(), "times": b"3"}),
    )
    assert one.rows == [], "nothing has been sent yet"
    await pipeline.flush()
    assert (one.rows, sum_.rows, many.rows) == ([(1,)], [(42, "20", None)], [("ü",)] * 3)


async def test_a_pipeline_flushes_again_and_again_and_the_connection_serves_cursors_between(
    connection: Connection,
) -> None:
    pipeline = Pipeline(connection)
    for number in range(3):
        sent = [pipeline.send(ADD, {"a": b"%d" % number, "b": b"0"}) for _ in range(2)]
        await pipeline.flush()
        assert [sum_.rows[0][0] for sum_ in sent] == [2 * number] * 2
        cursor = await connection.execute("select 7")
        assert await cursor.fetchone() == (7,)


async def test_a_statement_is_prepared_once_on_each_connection(connection: Connection) -> None:
    for _ in range(3):
        pipeline = Pipeline(connection)
        pipeline.send(ONE)
        pipeline.send(ONE)
        await pipeline.flush()
    cursor = await connection.execute(
        "select count(*) from pg_prepared_statements where statement = 'select 1'"
    )
    assert await cursor.fetchone() == (1,)


async def test_the_first_refusal_is_raised_and_what_follows_it_does_not_run(connection: Connection) -> None:
    await connection.execute("create temporary table notes (note text)")
    pipeline = Pipeline(connection)
    insert = Statement("insert into notes values (%(note)s)")
    pipeline.send(BEGIN)
    pipeline.send(insert, {"note": b"first"})
    pipeline.send(DIVIDE, {"by": b"0"})
    pipeline.send(insert, {"note": b"second"})
    pipeline.send(COMMIT)
    with pytest.raises(errors.DivisionByZero) as raised:
        await pipeline.flush()
    assert raised.value.sqlstate == "22012"
    assert connection.info.transaction_status == TransactionStatus.INERROR
    await connection.rollback()
    # Those prepared before the refusal are known, so that preparing them again does not fail.
    pipeline.send(DIVIDE, {"by": b"1"})
    pipeline.send(insert, {"note": b"third"})
    await pipeline.flush()
    cursor = await connection.execute("select note from notes")
    assert await cursor.fetchall() == [("third",)]


async def test_text_that_is_no_statement_is_refused_and_the_connection_lives(
    connection: Connection,
) -> None:
    pipeline = Pipeline(connection)
    pipeline.send(Statement("select from where"))
    with pytest.raises(errors.SyntaxError):
        await pipeline.flush()
    one = pipeline.send(ONE)
    await pipeline.flush()
    assert one.rows == [(1,)]


async def test_what_somebody_deallocated_is_prepared_again(connection: Connection) -> None:
    pipeline = Pipeline(connection)
    pipeline.send(ONE)
    await pipeline.flush()
    await connection.execute("deallocate all")
    one = pipeline.send(ONE)
    await pipeline.flush()
    assert one.rows == [(1,)]


async def test_in_a_transaction_only_who_began_it_can_begin_again(connection: Connection) -> None:
    pipeline = Pipeline(connection)
    pipeline.send(ONE)
    await pipeline.flush()
    await connection.execute("deallocate all")
    pipeline.send(BEGIN)
    pipeline.send(ONE)
    with pytest.raises(errors.InvalidSqlStatementName):
        await pipeline.flush()
    assert connection.info.transaction_status == TransactionStatus.INERROR
    await connection.rollback()
    one = pipeline.send(ONE)
    await pipeline.flush()
    assert one.rows == [(1,)]


async def test_what_was_prepared_since_somebody_deallocated_is_no_hindrance(connection: Connection) -> None:
    pipeline = Pipeline(connection)
    pipeline.send(ONE)
    await pipeline.flush()
    await connection.execute("deallocate all")
    pipeline.send(DIVIDE, {"by": b"1"})
    await pipeline.flush()
    pipeline.send(ADD, {"a": b"1", "b": b"2"})
    pipeline.send(ONE)
    await pipeline.flush()
    all_of_them = [pipeline.send(DIVIDE, {"by": b"1"}), pipeline.send(ONE)]
    pipeline.send(ADD, {"a": b"1", "b": b"2"})
    await pipeline.flush()
    assert [sent.rows for sent in all_of_them] == [[(1,)], [(1,)]]


async def test_more_than_a_socket_takes_goes_both_ways_at_once(connection: Connection) -> None:
    text = b"x" * 1_000_000
    pipeline = Pipeline(connection)
    sent = [pipeline.send(ECHO, {"text": text, "times": b"2"}) for _ in range(10)]
    await asyncio.wait_for(pipeline.flush(), 30)
    assert all(echo.rows == [(text.decode(),)] * 2 for echo in sent)


async def test_a_server_that_does_not_answer_in_time_is_given_up(connection: Connection) -> None:
    connection.answer_seconds = 0.2
    pipeline = Pipeline(connection)
    pipeline.send(SLEEP, {"seconds": b"20"})
    with pytest.raises(psycopg.OperationalError, match="did not answer"):
        await pipeline.flush()
    assert connection.closed


async def test_a_caller_who_leaves_closes_the_connection(connection: Connection) -> None:
    pipeline = Pipeline(connection)
    pipeline.send(SLEEP, {"seconds": b"20"})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(pipeline.flush(), 0.1)
    assert connection.closed


async def test_a_server_process_that_is_ended_says_why(connection: Connection, database_url: str) -> None:
    pipeline = Pipeline(connection)
    pipeline.send(SLEEP, {"seconds": b"20"})
    waiting = asyncio.create_task(pipeline.flush())
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        ended = "select pg_terminate_backend(pid) from pg_stat_activity where pid = %s and state = 'active'"
        backend = [connection.info.backend_pid]
        while not await (await other.execute(ended, backend)).fetchall():
            assert not waiting.done()
    with pytest.raises(errors.AdminShutdown):
        await waiting
    assert connection.closed


async def test_a_server_process_that_ends_after_the_last_statement_is_noticed_at_once(
    connection: Connection,
) -> None:
    """It did everything, and hung up where the synchronisation point should have been."""
    pipeline = Pipeline(connection)
    pipeline.send(ONE)
    pipeline.send(Statement("select pg_terminate_backend(pg_backend_pid())"))
    with pytest.raises(psycopg.OperationalError):
        await asyncio.wait_for(pipeline.flush(), 2)
    assert connection.closed


async def test_a_connection_that_is_closed_already_is_an_operational_error(connection: Connection) -> None:
    await connection.close()
    with pytest.raises(psycopg.OperationalError):
        pipeline = Pipeline(connection)
        pipeline.send(ONE)
        await pipeline.flush()


async def test_a_parameter_with_a_nul_is_refused_before_anything_is_sent(connection: Connection) -> None:
    pipeline = Pipeline(connection)
    with pytest.raises(psycopg.DataError):
        pipeline.send(ECHO, {"text": b"cut\0here", "times": b"1"})
    one = pipeline.send(ONE)
    await pipeline.flush()
    assert one.rows == [(1,)]
