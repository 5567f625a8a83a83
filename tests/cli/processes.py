"""Servers and commands as processes of their own, as an operator runs them."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 60.0
COMMAND = [sys.executable, "-m", "regulars"]


def environment(**changes: str) -> dict[str, str]:
    """The present environment without settings of ours, and with `changes`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGULARS_", "CK_"))}
    return {**kept, "COLUMNS": "200", **changes}


def eventually(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Returns when the condition holds; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def run(*arguments: str, stdin: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=START_SECONDS_MAX,
        env=environment(**changes),
        check=False,
    )


class Server:
    """A running server: where it answers, and its process."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self.log = log
        self.url = ""

    def said(self) -> str:
        """What it wrote to both streams so far."""
        return self.log.read_text(encoding="utf-8")

    def get(self, path: str, **headers: str) -> httpx2.Response:
        """The answer to a GET; underscores in header names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx2.get(f"{self.url}{path}", headers=named, timeout=10)

    def wait_until_ready(self) -> None:
        """Returns when /readyz answers 200."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.said()}"
            found = re.search(r"http://[0-9.]+:[0-9]+", self.said())
            if found:
                self.url = found.group()
                try:
                    if self.get("/readyz").status_code == 200:
                        return
                except httpx2.TransportError:
                    pass
            time.sleep(0.05)
        raise AssertionError(f"not ready after {START_SECONDS_MAX} s:\n{self.said()}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit code after the signal."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS_MAX)

    def workers(self) -> list[psutil.Process]:
        """The processes that answer requests for it, when they are not itself."""
        children = psutil.Process(self.process.pid).children()
        alive = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
        return [child for child in alive if "spawn_main" in " ".join(child.cmdline())]


@contextmanager
def serving(log: Path, *arguments: str, port: str = "0", **changes: str) -> Iterator[Server]:
    """A ready server, stopped at the end if it still runs."""
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [*COMMAND, *arguments, "--port", port],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
            env=environment(**changes),
        )
    server = Server(process, log)
    try:
        server.wait_until_ready()
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(STOP_SECONDS_MAX)


def variables(path: Path) -> dict[str, str]:
    """What a file of NAME=value lines says."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
