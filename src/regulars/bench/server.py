"""A Regulars server as a process of its own, as an operator would run it, to be measured from outside."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import msgspec
import psutil

START_SECONDS_MAX = 60


class RunningServer(msgspec.Struct, frozen=True):
    """Where a server answers, its process, and how long it took until it was ready."""

    url: str
    process_id: int
    start_seconds: float

    def resident_megabytes(self) -> float:
        """The memory of the server and its worker processes, without what they share with each other."""
        parent = psutil.Process(self.process_id)
        processes = [parent, *parent.children(recursive=True)]
        return sum(process.memory_full_info().uss for process in processes) / 1e6


def postgres_megabytes(data_directory: Path) -> float:
    """The memory of the embedded PostgreSQL on `data_directory`, each shared page counted once."""
    postmaster_id = int(next(data_directory.rglob("postmaster.pid")).read_text().split()[0])
    postmaster = psutil.Process(postmaster_id)
    processes = [postmaster, *postmaster.children(recursive=True)]
    return sum(process.memory_full_info().pss for process in processes) / 1e6


@asynccontextmanager
async def running_server(
    environment: dict[str, str],
    *,
    workers: int = 1,
    arguments: tuple[str, ...] = ("--no-jobs",),
) -> AsyncIterator[RunningServer]:
    """A ready server in production mode on a free port of the loopback address, stopped at the end."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        sys.executable,
        "-m",
        "regulars",
        "serve",
        f"--port={port}",
        f"--workers={workers}",
    ]
    with TemporaryDirectory() as directory:
        log = Path(directory, "server.log")
        started_at = time.perf_counter()
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                *arguments,
                env={**os.environ, **environment},
                stdout=output,
                stderr=output,
            )
        try:
            await _until_ready(url, process, log)
            yield RunningServer(url, process.pid, time.perf_counter() - started_at)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _until_ready(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    async with httpx2.AsyncClient() as client:
        while time.monotonic() < deadline:
            if process.returncode is not None:
                break
            try:
                if (await client.get(f"{url}/readyz")).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.02)
    raise RuntimeError(f"the server did not get ready:\n{log.read_text()[-4000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
