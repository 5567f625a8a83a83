"""Processes of decoders, as a test looks at them."""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from regulars.features.photos.decoder import PhotoDecoder
from regulars.features.photos.model import PhotoLimits
from tests.support.pictures import encoded, quarters

GONE_SECONDS_MAX = 5.0


def until_gone(pids: Sequence[int]) -> None:
    """Returns when none of the processes is there any more, not even as one that nobody has asked about."""
    deadline = time.monotonic() + GONE_SECONDS_MAX
    while left := [pid for pid in pids if psutil.pid_exists(pid)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.01)


def below(pid: int | None = None) -> list[psutil.Process]:
    """The processes that a process has started, and those that they have."""
    return psutil.Process(pid).children(recursive=True)


async def _decode_for_ever(program: str) -> None:
    await PhotoDecoder(PhotoLimits(), program=Path(program)).decode(encoded(quarters(), "PNG"))


if __name__ == "__main__":
    asyncio.run(_decode_for_ever(sys.argv[1]))
