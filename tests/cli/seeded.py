"""A demo that was made at a moment of the tests' own choice."""

from datetime import UTC, datetime
from tempfile import TemporaryDirectory

from regulars.base.clock import utc_now
from regulars.db.database import Database
from regulars.demo.seed import seed
from regulars.features.ledger.actions import Ledger
from regulars.features.photos.actions import PhotoLibrary

# The clocks change between this moment and the one 28 days before it.
NOW = datetime(2026, 4, 10, 9, 30, tzinfo=UTC)


async def fill(conninfo: str) -> None:
    """Puts the whole small demo into a migrated database; the files of its photos do not stay."""
    database = await Database.open(conninfo)
    with TemporaryDirectory() as directory:
        library = PhotoLibrary(directory)
        await seed(database, Ledger(database, utc_now), library, "small", NOW, lambda part: None)
        library.close()
    await database.close()
