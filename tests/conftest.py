"""Fixtures that every tier may use. All of them talk to a real PostgreSQL."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from hypothesis import is_hypothesis_test, settings

from regulars.db.database import Database
from tests.support.postgres import PostgresServer, postgres_server
from tests.support.site import Site, copied_site, model_site
from tests.support.soak import as_long_as_asked

# A shared machine is slow at times, so no example has a deadline; `make soak` takes the second profile.
settings.register_profile("bounded", deadline=None, print_blob=True)
settings.register_profile("soak", parent=settings.get_profile("bounded"), max_examples=10_000)
settings.load_profile("bounded")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every property is a test of a soak too, whose profile asks for more examples."""
    properties = [
        item for item in items if isinstance(item, pytest.Function) and is_hypothesis_test(item.obj)
    ]
    for item in properties:
        for mark in as_long_as_asked:
            item.add_marker(mark)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The server that the databases of this run live on."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def empty_database_url(postgres: PostgresServer) -> Iterator[str]:
    """A database of the test's own, without any schema."""
    with postgres.empty_database() as conninfo:
        yield conninfo


@pytest.fixture
def database_url(postgres: PostgresServer) -> Iterator[str]:
    """A migrated database of the test's own, without any data."""
    with postgres.migrated_database() as conninfo:
        yield conninfo


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open `Database` on a migrated database of the test's own."""
    opened = await Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def site_model() -> Iterator[Site]:
    """A data directory with programs and keys, to be copied."""
    with model_site() as model:
        yield model


@pytest.fixture
def site(site_model: Site) -> Iterator[Site]:
    """A data directory of the test's own, for a server to run on."""
    with copied_site(site_model) as copy:
        yield copy
