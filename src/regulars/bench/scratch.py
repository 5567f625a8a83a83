"""A database of its own for a benchmark, on the server that is to be measured, dropped afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from regulars.db.migrate import migrate


@asynccontextmanager
async def scratch_database(conninfo: str) -> AsyncIterator[str]:
    """The connection string of a new, migrated database beside the one that `conninfo` names.

    The connecting user must be allowed to create databases.
    """
    name = f"regulars_bench_{uuid4().hex[:8]}"
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute(SQL("create database {}").format(Identifier(name)))
        try:
            scratch = make_conninfo(conninfo, dbname=name)
            await asyncio.to_thread(migrate, scratch)
            yield scratch
        finally:
            await connection.execute(SQL("drop database {} with (force)").format(Identifier(name)))
