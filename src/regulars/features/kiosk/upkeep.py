"""What a job tidies: holds of carts that have lapsed, and old idempotency keys."""

from datetime import datetime

from regulars.base.clock import Clock
from regulars.db.database import Connection, Database
from regulars.db.pipeline import Pipeline
from regulars.features.kiosk.store_carts import EXPIRE_HOLDS, FORGET_REQUESTS
from regulars.features.kiosk.store_parameters import parameters

CHUNK = 1000


async def release_expired(database: Database, clock: Clock) -> int:
    """How many holds of carts were found to have lapsed. Whoever reads one knows it without this."""
    total = 0
    while True:
        async with database.connection() as connection:
            done = await _expire(connection, clock())
        total += done
        if done < CHUNK:
            return total


async def forget_requests(connection: Connection, older_than: datetime, limit: int = CHUNK) -> int:
    """How many idempotency keys from before then were forgotten, at most `limit`."""
    pipeline = Pipeline(connection)
    sent = pipeline.send(FORGET_REQUESTS, parameters(older_than=older_than, limit=limit))
    await pipeline.flush()
    return len(sent.rows)


async def _expire(connection: Connection, now: datetime) -> int:
    pipeline = Pipeline(connection)
    sent = pipeline.send(EXPIRE_HOLDS, parameters(now=now, limit=CHUNK))
    await pipeline.flush()
    return len(sent.rows)
