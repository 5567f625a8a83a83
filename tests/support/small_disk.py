"""A file system of a few megabytes that can really be full, for servers that are started on it.

It is a tmpfs in a mount namespace of its own, held by a process that does nothing else: root makes one, and
so does an ordinary user where the kernel lets users have namespaces. Others run a command on it through
`nsenter`, and see its files through `/proc`. When the last of these processes ends, the kernel takes it away.

Run as `python -m tests.support.small_disk DIRECTORY BYTES`, it is the process that holds it.
"""

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_PRIVATE_RECURSIVELY = 0x00040000 | 0x00004000
_READY = b"mounted\n"
_PIECE_BYTES = 256 * 1024


class SmallDisk:
    """A mounted file system: `directory` is its root, as the commands see it that are run on it."""

    def __init__(self, directory: Path, holder: int) -> None:
        self.directory = directory
        self.prefix = ["nsenter", f"--target={holder}", "--mount"]
        if os.geteuid() != 0:
            self.prefix += ["--user", "--preserve-credentials"]
        self.seen = Path(f"/proc/{holder}/root{directory}")
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
    """A file system of this size at the directory. The test is skipped where nobody may mount one, and in CI
    it fails: there somebody may."""
    command = [sys.executable, "-m", "tests.support.small_disk", str(directory), str(size_bytes)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as holder:
        assert holder.stdin and holder.stdout and holder.stderr
        if holder.stdout.readline() != _READY:
            missing = "cannot mount a file system: neither root nor allowed to have user namespaces: "
            missing += holder.stderr.read().decode().strip().rpartition("\n")[2]
            if os.environ.get("CI") == "true":
                pytest.fail(missing)
            pytest.skip(missing)
        try:
            yield SmallDisk(directory, holder.pid)
        finally:
            holder.stdin.close()


def _mount(directory: str, size_bytes: str) -> None:
    user_id, group_id = os.geteuid(), os.getegid()
    _call("unshare", _NEW_MOUNTS if user_id == 0 else _NEW_MOUNTS | _NEW_USER)
    if user_id != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user_id} {user_id} 1")
        Path("/proc/self/gid_map").write_text(f"{group_id} {group_id} 1")
    # What is mounted from here on is nobody else's business.
    _call("mount", b"none", b"/", None, _PRIVATE_RECURSIVELY, None)
    _call("mount", b"tmpfs", directory.encode(), b"tmpfs", 0, f"size={size_bytes}".encode())


def _call(name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    _mount(sys.argv[1], sys.argv[2])
    sys.stdout.buffer.write(_READY)
    sys.stdout.flush()
    sys.stdin.read()
