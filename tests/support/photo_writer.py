"""A process that writes photos of loans when it is told to, so that it can be killed, or put on a small disk.

Run as `python -m tests.support.photo_writer LOCATION`: it answers every line with a line of JSON, the paths
of the files that it has written, or what kept it from that.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from regulars.features.photos import actions
from regulars.features.photos.model import PhotoPurpose, PhotosUnavailable
from regulars.features.photos.rules import file_paths
from tests.support.pictures import encoded, quarters

ROOT = Path(__file__).parents[2]


class PhotoWriter:
    """The process, seen from the test."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def write(self) -> list[str] | str:
        """The paths of a new photo's files, or the name of what went wrong."""
        assert self._process.stdin and self._process.stdout
        print(file=self._process.stdin, flush=True)
        answer: list[str] | str = json.loads(self._process.stdout.readline())
        return answer

    def kill(self) -> None:
        """Ends it where it is."""
        self._process.kill()
        self._process.wait()


@contextmanager
def photo_writer(location: str, prefix: Sequence[str] = ()) -> Iterator[PhotoWriter]:
    """A process that writes to the location, started by the command that the prefix is."""
    command = [*prefix, sys.executable, "-m", "tests.support.photo_writer", location]
    # The prefix may take the process to another directory.
    found = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=found
    ) as process:
        yield PhotoWriter(process)
        process.kill()


async def _written(library: actions.PhotoLibrary, picture: bytes) -> list[str] | str:
    try:
        return list(file_paths(await actions.write_photo(library, picture, PhotoPurpose.LOAN)))
    except PhotosUnavailable as error:
        return type(error).__name__


if __name__ == "__main__":
    _library = actions.PhotoLibrary(sys.argv[1])
    _picture = encoded(quarters(1600, 1200), "PNG")
    for _ in sys.stdin:
        print(json.dumps(asyncio.run(_written(_library, _picture))), flush=True)
    _library.close()
