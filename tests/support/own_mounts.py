"""Mounts that only some processes see, in a namespace that a process holds which does nothing else.

Root makes one, and so does an ordinary user where the kernel lets users have namespaces. Others run a command
in it through `nsenter`, and see its files through `/proc`. When the last of these processes ends, the kernel
takes it away.
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
_BIND = 0x00001000
_PRIVATE_RECURSIVELY = 0x00040000 | 0x00004000
_READY = b"mounted\n"


class OwnMounts:
    """A namespace with mounts of its own; `prefix` goes before a command that is to run in it."""

    def __init__(self, holder: int) -> None:
        self.prefix = ["nsenter", f"--target={holder}", "--mount"]
        if os.geteuid() != 0:
            self.prefix += ["--user", "--preserve-credentials"]
        self.root = Path(f"/proc/{holder}/root")
        """Its files, as everybody else sees them."""


@contextmanager
def own_mounts(module: str, *arguments: str) -> Iterator[OwnMounts]:
    """The namespace of a module that mounts what its arguments say and then calls `hold`. The test is skipped
    where nobody may mount anything, and in CI it fails: there somebody may."""
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as holder:
        assert holder.stdin and holder.stdout and holder.stderr
        if holder.stdout.readline() != _READY:
            missing = "cannot mount a file system: neither root nor allowed to have user namespaces: "
            missing += holder.stderr.read().decode().strip().rpartition("\n")[2]
            if os.environ.get("CI") == "true":
                pytest.fail(missing)
            pytest.skip(missing)
        try:
            yield OwnMounts(holder.pid)
        finally:
            holder.stdin.close()


def leave_the_mounts_of_others() -> None:
    """What this process mounts from here on is nobody else's business."""
    user_id, group_id = os.geteuid(), os.getegid()
    _call("unshare", _NEW_MOUNTS if user_id == 0 else _NEW_MOUNTS | _NEW_USER)
    if user_id != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user_id} {user_id} 1")
        Path("/proc/self/gid_map").write_text(f"{group_id} {group_id} 1")
    _call("mount", b"none", b"/", None, _PRIVATE_RECURSIVELY, None)


def mount_memory(directory: str, size_bytes: str) -> None:
    """The directory is an empty file system of this size."""
    _call("mount", b"tmpfs", directory.encode(), b"tmpfs", 0, f"size={size_bytes}".encode())


def mount_file(file: str, place: str) -> None:
    """The file is also the one that was there at the place."""
    _call("mount", file.encode(), place.encode(), None, _BIND, None)


def hold() -> None:
    """Says that all is mounted, and returns when nobody needs it any more."""
    sys.stdout.buffer.write(_READY)
    sys.stdout.flush()
    sys.stdin.read()


def _call(name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
