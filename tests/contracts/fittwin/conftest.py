"""Fixtures of the tests that speak to the contract over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.market import Market, market


@pytest_asyncio.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Market]:
    """A shop of one program in production, and another program."""
    async with market(database_url, tmp_path) as opened:
        yield opened
