"""Decoders that are started for each photo, where no process can be forked: it costs some 60 ms more."""

import os
import subprocess
import sys
from pathlib import Path

from regulars.features.photos.model import PhotoLimits, PhotosUnavailable

_PASSED_ON = ("SYSTEMROOT", "LD_LIBRARY_PATH")
"""Environment that an interpreter may need to start. Nothing else is passed on, secrets least of all."""
_MEMORY = ":".join(
    f"glibc.malloc.{name}" for name in ("hugetlb=1", "mmap_threshold=33554432", "trim_threshold=536870912")
)
"""A photo needs some fifty megabytes for a tenth of a second. In large pages, and used again instead of being
given back in between, they cost a fifth less time. Systems that do not know the words pass over them."""


def environment() -> dict[str, str]:
    """What a process that reads strangers' photos is told of the world."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed_on, "GLIBC_TUNABLES": _MEMORY}


class StartedDecoders:
    """Runs the decoding program in a new process for each photo."""

    def __init__(self, program: Path, limits: PhotoLimits) -> None:
        self._program = program
        self._limits = limits
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def run(self, arguments: str, received: bytes) -> bytes:
        """What the program answers; nothing when it failed. Waits, and is called from several threads.

        Raises PhotosUnavailable when it cannot be started or takes too long; then it is ended.
        """
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", str(self._program), arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
            )
        except OSError as error:
            raise PhotosUnavailable("the photo decoder cannot be started") from error
        self._processes.add(process)
        if self._closed:
            process.kill()
        try:
            answer, _ = process.communicate(received, timeout=self._limits.decoder_wall_seconds)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.communicate()
            raise PhotosUnavailable("decoding a photo took too long") from error
        finally:
            self._processes.discard(process)
        return answer if process.returncode == 0 else b""

    def close(self) -> None:
        """Ends all processes."""
        self._closed = True
        for process in list(self._processes):
            process.kill()
