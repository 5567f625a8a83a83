"""The one transaction of a batch, and what its failure tells about its fate."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from regulars.db.database import Connection, DatabaseUnavailable
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import roll_back


class NothingSent(DatabaseUnavailable):
    """The database failed before anything could have been committed; the batch may be tried again."""


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


def _is_lost(connection: Connection, error: BaseException) -> bool:
    """Whether the server hung up, instead of refusing a statement.

    It may do so right after it committed, and its farewell can arrive while the socket still looks alive.
    """
    if not isinstance(error, psycopg.OperationalError):
        return False
    said_by_server = error.sqlstate is not None and error.diag.severity_nonlocalized == "ERROR"
    return connection.closed or not said_by_server
