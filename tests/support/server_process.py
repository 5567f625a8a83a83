"""`regulars serve` with two workers as an operator runs it, to be stopped, killed and started again."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import psutil

from tests.support.site import Site, clean_environment

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 60.0
_PAUSE_SECONDS = 0.02


class ServerProcess:
    """A server on a site. It keeps its port over restarts, as clients expect of it."""

    def __init__(self, site: Site, *, workers: int = 2, jobs: bool = False, **settings: str) -> None:
        self.site = site
        self.port = 0
        self._workers = workers
        self._jobs = "--jobs" if jobs else "--no-jobs"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.NamedTemporaryFile(prefix="regulars-server-", suffix=".log")  # noqa: SIM115

    @property
    def process_id(self) -> int:
        """The parent's process id."""
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self) -> None:
        """Starts it and returns when /readyz answers 200."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Starts it and returns at once."""
        arguments = ["--data", str(self.site.directory), "--port", str(self.port), self._jobs]
        program = [*self.site.prefix, sys.executable, "-m", "regulars"]
        self._process = subprocess.Popen(
            [*program, "serve", "--workers", str(self._workers), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=clean_environment(**self._settings),
        )

    def wait_until_ready(self, seconds_max: float = START_SECONDS_MAX) -> float:
        """How many seconds it took until /readyz answered 200."""
        began = time.monotonic()
        while time.monotonic() - began < seconds_max:
            assert self.returncode is None, f"ended with {self.returncode}:\n{self.said()}"
            if self._is_ready():
                return time.monotonic() - began
            time.sleep(_PAUSE_SECONDS)
        raise AssertionError(f"not ready after {seconds_max} s:\n{self.said()}")

    @property
    def returncode(self) -> int | None:
        """The exit code, None while it runs."""
        return None if self._process is None else self._process.poll()

    def stop(self) -> int:
        """The exit code after SIGTERM."""
        assert self._process is not None, "not started"
        self._process.terminate()
        return self._process.wait(STOP_SECONDS_MAX)

    def kill(self) -> None:
        """Kills the parent and the workers with SIGKILL; the embedded PostgreSQL lives on."""
        assert self._process is not None, "not started"
        victims = [psutil.Process(self.process_id), *self.workers()]
        for victim in victims:
            victim.kill()
        self._process.wait(STOP_SECONDS_MAX)
        until_dead(victims)

    def workers(self) -> list[psutil.Process]:
        """The processes that answer requests."""
        children = psutil.Process(self.process_id).children()
        return [child for child in children if _is_worker(child)]

    def resident_bytes(self) -> int:
        """The memory of the server and its workers."""
        processes = [psutil.Process(self.process_id), *self.workers()]
        return sum(process.memory_info().rss for process in processes)

    def owners(self, client_ports: Iterable[int]) -> dict[int, int]:
        """Which worker (by process id) has accepted the connection from each of the clients' ports."""
        wanted = set(client_ports)
        return {
            connection.raddr.port: worker.pid
            for worker in self.workers()
            for connection in worker.net_connections("tcp")
            if connection.raddr and connection.raddr.port in wanted
        }

    def said(self) -> str:
        """What it wrote to both streams, in this run and earlier ones."""
        return Path(self._log.name).read_text(encoding="utf-8", errors="replace")[-8000:]

    def _is_ready(self) -> bool:
        if self.port == 0:
            self.port = self._announced_port()
        with suppress(httpx2.TransportError):
            return httpx2.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).status_code == 200
        return False

    def _announced_port(self) -> int:
        _, found, rest = self.said().partition("serving on http://127.0.0.1:")
        return int(rest.split()[0]) if found else 0


@contextmanager
def running_server(
    site: Site, *, workers: int = 2, jobs: bool = False, **settings: str
) -> Iterator[ServerProcess]:
    """A ready server on the site, ended at the end in whatever state it is. Settings are variables."""
    server = ServerProcess(site, workers=workers, jobs=jobs, **settings)
    try:
        server.start()
        yield server
    finally:
        if server.returncode is None:
            _end(server)


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs; what is dead may wait a while for somebody to take note of it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until_dead(processes: Sequence[psutil.Process]) -> None:
    """Returns when none of them runs any more."""
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while any(map(is_alive, processes)):
        assert time.monotonic() < deadline, "still alive"
        time.sleep(_PAUSE_SECONDS)


def _end(server: ServerProcess) -> None:
    for process in (psutil.Process(server.process_id), *server.workers()):
        # A stopped process does not even notice that it is asked to end.
        os.kill(process.pid, signal.SIGCONT)
    server.stop()


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:
        return False
