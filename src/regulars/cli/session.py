"""What a command works with: the settings in force, and the database, joined beside a running server."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from regulars.cli.failures import CommandFailed
from regulars.db.database import Connection, Database
from regulars.db.embedded import EmbeddedPostgres
from regulars.db.migrate import migrate
from regulars.features.access import actions as access
from regulars.features.access.model import Program
from regulars.settings import Settings, load_settings, with_secret_key
from regulars.settings_sources import Secret


class Session(msgspec.Struct, frozen=True):
    """An open database at the schema of this version, and what keys are hashed with."""

    settings: Settings
    conninfo: str
    database: Database
    secret_key: Secret


@contextmanager
def database_of(settings: Settings) -> Iterator[str]:
    """The connection string of a database that answers: the one of the settings, or the embedded one.

    The embedded one is started, or shared with the processes that use it, and runs until the last
    of them has left; should it end before that, it is started again.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    with EmbeddedPostgres(settings.data_directory) as embedded, embedded.kept_running():
        yield embedded.conninfo


class OpenProgram(msgspec.Struct, frozen=True):
    """One program's data, in a transaction."""

    connection: Connection
    program: Program
    secret_key: Secret
    settings: Settings

    @property
    def program_id(self) -> int:
        """What the features ask for."""
        return self.program.program_id


@asynccontextmanager
async def open_session(data: Path | None, **overrides: Any) -> AsyncIterator[Session]:
    """A session for one command; a database of an older schema is migrated first."""
    settings = with_secret_key(load_settings(data_directory=data, **overrides))
    assert settings.secret_key is not None
    # Blocking is fine here: a command has nothing else to do while its database starts.
    with database_of(settings) as conninfo:
        migrate(conninfo)
        database = await Database.open(
            conninfo,
            connections_max=4,
            statement_timeout_seconds=settings.statement_timeout_seconds,
            application_name="regulars-cli",
        )
        try:
            yield Session(settings, conninfo, database, settings.secret_key)
        finally:
            await database.close()


@asynccontextmanager
async def open_program(
    data: Path | None, slug: str | None, *, dry_run: bool = False
) -> AsyncIterator[OpenProgram]:
    """The program named by its slug, or the only one, in a transaction that a dry run takes back.

    Raises CommandFailed as `chosen_program` does.
    """
    async with open_session(data) as session, session.database.connection() as connection:
        program = await chosen_program(connection, slug)
        async with connection.transaction(force_rollback=dry_run):
            yield OpenProgram(connection, program, session.secret_key, session.settings)


async def chosen_program(connection: Connection, slug: str | None) -> Program:
    """The program named by its slug, or the only one. Raises CommandFailed with what to do."""
    programs = await access.list_programs(connection)
    if not programs:
        raise CommandFailed("there is no program yet: run 'regulars init' first")
    slugs = ", ".join(program.slug for program in programs)
    if slug is None:
        if len(programs) > 1:
            raise CommandFailed(f"there are several programs: choose one with --program ({slugs})")
        return programs[0]
    for program in programs:
        if program.slug == slug:
            return program
    raise CommandFailed(f"there is no program {slug}: choose one of {slugs}")
