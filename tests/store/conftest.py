"""Fixtures of the tests that post to a ledger, and of those that keep photos."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from regulars.db.database import Database
from tests.support.ledger_world import LedgerWorld

if TYPE_CHECKING:
    from tests.support.photo_stores import PhotoPlace
    from tests.support.photo_world import PhotoWorld


@pytest_asyncio.fixture
async def world(database: Database, database_url: str) -> AsyncIterator[LedgerWorld]:
    """A program and a ledger; whatever the test did, the books must add up afterwards."""
    world = await LedgerWorld.create(database, database_url)
    yield world
    await world.ledger.close()
    assert await world.findings() == []


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """The address of an S3 that is played by moto."""
    # Loaded here, because it takes a second that the other tests need not wait for.
    from tests.support.photo_stores import moto_server

    with moto_server() as url:
        yield url


@pytest.fixture(params=["directory", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "PhotoPlace":
    """An empty place for photos of each kind. A test that asks for it shows that they do not differ."""
    from tests.support.photo_stores import Directory, new_bucket, use_endpoint

    if request.param == "directory":
        return Directory(tmp_path / "photos")
    url: str = request.getfixturevalue("moto_url")
    use_endpoint(monkeypatch, url)
    return new_bucket(url)


@pytest_asyncio.fixture
async def photos(place: "PhotoPlace", database: Database) -> "AsyncIterator[PhotoWorld]":
    """A program that keeps its photos in each kind of place."""
    from tests.support.photo_world import PhotoWorld

    world = await PhotoWorld.open(place, database)
    yield world
    world.library.close()
