"""Fixtures of the tests that speak to the contract over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.guests import Guests
from tests.support.hotels import Hotels, hotels


@pytest_asyncio.fixture
async def hub(database_url: str, tmp_path: Path) -> AsyncIterator[Hotels]:
    """Two hotels of one program, and one of another."""
    async with hotels(database_url, tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def guests(hub: Hotels) -> Guests:
    """Guests of hotels that have the rates of the notes."""
    guests = Guests(hub)
    await guests.open()
    return guests
