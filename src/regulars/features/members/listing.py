"""Listing very many members, and from when on to ask for what has changed."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timedelta

from regulars.db.database import Connection
from regulars.features.members import store_listing
from regulars.features.members.model_listing import ListedMember, Listing

UNSEEN_SECONDS_MAX = 30.0
"""How long before the first row that it writes a change may have been given its time: it waits for a
connection of the pool meanwhile, and the clocks of several machines differ."""


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
    """
    return await store_listing.writing_since(connection, now) - timedelta(seconds=UNSEEN_SECONDS_MAX)
