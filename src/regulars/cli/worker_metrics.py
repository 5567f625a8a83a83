"""Where the worker processes of one server add up their metrics: in memory, never on a disk.

They write through mapped files. On a full disk, the first touch of a page that has no block yet ends the
process with SIGBUS, and so would every successor: a disk that takes no postings any more would take the
whole server down.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from regulars.http.metrics import share_metrics

_MEMORY = Path("/dev/shm")  # noqa: S108
_ROOM_BYTES_MIN = 8 * 2**20


@contextmanager
def shared_metrics(data_directory: Path) -> Iterator[None]:
    """Lets the workers started in the block add up their metrics, in a directory of this server's own.

    What servers on the same data left that were killed is removed.
    """
    prefix = metrics_prefix(data_directory)
    parent = memory_directory()
    for other in parent.glob(f"{prefix}*"):
        process_id = other.name.removeprefix(prefix).partition("-")[0]
        if process_id.isdigit() and not psutil.pid_exists(int(process_id)):
            shutil.rmtree(other, ignore_errors=True)
    # Others may write where this lies, so its name is not to be foreseen.
    own = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=parent))
    share_metrics(own)
    try:
        yield
    finally:
        shutil.rmtree(own, ignore_errors=True)


def metrics_prefix(data_directory: Path) -> str:
    """How the names of all directories begin that servers on this data use; the process id follows."""
    digest = hashlib.sha256(str(data_directory.expanduser().resolve()).encode()).hexdigest()
    return f"regulars-metrics-{digest[:16]}-"


def memory_directory() -> Path:
    """Where the directories lie: in shared memory if there is some to spare, else among temporary files."""
    usable = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
    if usable and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES_MIN:
        return _MEMORY
    return Path(tempfile.gettempdir())
