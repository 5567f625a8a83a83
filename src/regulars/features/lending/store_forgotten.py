"""The statements for customers whom the shop had forgotten."""

from datetime import datetime
from typing import LiteralString

from regulars.db.database import Connection

# There may be no row to lock: news that enrol a customer and the erasure of the same one wait for each other.
LOCK: LiteralString = "select pg_advisory_xact_lock(%(number)s)"

FORGOTTEN_AT: LiteralString = """
select forgotten_at from forgotten_customers
where program_id = %(program_id)s and digest = %(digest)s
"""

FORGET: LiteralString = """
insert into forgotten_customers (program_id, digest, forgotten_at)
values (%(program_id)s, %(digest)s, %(now)s)
on conflict (program_id, digest)
do update set forgotten_at = greatest(forgotten_customers.forgotten_at, excluded.forgotten_at)
"""


async def lock(connection: Connection, digest: bytes) -> None:
    """Nobody else acts on what the shop tells of this customer until the end of the transaction."""
    await connection.execute(LOCK, {"number": int.from_bytes(digest[:8], signed=True)})


async def forgotten_at(connection: Connection, program_id: int, digest: bytes) -> datetime | None:
    """When the customer was forgotten last, or None for one who never was."""
    cursor = await connection.execute(FORGOTTEN_AT, {"program_id": program_id, "digest": digest})
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def forget(connection: Connection, program_id: int, digest: bytes, now: datetime) -> None:
    """The customer was forgotten now."""
    await connection.execute(FORGET, {"program_id": program_id, "digest": digest, "now": now})
