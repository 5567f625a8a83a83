"""A database of its own for a benchmark, on the server that is to be measured, dropped afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.errors import InsufficientPrivilege
from psycopg.sql import SQL, Identifier

from regulars.db.migrate import migrate

FILLING_MEMORY = "set work_mem = '256MB'; set maintenance_work_mem = '256MB'"
FOREIGN_KEYS = """
select format('alter table %s drop constraint %I', conrelid::regclass, conname),
    format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
from pg_constraint
where contype = 'f' and connamespace = current_schema()::regnamespace
"""
# UUIDv7, as the server makes them.
ID_AT = """
create function pg_temp.id_at(at timestamptz) returns uuid language sql as $$
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0')
        || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid
$$
"""


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
            await _drop(connection, Identifier(name))


@asynccontextmanager
async def filling(conninfo: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection that writes rows by the million, past the server, for the sake of time.

    `pg_temp.id_at(at)` is an id made at that moment.
    """
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as owner:
        await owner.execute(FILLING_MEMORY)
        await owner.execute(ID_AT)
        # Checked for all rows together at the end: one by one that took most of the time.
        foreign_keys = await (await owner.execute(FOREIGN_KEYS)).fetchall()
        for drop, _ in foreign_keys:
            await owner.execute(drop)
        yield owner
        for _, add in foreign_keys:
            await owner.execute(add)


async def settle(conninfo: str) -> None:
    """The database is as one that has been in use for long: with statistics, and with nothing to tidy."""
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as owner:
        await owner.execute("vacuum analyze")


async def _drop(connection: psycopg.AsyncConnection, name: Identifier) -> None:
    try:
        await connection.execute(SQL("drop database {} with (force)").format(name))
    except InsufficientPrivilege:
        # An autovacuum worker is in there, which only PostgreSQL itself may send away.
        await connection.execute(SQL("drop database {}").format(name))
