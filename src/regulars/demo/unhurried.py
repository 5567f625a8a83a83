"""A connection for many small transactions that can be done again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from regulars.db.database import Connection


@asynccontextmanager
async def unhurried(connection: Connection) -> AsyncIterator[None]:
    """Commits do not wait for the disk: what a crash loses of them, the next start does again.

    They are on the disk with the next transaction that waits, which is the one that marks the demo complete.
    """
    await connection.execute("set synchronous_commit = off")
    try:
        yield
    finally:
        if not connection.closed:
            await connection.execute("reset synchronous_commit")
