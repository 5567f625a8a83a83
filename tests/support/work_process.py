"""`regulars work` beside a server, as an operator runs it, to be killed and started again."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.server_process import START_SECONDS_MAX, STOP_SECONDS_MAX
from tests.support.site import Site, clean_environment

_PAUSE_SECONDS = 0.02


class WorkProcess:
    """A process that does the jobs of a site."""

    def __init__(self, site: Site, **settings: str) -> None:
        self._site = site
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.NamedTemporaryFile(prefix="regulars-work-", suffix=".log")  # noqa: SIM115

    def start(self) -> None:
        """Starts it and returns when it works."""
        before = self._said().count("working on jobs")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "regulars", "work", "--data", str(self._site.directory)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=clean_environment(**self._settings),
        )
        deadline = time.monotonic() + START_SECONDS_MAX
        while self._said().count("working on jobs") == before:
            assert self._process.poll() is None, f"ended with {self._process.returncode}:\n{self._said()}"
            assert time.monotonic() < deadline, f"does not work:\n{self._said()}"
            time.sleep(_PAUSE_SECONDS)

    def kill(self) -> None:
        """Kills it with SIGKILL."""
        assert self._process is not None, "not started"
        self._process.kill()
        self._process.wait(STOP_SECONDS_MAX)

    def stop(self) -> None:
        """Ends it, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(STOP_SECONDS_MAX)

    def _said(self) -> str:
        return Path(self._log.name).read_text(encoding="utf-8", errors="replace")


@contextmanager
def running_work(site: Site, **settings: str) -> Iterator[WorkProcess]:
    """The site's jobs are done until the block ends, if nobody kills who does them."""
    work = WorkProcess(site, **settings)
    try:
        work.start()
        yield work
    finally:
        work.stop()
