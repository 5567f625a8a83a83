"""The connection pool: how everything reaches PostgreSQL, and how its failures are told apart."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool

from regulars.db.connection import DISCARD_PLANS, Connection

__all__ = [
    "Connection",
    "Database",
    "DatabaseMisconfigured",
    "DatabaseUnavailable",
    "TransactionConflict",
    "refuse_unfit_server",
    "server_conninfo",
]

T = TypeVar("T")

SERVER_ROLE = "regulars_server"
VERSION_MIN = 150000
REPETITIONS_MAX = 5
LOCK_WAIT_SECONDS_MAX = 3.0
_RECONNECT_SECONDS = 3.0

_logger = logging.getLogger(__name__)


class DatabaseUnavailable(Exception):
    """The database did not answer in time, or not at all; the same request may succeed later.

    Whether a transaction that failed this way was committed is not known: callers repeat it under
    the same idempotency key. Contracts answer 503 with Retry-After.
    """


class TransactionConflict(DatabaseUnavailable):
    """PostgreSQL gave up this transaction in favour of another one; `Database.run` repeats it."""


class DatabaseMisconfigured(Exception):
    """The database answers, but Regulars must not work on it. The message says what to change."""


def server_conninfo(
    conninfo: str, *, statement_timeout_seconds: float = 30, application_name: str = "regulars"
) -> str:
    """The connection string with everything a connection of the server carries.

    The job queue opens its own connections with it; the pool below uses it too. Options that
    `conninfo` brings along stay, and are overruled by ours where they meet.
    """
    options = {
        "role": SERVER_ROLE,
        "jit": "off",
        "random_page_cost": "1.1",
        "plan_cache_mode": "force_generic_plan",
        # A plan stays with its connection, so what is chosen for an empty table has to do for a full one:
        # until the statistics caught up, each look-up read all of a table that grew by thousands a second.
        "enable_seqscan": "off",
        "timezone": "UTC",
        "statement_timeout": f"{round(statement_timeout_seconds * 1000)}",
        # Whoever meets a row that somebody keeps locked gives up early, so that what waits behind it goes on.
        "lock_timeout": f"{round(min(LOCK_WAIT_SECONDS_MAX, statement_timeout_seconds) * 1000)}",
        # A process that is frozen in the middle of a transaction must not keep its locks for ever.
        "idle_in_transaction_session_timeout": "60000",
    }
    ours = " ".join(f"-c {name}={value}" for name, value in options.items())
    given = conninfo_to_dict(conninfo)
    return make_conninfo(
        conninfo,
        options=f"{given.get('options') or ''} {ours}".strip(),
        application_name=application_name,
        client_encoding="UTF8",
        connect_timeout=given.get("connect_timeout") or 5,
    )


class Database:
    """A pool of connections to one database, which take the role that may do what the server does."""

    def __init__(self, pool: AsyncConnectionPool[Connection], acquire_timeout_seconds: float) -> None:
        self._pool = pool
        self._acquire_timeout_seconds = acquire_timeout_seconds

    @classmethod
    async def open(
        cls,
        conninfo: str,
        *,
        connections_max: int = 10,
        acquire_timeout_seconds: float = 5,
        statement_timeout_seconds: float = 30,
        answer_grace_seconds: float = 5,
        application_name: str = "regulars",
        may_be_away: bool = False,
    ) -> "Database":
        """A database that was reached and found fit for use.

        A statement may take `statement_timeout_seconds`; a server that has not even refused it
        `answer_grace_seconds` later is given up. Raises DatabaseUnavailable when nobody answers, and
        DatabaseMisconfigured when the server is older than 15, runs with fsync=off, or has not been
        migrated. One that `may_be_away` is expected back: until then every use of it is refused.
        """
        full = server_conninfo(
            conninfo, statement_timeout_seconds=statement_timeout_seconds, application_name=application_name
        )
        try:
            await _check_server(full)
        except DatabaseUnavailable as error:
            if not may_be_away:
                raise
            _logger.warning("going on without the database until it answers: %s", error)

        async def configure(connection: Connection) -> None:
            connection.answer_seconds = statement_timeout_seconds + answer_grace_seconds

        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            full,
            connection_class=Connection,
            kwargs={"autocommit": True},
            min_size=min(2, connections_max),
            max_size=connections_max,
            max_waiting=connections_max * 100,
            timeout=acquire_timeout_seconds,
            reconnect_timeout=_RECONNECT_SECONDS,
            configure=configure,
            open=False,
        )
        await pool.open()
        return cls(pool, acquire_timeout_seconds)

    async def close(self) -> None:
        """Closes every connection; transactions still open are rolled back by the server."""
        await self._pool.close()

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """A connection in autocommit mode, for single reads.

        Raises DatabaseUnavailable when none is free in time, or when it fails while in use.
        """
        return self._borrow()

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """A connection with a transaction, committed on exit and rolled back on any exception.

        Raises DatabaseUnavailable, and TransactionConflict when the transaction met another one.
        """
        return self._borrow_transaction()

    async def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """What `work` returns, from a transaction that is repeated when it met another one.

        `work` may be called up to five times, so it must have no effect outside its connection.
        """
        for repetition in range(1, REPETITIONS_MAX + 1):
            try:
                async with self.transaction() as connection:
                    return await work(connection)
            except TransactionConflict:
                if repetition == REPETITIONS_MAX:
                    raise
            # Those that collided would collide again if they all came back at the same moment.
            await asyncio.sleep(random.uniform(0, 0.01 * repetition))  # noqa: S311
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def _borrow(self) -> AsyncIterator[Connection]:
        connection = await self._acquire()
        try:
            yield connection
        except psycopg.OperationalError as error:
            raise _judged(error) from error
        finally:
            await self._pool.putconn(connection)

    @asynccontextmanager
    async def _borrow_transaction(self) -> AsyncIterator[Connection]:
        async with self._borrow() as connection, connection.transaction():
            yield connection

    async def _acquire(self) -> Connection:
        """A connection that was alive a microsecond ago.

        After a restart of PostgreSQL every pooled connection is dead. Each is found out here without
        a round trip and replaced, so the restart costs the requests in flight and no others.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._acquire_timeout_seconds
        while True:
            try:
                connection = await self._pool.getconn(timeout=deadline - loop.time())
            except psycopg.OperationalError as error:
                raise DatabaseUnavailable(str(error)) from error
            if await _is_fit(connection):
                return connection
            await connection.close()
            await self._pool.putconn(connection)


