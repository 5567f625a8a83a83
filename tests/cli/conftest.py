"""A demo that several tests look at, and a directory that a server may use."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
import pytest_asyncio

from regulars.db.database import Database
from tests.cli.commands import Desk, program_file
from tests.cli.processes import Server, run, serving
from tests.cli.seeded import NOW, fill
from tests.support.hotels import Hotels, hotels
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="session")
def demo_directory() -> Iterator[Path]:
    """Where the demo of this run lives. Short, because PostgreSQL's socket lies in it."""
    directory = Path(tempfile.mkdtemp(prefix="regulars-demo-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def data() -> Iterator[Path]:
    """A data directory of the test's own."""
    directory = Path(tempfile.mkdtemp(prefix="regulars-data-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def demo(demo_directory: Path, tmp_path: Path) -> Iterator[Server]:
    """The demo, running."""
    with serving(tmp_path / "demo.log", "demo", "--data", str(demo_directory)) as server:
        yield server


@pytest.fixture(scope="session")
def demo_url(postgres: PostgresServer) -> Iterator[str]:
    """A database with the whole small demo, which nobody changes."""
    with postgres.migrated_database() as conninfo:
        asyncio.run(fill(conninfo))
        yield conninfo


@pytest.fixture
def rows(demo_url: str) -> Any:
    """What a query finds in that demo."""

    def ask(query: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        times = {"now": NOW, "recent": NOW - timedelta(days=28)}
        with psycopg.connect(demo_url) as connection:
            return connection.execute(query, times | parameters).fetchall()

    return ask


@pytest_asyncio.fixture
async def other_database(postgres: PostgresServer) -> AsyncIterator[Database]:
    """A second migrated database, to compare with."""
    with postgres.migrated_database() as conninfo:
        opened = await Database.open(conninfo)
        yield opened
        await opened.close()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory with a program and no keys, for commands that are refused."""
    directory = Path(tempfile.mkdtemp(prefix="regulars-data-"))
    config = tmp_path_factory.mktemp("config") / "program.toml"
    config.write_text('slug = "family"\nname = "Family"\nkeys = []\n')
    made = run("init", "--data", str(directory), "--config", str(config))
    assert made.returncode == 0, made.stderr
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def bare_desk(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Where commands are typed on a database without a program."""
    return Desk(database_url, monkeypatch, capsys)


@pytest.fixture
def desk(bare_desk: Desk, tmp_path: Path) -> Desk:
    """Where commands are typed for a program that has nothing yet."""
    bare_desk.works("init", "--config", str(program_file(tmp_path)))
    return bare_desk


@pytest.fixture
def hotel_desk(desk: Desk) -> Desk:
    """Where commands are typed for a program with the hotels high-street and number-four."""
    desk.works("locations", "add", "High Street", "--time-zone", "Europe/London")
    desk.works("locations", "add", "Number Four", "--time-zone", "Europe/Dublin")
    return desk


@pytest_asyncio.fixture
async def hub(database_url: str, tmp_path: Path) -> AsyncIterator[Hotels]:
    """The tills of two hotels, on the database where the desk's commands work."""
    async with hotels(database_url, tmp_path) as opened:
        yield opened
