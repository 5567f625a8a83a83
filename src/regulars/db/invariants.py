"""Statements that look for what must never be, and one moment at which a live database is looked at."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import LiteralString

import msgspec

from regulars.db.database import Connection

SHOWN_MAX = 20
"""How many findings of one invariant are listed; the rest of them only means more of the same."""


class Finding(msgspec.Struct, frozen=True):
    """One place where an invariant does not hold."""

    invariant: str
    program_id: int
    detail: str


@asynccontextmanager
async def one_moment(connection: Connection) -> AsyncIterator[None]:
    """All statements inside see the database as it was at the first of them, however busy it is."""
    async with connection.transaction():
        await connection.execute("set transaction isolation level repeatable read, read only")
        yield


async def findings_of(connection: Connection, checks: Mapping[str, LiteralString]) -> list[Finding]:
    """What each invariant's statement finds, at most SHOWN_MAX each: the program, and what is wrong in it."""
    findings = []
    for invariant, statement in checks.items():
        cursor = await connection.execute(statement, {"limit": SHOWN_MAX})
        findings += [Finding(invariant, *row) for row in await cursor.fetchall()]
    return findings
