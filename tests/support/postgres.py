"""A PostgreSQL server for the tests, and fresh copies of a migrated database on it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo

from regulars.db.embedded import EmbeddedPostgres
from regulars.db.migrate import migrate


class PostgresServer:
    """A server whose databases the tests may create and drop. To be closed."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self._template: str | None = None
        self._connection = psycopg.connect(conninfo, autocommit=True)

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """The connection string of a database with nothing in it, dropped afterwards."""
        with self._database("template1") as conninfo:
            yield conninfo

    @contextmanager
    def migrated_database(self) -> Iterator[str]:
        """The connection string of a copy of the migrated database, dropped afterwards."""
        if self._template is None:
            self._template = self._create("template1")
            migrate(self._conninfo_of(self._template))
        with self._database(self._template) as conninfo:
            yield conninfo

    def close(self) -> None:
        """Drops the migrated database; a server of one's own is left as it was found."""
        if self._template is not None:
            self._drop(self._template)
            self._template = None
        self._connection.close()

    @contextmanager
    def _database(self, template: str) -> Iterator[str]:
        name = self._create(template)
        try:
            yield self._conninfo_of(name)
        finally:
            self._drop(name)

    def _create(self, template: str) -> str:
        name = f"regulars_test_{uuid4().hex}"
        # Copying files beats writing them to the log: nobody is connected to the template.
        self._connection.execute(f'create database "{name}" template "{template}" strategy file_copy')
        return name

    def _drop(self, name: str) -> None:
        try:
            self._connection.execute(f'drop database "{name}" with (force)')
        except psycopg.errors.InsufficientPrivilege:
            # An autovacuum worker is in there, whom only PostgreSQL itself may send away.
            self._connection.execute(f'drop database "{name}"')

    def _conninfo_of(self, name: str) -> str:
        return make_conninfo(self.conninfo, dbname=name)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """The server named by REGULARS_TEST_DATABASE_URL, or an embedded one in a temporary directory."""
    given = os.environ.get("REGULARS_TEST_DATABASE_URL")
    if given:
        with closing(PostgresServer(given)) as server:
            yield server
        return
    directory = Path(tempfile.mkdtemp(prefix="regulars-tests-", dir=fast_directory()))
    try:
        with EmbeddedPostgres(directory) as embedded, closing(PostgresServer(embedded.conninfo)) as server:
            yield server
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def fast_directory() -> str | None:
    """Shared memory where there is room: copying a database there takes a seventh of the time."""
    shared_memory = Path("/dev/shm")
    roomy = shared_memory.is_dir() and shutil.disk_usage(shared_memory).free > 2 * 1024**3
    return str(shared_memory) if roomy and os.access(shared_memory, os.W_OK) else None
