"""Transactions that go out through a `Pipeline`: their first and last statements, and how one is undone."""

import psycopg
from psycopg.pq import TransactionStatus

from regulars.db.connection import Connection
from regulars.db.pipeline import Pipeline, Statement

BEGIN, COMMIT, ROLLBACK = Statement("begin"), Statement("commit"), Statement("rollback")


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
