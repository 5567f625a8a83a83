"""Load over HTTP with wrk, a compiled generator that costs the machine little beside the server."""

import asyncio
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from regulars.bench.measure import Measured

_UNITS_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


def wrk_path() -> str:
    """Where wrk is. Raises FileNotFoundError with what to do when it is not installed."""
    found = shutil.which("wrk")
    if found is None:
        raise FileNotFoundError("wrk was not found: install it (Debian: apt-get install wrk)")
    return found


async def measure_load(url: str, script: str, *, clients: int, seconds: int) -> Measured:
    """Requests per second of `clients` connections that each wait for one answer before the next request.

    `script` is wrk's Lua. Answers other than 2xx and 3xx count as failures.
    """
    with TemporaryDirectory() as directory:
        path = Path(directory, "load.lua")
        path.write_text(script)
        arguments = (
            "--threads=1",
            f"--connections={clients}",
            f"--duration={seconds}s",
            "--latency",
        )
        process = await asyncio.create_subprocess_exec(
            wrk_path(),
            *arguments,
            f"--script={path}",
            url,
            stdout=asyncio.subprocess.PIPE,
        )
        output = (await process.communicate())[0].decode()
    if process.returncode:
        raise RuntimeError(f"wrk failed: {output}")
    return parse_wrk(output)


def parse_wrk(output: str) -> Measured:
    """The figures in what wrk prints with --latency."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    median = re.search(r"50%\s+([\d.]+)(us|ms|s|m)\b", output)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", output)
    if rate is None or median is None or p99 is None:
        raise RuntimeError(f"wrk printed no figures: {output}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
    failures = int(refused[1]) if refused else 0
    failures += sum(map(int, broken.groups())) if broken else 0
    return Measured(float(rate[1]), _milliseconds(median), _milliseconds(p99), failures)


def _milliseconds(found: re.Match[str]) -> float:
    return float(found[1]) * _UNITS_MILLISECONDS[found[2]]
