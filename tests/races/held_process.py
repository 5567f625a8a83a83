"""Processes of a test's own that work beside each other once they are let go, and may be killed meanwhile."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec


class HeldProcess:
    """A process that is ready, and begins when it is let go."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def go(self) -> None:
        """It begins."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        await self._process.stdin.drain()

    async def count(self) -> int:
        """What it has counted, when it is done."""
        assert self._process.stdout is not None
        return int(await self._process.stdout.readline())

    async def kill(self) -> None:
        """It is gone, without a chance to say so."""
        self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def held_process(module: str, task: msgspec.Struct) -> AsyncIterator[HeldProcess]:
    """A process that runs the module, which gets its task as a line of JSON, says "ready", and waits."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(task) + b"\n")
        assert await process.stdout.readline() == b"ready\n"
        yield HeldProcess(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
