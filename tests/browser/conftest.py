"""A real browser, and the application on a real port for it to visit."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.support.family import Family, family
from tests.support.listening import listening

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """The browser's program. Without one the test is skipped, but in CI it fails: there one is installed."""
    named = os.environ.get("REGULARS_TEST_CHROMIUM")
    program = named or next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        missing = "no Chromium: install it, or name its program in REGULARS_TEST_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return program


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser without a window."""
    program = chromium()
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        await opened.close()


class Site:
    """A family whose application listens on a port of this machine."""

    def __init__(self, home: Family, url: str) -> None:
        self.home = home
        self.url = url


@pytest_asyncio.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A family in development mode."""
    async with family(database_url, tmp_path) as home, listening(home) as url:
        yield Site(home, url)


@pytest_asyncio.fixture
async def production_site(database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A family in production mode."""
    async with family(database_url, tmp_path, mode="production") as home, listening(home) as url:
        yield Site(home, url)
