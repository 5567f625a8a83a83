"""A shop that the tests of the layer around the contracts speak to, and what it logs."""

from collections.abc import AsyncIterator
from io import BytesIO

import pytest_asyncio

from regulars.db.database import Database
from regulars.logs import configure_logs
from tests.support.shop import Shop, open_shop


@pytest_asyncio.fixture
async def shop(database_url: str, database: Database) -> AsyncIterator[Shop]:
    """The running application around the till's contract."""
    async with open_shop(database_url, database) as opened:
        yield opened


@pytest_asyncio.fixture
async def log() -> AsyncIterator[BytesIO]:
    """What is logged, as JSON lines. Asked for before `shop`, whose application asks how to log once."""
    stream = BytesIO()
    configure_logs("json", "debug", stream=stream)
    yield stream
    configure_logs("json", "error", stream=BytesIO())
