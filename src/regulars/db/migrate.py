"""Brings a database to the schema of this version of Regulars."""

import logging
import threading
from pathlib import Path

import psycopg
from psycopg import errors

from regulars.db.database import DatabaseMisconfigured, DatabaseUnavailable, refuse_unfit_server

VERSIONS_DIRECTORY = Path(__file__).parent / "migrations" / "versions"
_ADVISORY_LOCK = 0x5265_6775_6C61_7273  # "Regulars" in ASCII

_one_thread_at_a_time = threading.Lock()
_logger = logging.getLogger(__name__)


def newest_revision(versions: Path = VERSIONS_DIRECTORY) -> str:
    """The number of the last step that this version of Regulars knows, such as "0007"."""
    return max(path.name.split("_")[0] for path in versions.glob("[0-9]*.py"))


def migrate(conninfo: str, *, versions: Path = VERSIONS_DIRECTORY) -> None:
    """Applies the steps that the database lacks; with none lacking it only looks.

    Safe to call from several servers at once: one migrates, the others wait for it. Each step is
    one transaction, so a migration that was killed goes on where it stopped. Raises
    DatabaseUnavailable, and DatabaseMisconfigured for an unfit server or a schema that a newer
    Regulars has made.
    """
    try:
        with psycopg.connect(conninfo, autocommit=True, application_name="regulars-migrate") as guard:
            _refuse_unfit(guard)
            if applied_revision(guard) == newest_revision(versions):
                return
            _wait_for_turn(guard)
            _upgrade(conninfo, versions, applied_revision(guard))
    except errors.InsufficientPrivilege as error:
        raise DatabaseMisconfigured(
            f"the database user lacks a right that migrating needs: {error}"
        ) from error
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database cannot be migrated now: {error}") from error


def applied_revision(connection: psycopg.Connection) -> str | None:
    """The number of the last step that the database has, None for an empty one."""
    if connection.execute("select to_regclass('schema_version')").fetchone() == (None,):
        return None
    row = connection.execute("select version_num from schema_version").fetchone()
    return None if row is None else str(row[0])


def _refuse_unfit(connection: psycopg.Connection) -> None:
    fsync = connection.execute("select current_setting('fsync')").fetchone()
    refuse_unfit_server(connection.info.server_version, fsync=fsync == ("on",))


def _wait_for_turn(guard: psycopg.Connection) -> None:
    """Returns when no other process migrates this database; the lock ends with the connection."""
    if guard.execute("select pg_try_advisory_lock(%s)", [_ADVISORY_LOCK]).fetchone() == (True,):
        return
    _logger.warning("another process is migrating the database; waiting for it")
    guard.execute("set statement_timeout = 0; set lock_timeout = 0")
    guard.execute("select pg_advisory_lock(%s)", [_ADVISORY_LOCK])


def _upgrade(conninfo: str, versions: Path, applied: str | None) -> None:
    # Alembic takes a quarter of a second to import, which a start with nothing to do need not pay.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import DBAPIError

    newest = newest_revision(versions)
    if applied is not None and applied > newest:
        raise DatabaseMisconfigured(
            f"the database has schema {applied}, made by a newer Regulars; this one knows up to {newest}"
        )
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: _connect_for_long_work(conninfo), poolclass=NullPool
    )
    try:
        # Alembic keeps what it works on in module variables.
        with _one_thread_at_a_time, engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise (error.orig or error) from error
    _logger.info("migrated the database from schema %s to %s", applied or "nothing", newest)


def _connect_for_long_work(conninfo: str) -> psycopg.Connection:
    """A connection whose statements may take as long as a large table needs."""
    connection = psycopg.connect(conninfo, prepare_threshold=None)
    connection.execute("set statement_timeout = 0; set lock_timeout = 0")
    connection.commit()
    return connection