async def _is_fit(connection: Connection) -> bool:
    """Whether the connection is alive, and its plans are as recent as they have to be."""
    if not _is_alive(connection):
        return False
    try:
        if connection.replans():
            await connection.execute(DISCARD_PLANS)
    except psycopg.OperationalError:
        return False
    return True


def _is_alive(connection: Connection) -> bool:
    """Whether the server has not hung up, judged by what has already arrived at the socket."""
    try:
        # The first read may take in a farewell message, so that only the second meets the end.
        connection.pgconn.consume_input()
        connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return False
    return connection.pgconn.transaction_status == TransactionStatus.IDLE


def _judged(error: psycopg.OperationalError) -> DatabaseUnavailable:
    if isinstance(error, errors.SerializationFailure | errors.DeadlockDetected):
        return TransactionConflict(str(error))
    return DatabaseUnavailable(str(error))


async def _check_server(conninfo: str) -> None:
    """Raises what makes this server unfit, before anything is written to it."""
    try:
        connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
    except psycopg.OperationalError as error:
        if f'"{SERVER_ROLE}"' in str(error):
            raise DatabaseMisconfigured(_role_advice(error)) from error
        raise DatabaseUnavailable(str(error)) from error
    async with connection:
        version = connection.info.server_version
        cursor = await connection.execute("select current_setting('fsync')")
        row = await cursor.fetchone()
    assert row is not None
    refuse_unfit_server(version, fsync=row[0] == "on")


def refuse_unfit_server(version: int, *, fsync: bool) -> None:
    """Raises DatabaseMisconfigured for a server that is too old or may lose what it acknowledged.

    `version` is counted as libpq does: 150004 for 15.4.
    """
    if version < VERSION_MIN:
        raise DatabaseMisconfigured(
            f"PostgreSQL {version // 10000} is too old: Regulars needs {VERSION_MIN // 10000} or newer"
        )
    if not fsync:
        raise DatabaseMisconfigured(
            "PostgreSQL runs with fsync=off and can lose points it has acknowledged: "
            "set fsync = on in its configuration and restart it"
        )


def _role_advice(error: Exception) -> str:
    return (
        f"the database has no usable role {SERVER_ROLE}: migrate it first (regulars serve does so), "
        f"and let the connecting user take the role (grant {SERVER_ROLE} to …). PostgreSQL said: {error}"
    )
