"""The embedded PostgreSQL, with real processes that share it, leave it and kill it."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from regulars.db.cluster import Cluster, PostgresFailed, Postmaster
from regulars.db.embedded import EmbeddedPostgres
from tests.support.postgres import fast_directory

CHECKOUT = Path(__file__).parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="regulars-embedded-", dir=fast_directory()))
    yield path
    Cluster(path.resolve()).stop()
    shutil.rmtree(path)


@contextmanager
def user_process(directory: Path, *user: str) -> Iterator[subprocess.Popen[str]]:
    """A second process that has the database open, until its standard input is closed."""
    command = [sys.executable, "-m", "tests.support.embedded_user", str(directory), *user]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stdout.readline().startswith("host=")
        yield process


def postmaster(directory: Path) -> Postmaster:
    found = Cluster(directory.resolve()).postmaster()
    assert found is not None
    return found


def is_running(directory: Path) -> bool:
    return Cluster(directory.resolve()).postmaster() is not None


def query(conninfo: str, statement: str) -> object:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def test_stops_with_its_only_user_and_keeps_the_data(directory: Path) -> None:
    with EmbeddedPostgres(directory) as embedded:
        query(embedded.conninfo, "create table kept (number integer)")
        query(embedded.conninfo, "insert into kept values (7)")
    assert not is_running(directory)

    began = time.monotonic()
    with EmbeddedPostgres(directory) as embedded:
        assert time.monotonic() - began < 1.5
        assert query(embedded.conninfo, "select number from kept") == 7


def test_the_last_of_several_processes_stops_it(directory: Path) -> None:
    with user_process(directory) as first, user_process(directory) as second:
        assert first.stdin and second.stdin
        first.stdin.close()
        assert first.wait(30) == 0
        assert is_running(directory)
        second.stdin.close()
        assert second.wait(30) == 0
        assert not is_running(directory)


def test_two_users_in_one_process_share_it(directory: Path) -> None:
    with EmbeddedPostgres(directory) as outer:
        with EmbeddedPostgres(directory):
            pass
        assert query(outer.conninfo, "select 1") == 1
        with user_process(directory) as other:
            assert other.stdin
            other.stdin.close()
            assert other.wait(30) == 0
        assert query(outer.conninfo, "select 1") == 1
    assert not is_running(directory)


def test_many_processes_may_start_it_at_once(directory: Path) -> None:
    command = [sys.executable, "-m", "tests.support.embedded_user", str(directory)]
    processes = [
        subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(5)
    ]
    for process in processes:
        assert process.stdout and process.stdout.readline().startswith("host=")
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert not is_running(directory)


def test_a_killed_process_leaves_it_running_for_the_next(directory: Path) -> None:
    with user_process(directory) as process:
        before = postmaster(directory)
        process.kill()
    assert psutil.pid_exists(before.process_id)
    with EmbeddedPostgres(directory):
        assert postmaster(directory) == before
    assert not is_running(directory)


def test_recovers_after_postgres_was_killed(directory: Path) -> None:
    with EmbeddedPostgres(directory) as embedded:
        query(embedded.conninfo, "create table kept (number integer)")
        query(embedded.conninfo, "insert into kept select generate_series(1, 1000)")
        os.kill(postmaster(directory).process_id, signal.SIGKILL)
        with EmbeddedPostgres(directory) as again:
            assert query(again.conninfo, "select count(*) from kept") == 1000


def test_a_lock_file_that_names_another_process_is_stale(directory: Path) -> None:
    with EmbeddedPostgres(directory):
        lock_file = directory / "postgres" / "postmaster.pid"
        lines = lock_file.read_text().splitlines()
        os.kill(int(lines[0]), signal.SIGKILL)
    owner = (directory / "postgres").stat().st_uid
    with subprocess.Popen(["sleep", "60"], user=owner) as innocent:
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (directory / "postgres" / name).write_text("\n".join([str(innocent.pid), *lines[1:]]) + "\n")
        with EmbeddedPostgres(directory) as embedded:
            assert query(embedded.conninfo, "select 1") == 1
        assert innocent.poll() is None
        innocent.kill()


def test_an_interrupted_creation_is_begun_anew(directory: Path) -> None:
    (directory / "postgres.unfinished").mkdir()
    (directory / "postgres.unfinished" / "PG_VERSION").write_text("18")
    with EmbeddedPostgres(directory) as embedded:
        assert query(embedded.conninfo, "select 1") == 1
    assert not (directory / "postgres.unfinished").exists()


@pytest.mark.parametrize("name", ["deep/" * 25 + "end", "with space, comma and 'quote'"])
def test_any_directory_will_do(directory: Path, name: str) -> None:
    with EmbeddedPostgres(directory / name) as embedded:
        socket_directory = Path(str(conninfo_to_dict(embedded.conninfo)["host"]))
        assert query(embedded.conninfo, "select 1") == 1
        assert stat.S_IMODE(socket_directory.stat().st_mode) == 0o700
        assert directory not in socket_directory.parents
    socket_directory.rmdir()


def test_somebody_elses_socket_directory_is_refused(directory: Path) -> None:
    deep = directory / ("deep/" * 25)
    with EmbeddedPostgres(deep):
        socket_directory = postmaster(deep).socket_directory
    socket_directory.chmod(0o777)
    with pytest.raises(PostgresFailed, match="belongs to somebody else"):
        EmbeddedPostgres(deep).start()
    assert not is_running(deep)
    socket_directory.rmdir()


def test_only_who_may_read_the_password_gets_in(directory: Path) -> None:
    with EmbeddedPostgres(directory) as embedded:
        assert stat.S_IMODE((directory / "postgres.pgpass").stat().st_mode) == 0o600
        assert stat.S_IMODE((directory / "postgres").stat().st_mode) == 0o700
        for user in ("regulars", "postgres"):
            stranger = make_conninfo(embedded.conninfo, user=user, passfile="/dev/null")
            with pytest.raises(psycopg.OperationalError, match="password"):
                query(stranger, "select 1")
        assert query(embedded.conninfo, "select rolsuper from pg_roles where rolname = current_user") is False


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("listen_addresses", ""),
        ("max_connections", "200"),
        ("random_page_cost", "1.1"),
        ("jit", "off"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("password_encryption", "scram-sha-256"),
    ],
)
def test_settings(postgres_settings: dict[str, str], setting: str, expected: str) -> None:
    assert postgres_settings[setting] == expected


@pytest.fixture(scope="module")
def postgres_settings() -> Iterator[dict[str, str]]:
    path = Path(tempfile.mkdtemp(prefix="regulars-embedded-", dir=fast_directory()))
    with EmbeddedPostgres(path) as embedded, psycopg.connect(embedded.conninfo) as connection:
        cursor = connection.execute("select name, setting from pg_settings")
        yield {str(name): str(setting) for name, setting in cursor.fetchall()}
    shutil.rmtree(path)


def test_takes_little_memory_when_idle(directory: Path) -> None:
    with EmbeddedPostgres(directory):
        server = psutil.Process(postmaster(directory).process_id)
        total_bytes = 0
        for process in (server, *server.children(recursive=True)):
            # A worker that clears up after the start may end while it is being looked at.
            with suppress(psutil.NoSuchProcess):
                total_bytes += process.memory_full_info().pss
        assert 5e6 < total_bytes < 200e6


def test_another_version_of_postgres_is_refused(directory: Path) -> None:
    with EmbeddedPostgres(directory):
        pass
    (directory / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(PostgresFailed, match="made by PostgreSQL 17"):
        EmbeddedPostgres(directory).start()


def test_what_postgres_says_is_reported_when_it_does_not_start(directory: Path) -> None:
    with EmbeddedPostgres(directory):
        pass
    with (directory / "postgres" / "postgresql.conf").open("a") as file:
        file.write("max_connections = none\n")
    with pytest.raises(PostgresFailed, match="max_connections"):
        EmbeddedPostgres(directory).start()


@as_root
def test_root_leaves_the_files_of_an_ordinary_user_usable(directory: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    with user_process(directory, "nobody"):
        pass
    with EmbeddedPostgres(directory) as embedded:
        assert query(embedded.conninfo, "select 1") == 1
        server = psutil.Process(postmaster(directory).process_id)
        assert server.uids().real == nobody.pw_uid
    with user_process(directory, "nobody") as process:
        assert process.poll() is None
