"""What makes a ledger wait: few connections, and rows that somebody else holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from regulars.db.database import Connection, Database
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model import AccountReference
from tests.support.ledger_world import LedgerWorld


@asynccontextmanager
async def small_ledger(world: LedgerWorld, connections: int, **options: Any) -> AsyncIterator[Ledger]:
    """A ledger on few connections."""
    database = await Database.open(world.database_url, connections_max=connections, **options)
    ledger = Ledger(database, world.clock)
    yield ledger
    await ledger.close()
    await database.close()


@asynccontextmanager
async def locked(world: LedgerWorld, account: AccountReference) -> AsyncIterator[Connection]:
    """Somebody holds the account's row."""
    async with world.owner() as owner, owner.transaction():
        await owner.execute("select * from accounts where member_id = %s for update", [account.member_id])
        yield owner
