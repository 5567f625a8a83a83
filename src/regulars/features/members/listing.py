"""Listing very many members, and from when on to ask for what has changed."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timedelta

from regulars.db.database import Connection
from regulars.features.members import store_listing
from regulars.features.members.model_listing import ListedMember, Listing

UNSEEN_SECONDS_MAX = 30.0
"""How much older than the first row of its transaction the time of a change may be, on the clock of whoever
asks: it waits for a connection and for somebody else's row, and the clocks of several machines differ."""


async def list_many(
    connection: Connection, program_id: int, wanted: Listing, *, seconds_max: float
) -> AsyncGenerator[list[ListedMember], None]:
    """The members that are wanted, some hundreds at a time, in constant memory.

    All come from one snapshot, so nobody is left out or comes twice who changes meanwhile. The connection
    must be in no transaction, and is held until the last member was read or the generator is closed.
    Fails as an unavailable database does when it takes longer than `seconds_max`.
    """
    async with aclosing(store_listing.select_listed(connection, program_id, wanted, seconds_max)) as rows:
        async for some in rows:
            yield some


async def settled_at(connection: Connection, now: datetime) -> datetime:
    """An instant such that every listing that begins after this call shows all changes up to it.

    A change is given its time before it is committed, so one that is under way now will appear later, with a
    time that has passed. The instant therefore lies before the oldest transaction that is writing, and
    `UNSEEN_SECONDS_MAX` before that. Who asks for what `changed_after` it misses nothing, and gets again
    what changed in those seconds. The connection must be in no transaction.

    Why nothing is missed: a change that a listing does not show is committed after the listing began. So when
    this call looked, its transaction had written a row, or it had not.

    - If it had, it was among those that are writing. PostgreSQL counts it until others see what it wrote:
      while it waits for rows of others, is inside a savepoint, or waits for a standby to confirm. However
      long it takes, the instant lies before it.
    - If it had not, its time is before the instant only if `UNSEEN_SECONDS_MAX` went by from when it was
      given to the first row. Callers ask the clock inside their transaction or right before it; until the
      first row they wait for a connection (5 s unless set otherwise) and for one row (3 s). What remains,
      some 20 s, is how far the clocks of the machines that serve may differ. That of the database may show
      anything: it is only asked how old a transaction is.

    What it does not see: a process that stands still for longer at just that point; a time that a caller has
    kept from before its transaction; transactions of users who log in to the database under another name,
    which PostgreSQL does not show; and prepared transactions, of which Regulars makes none. A standby knows
    none of the writers, but takes no changes either, so no server of ours works on one.
    """
    return await store_listing.writing_since(connection, now) - timedelta(seconds=UNSEEN_SECONDS_MAX)
