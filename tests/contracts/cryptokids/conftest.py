"""Fixtures of the tests that speak to the contract over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.family import Family, family


@pytest_asyncio.fixture
async def home(database_url: str, tmp_path: Path) -> AsyncIterator[Family]:
    """A family in development mode, where the child's routes need no key."""
    async with family(database_url, tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def production(database_url: str, tmp_path: Path) -> AsyncIterator[Family]:
    """A family in production mode."""
    async with family(database_url, tmp_path, mode="production") as opened:
        yield opened
