"""Fixtures of the tests that post to a ledger."""

from collections.abc import AsyncIterator

import pytest_asyncio

from regulars.db.database import Database
from tests.support.ledger_world import LedgerWorld


@pytest_asyncio.fixture
async def world(database: Database, database_url: str) -> AsyncIterator[LedgerWorld]:
    """A program and a ledger; whatever the test did, the books must add up afterwards."""
    world = await LedgerWorld.create(database, database_url)
    yield world
    await world.ledger.close()
    assert await world.findings() == []
