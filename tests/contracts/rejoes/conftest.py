"""Fixtures of the tests that speak to the contract over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.stores import Stores, stores


@pytest_asyncio.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Stores]:
    """Two stores of one program in production, and another program."""
    async with stores(database_url, tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def workshop(database_url: str, tmp_path: Path) -> AsyncIterator[Stores]:
    """The same in development, where nobody needs a key."""
    async with stores(database_url, tmp_path, mode="development") as opened:
        yield opened
