"""A demo that was made at a moment of the tests' own choice."""

from datetime import UTC, datetime

from regulars.base.clock import utc_now
from regulars.db.database import Database
from regulars.demo.seed import seed
from regulars.features.ledger.actions import Ledger

# The clocks change between this moment and the one 28 days before it.
NOW = datetime(2026, 4, 10, 9, 30, tzinfo=UTC)


async def fill(conninfo: str) -> None:
    """Puts the whole small demo into a migrated database."""
    database = await Database.open(conninfo)
    await seed(database, Ledger(database, utc_now), "small", NOW, lambda part: None)
    await database.close()
