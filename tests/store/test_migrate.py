"""Migrations: alone, step by step, at once from several processes, interrupted, and too new."""

import importlib
import shutil
import subprocess
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from regulars.db.database import Database, DatabaseMisconfigured, DatabaseUnavailable
from regulars.db.migrate import VERSIONS_DIRECTORY, applied_revision, migrate, newest_revision
from regulars.db.postgres_user import binaries_directory
from tests.support.postgres import PostgresServer

REVISIONS = sorted(path.name[:4] for path in VERSIONS_DIRECTORY.glob("[0-9]*.py"))

# Unique across programs by design: what finds the program in the first place.
ACROSS_PROGRAMS = {
    "program_slug_is_unique",
    "secret_prefix_is_unique",
}


def schema_of(conninfo: str) -> list[str]:
    """The schema as pg_dump writes it, without the token that it makes up anew each time."""
    command = [str(binaries_directory() / "pg_dump"), "--schema-only", "--no-comments", "-d", conninfo]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line for line in text.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def versions_up_to(revision: str, directory: Path) -> Path:
    """A directory with the steps up to one of them, as an older Regulars would have had."""
    directory.mkdir(exist_ok=True)
    for path in VERSIONS_DIRECTORY.glob("[0-9]*"):
        if path.name[:4] <= revision:
            shutil.copy(path, directory)
    return directory


def revision_in(conninfo: str) -> str | None:
    with psycopg.connect(conninfo) as connection:
        return applied_revision(connection)


def processes() -> ProcessPoolExecutor:
    """Four processes, begun afresh: servers are that, and share nothing but the database."""
    return ProcessPoolExecutor(4, mp_context=get_context("spawn"))


def test_an_empty_database_gets_every_step(empty_database_url: str) -> None:
    assert revision_in(empty_database_url) is None
    migrate(empty_database_url)
    assert revision_in(empty_database_url) == newest_revision() == REVISIONS[-1]


def test_fresh_equals_migrated_step_by_step(
    database_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    for revision in REVISIONS:
        migrate(empty_database_url, versions=versions_up_to(revision, tmp_path / "versions"))
        assert revision_in(empty_database_url) == revision
    fresh = schema_of(database_url)
    assert schema_of(empty_database_url) == fresh
    assert any("CREATE TABLE public.programs" in line for line in fresh)


def test_steps_are_numbered_without_gaps_and_have_their_script() -> None:
    assert REVISIONS == [f"{number:04}" for number in range(1, len(REVISIONS) + 1)]
    for path in VERSIONS_DIRECTORY.glob("[0-9]*.py"):
        assert path.with_suffix(".sql").exists() == ("run_script(" in path.read_text()), path.name


def test_migrating_again_changes_nothing(database_url: str) -> None:
    before = schema_of(database_url)
    migrate(database_url)
    assert schema_of(database_url) == before


def test_several_servers_may_migrate_one_database_at_once(empty_database_url: str) -> None:
    with processes() as pool:
        outcomes = list(pool.map(migrate, [empty_database_url] * 4))
    assert outcomes == [None] * 4
    assert revision_in(empty_database_url) == REVISIONS[-1]


def test_several_databases_of_one_server_may_be_migrated_at_once(postgres: PostgresServer) -> None:
    with ExitStack() as stack:
        databases = [stack.enter_context(postgres.empty_database()) for _ in range(4)]
        with processes() as pool:
            list(pool.map(migrate, databases))
        assert {revision_in(database) for database in databases} == {REVISIONS[-1]}


def test_a_step_that_fails_leaves_the_steps_before_it_and_can_be_repeated(
    empty_database_url: str, tmp_path: Path
) -> None:
    versions = versions_up_to("0002", tmp_path / "versions")
    script = versions / "0002_members.sql"
    whole = script.read_text()
    script.write_text(whole + "select 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty_database_url, versions=versions)
    assert revision_in(empty_database_url) == "0001"
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("select to_regclass('members')").fetchone() == (None,)

    script.write_text(whole)
    migrate(empty_database_url, versions=versions)
    assert revision_in(empty_database_url) == "0002"


def test_a_schema_made_by_a_newer_regulars_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("update schema_version set version_num = '9999'")
    with pytest.raises(DatabaseMisconfigured, match="made by a newer Regulars"):
        migrate(database_url)


def test_a_user_without_the_rights_is_told_so(empty_database_url: str) -> None:
    stranger = f"stranger_{uuid4().hex}"
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(f"create role {stranger} nologin; grant {stranger} to current_user".encode())
        with pytest.raises(DatabaseMisconfigured, match="lacks a right"):
            migrate(make_conninfo(empty_database_url, options=f"-c role={stranger}"))
        connection.execute(f"drop role {stranger}".encode())


def test_nobody_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        migrate(f"host={tmp_path}")


def test_the_job_queue_brings_no_steps_that_no_revision_applies() -> None:
    revision = importlib.import_module("regulars.db.migrations.versions.0008_jobs_up_to_date")
    steps = [step.name for step in files("procrastinate.sql").joinpath("migrations").iterdir()]
    assert max(name for name in steps if name.endswith(".sql")) == revision.LAST_STEP


def test_every_key_leads_with_the_program(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        cursor = connection.execute(
            """
            select i.indexrelid::regclass::text, a.attname
            from pg_index i
            join pg_class t on t.oid = i.indrelid and t.relnamespace = 'public'::regnamespace
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
            where i.indisunique and t.relname not like 'procrastinate%' and t.relname <> 'schema_version'
            """
        )
        keys: dict[str, str] = dict(cursor.fetchall())
    assert "members_pkey" in keys
    assert {name for name, column in keys.items() if column != "program_id"} == ACROSS_PROGRAMS


async def test_the_server_role_owns_nothing_and_can_work_the_queue(database: Database) -> None:
    async with database.transaction() as connection:
        cursor = await connection.execute("select count(*) from pg_tables where tableowner = current_user")
        assert await cursor.fetchone() == (0,)
        await connection.execute(
            "insert into procrastinate_jobs (queue_name, task_name) values ('default', 'nothing')"
        )
        cursor = await connection.execute("delete from procrastinate_jobs returning task_name")
        assert await cursor.fetchall() == [("nothing",)]
