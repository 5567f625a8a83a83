"""Transactions that go out through a `Pipeline`: how one is run, begun again, and undone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus

from regulars.db.connection import Connection
from regulars.db.database import DatabaseUnavailable
from regulars.db.pipeline import Pipeline, Statement

T = TypeVar("T")

BEGIN, COMMIT, ROLLBACK = Statement("begin"), Statement("commit"), Statement("rollback")

ATTEMPTS_MAX = 5

Lost = tuple[type[Exception], ...]

LOST_RACES: Lost = (
    errors.SerializationFailure,
    errors.DeadlockDetected,
    # Somebody deallocated what the connection had prepared.
    errors.InvalidSqlStatementName,
)
"""What a transaction that began anew would not meet again."""


class FateUnknown(DatabaseUnavailable):
    """The database went away while the commit was under way. It may have happened, so nobody repeats it."""


@asynccontextmanager
async def one_transaction(connection: Connection) -> AsyncIterator[Pipeline]:
    """A pipeline for one transaction, which the caller begins and, as its last statement, commits.

    An error inside undoes it and comes out as it is, `FateUnknown` if the server hung up. The connection is
    idle or closed afterwards.
    """
    try:
        yield Pipeline(connection)
    except BaseException as error:
        if _is_lost(connection, error):
            await connection.close()
            raise FateUnknown(str(error)) from error
        await roll_back(connection)
        raise


async def transact(
    connection: Connection, work: Callable[[Pipeline], Awaitable[T]], *, again_after: Lost = LOST_RACES
) -> T:
    """What `work` returns, durable when this returns.

    What it reads it flushes itself, the first time together with the beginning; what it writes it leaves to
    the flush that commits. It may be called up to five times, after one of `again_after`, so it must have no
    effect outside its pipeline. `connection` is idle and in autocommit mode. Raises as `one_transaction`, and
    what `work` raises, after which nothing was committed.
    """
    assert connection.info.transaction_status == TransactionStatus.IDLE, "it is a transaction of its own"
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            async with one_transaction(connection) as pipeline:
                pipeline.send(BEGIN)
                result = await work(pipeline)
                pipeline.send(COMMIT)
                await pipeline.flush()
            return result
        except again_after:
            if attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable")


async def roll_back(connection: Connection) -> None:
    """Leaves a connection that is idle, or closed because it cannot be made so.

    psycopg's own rollback would deallocate what is prepared.
    """
    if connection.closed or connection.pgconn.transaction_status == TransactionStatus.IDLE:
        return
    pipeline = Pipeline(connection)
    pipeline.send(ROLLBACK)
    try:
        await pipeline.flush()
    except psycopg.Error:
        await connection.close()


def _is_lost(connection: Connection, error: BaseException) -> bool:
    """Whether the server hung up, instead of refusing a statement.

    It may do so right after it committed, and its farewell can arrive while the socket still looks alive.
    """
    if not isinstance(error, psycopg.OperationalError):
        return False
    said_by_server = error.sqlstate is not None and error.diag.severity_nonlocalized == "ERROR"
    return connection.closed or not said_by_server
