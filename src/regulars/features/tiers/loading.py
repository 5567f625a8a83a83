"""Everything that a program has set about tiers, read at once."""

from regulars.db.database import Connection
from regulars.features.tiers import store
from regulars.features.tiers.model import TierBook


async def load_book(connection: Connection, program_id: int) -> TierBook:
    """The program's tiers and its hotels' schemes; an empty book for a program that has set nothing."""
    # Tiers are added and never taken away, so read last they are all that the schemes speak of.
    schemes = await store.select_schemes(connection, program_id)
    return TierBook(await store.select_tiers(connection, program_id), schemes)
