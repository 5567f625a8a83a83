"""A file system of a few megabytes that can really be full, for servers that are started on it.

It is a tmpfs that only those see who run on it. Run as `python -m tests.support.small_disk DIRECTORY BYTES`,
it is the process that holds it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.own_mounts import OwnMounts, hold, leave_the_mounts_of_others, mount_memory, own_mounts

_PIECE_BYTES = 256 * 1024


class SmallDisk:
    """A mounted file system: `directory` is its root, as the commands see it that are run on it."""

    def __init__(self, directory: Path, mounts: OwnMounts) -> None:
        self.directory = directory
        self.prefix = mounts.prefix
        self.seen = mounts.root / directory.relative_to("/")
        """The same directory, as everybody else sees it."""
        self._ballast = self.seen / "ballast"

    @property
    def free_bytes(self) -> int:
        """How much fits on it."""
        status = os.statvfs(self.seen)
        return status.f_bavail * status.f_frsize

    def fill(self, leave_bytes: int = 0) -> None:
        """Takes all that is free but this much."""
        with self._ballast.open("ab") as ballast:
            while (room := self.free_bytes - leave_bytes) > 0:
                ballast.write(bytes(min(room, _PIECE_BYTES)))
                ballast.flush()

    def clear(self) -> None:
        """Gives back what `fill` has taken."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(directory: Path, size_bytes: int) -> Iterator[SmallDisk]:
    """A file system of this size at the directory. Skips the test as `own_mounts` does."""
    with own_mounts("tests.support.small_disk", str(directory), str(size_bytes)) as mounts:
        yield SmallDisk(directory, mounts)


if __name__ == "__main__":
    leave_the_mounts_of_others()
    mount_memory(sys.argv[1], sys.argv[2])
    hold()
