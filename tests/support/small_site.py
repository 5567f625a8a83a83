"""A site whose whole data directory, PostgreSQL and photos included, lies on a disk that can be filled."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil

from tests.support.server_process import until_dead
from tests.support.site import Site
from tests.support.small_disk import SmallDisk, small_disk

DATABASE_DISK_BYTES = 220 * 2**20


class SmallSite(msgspec.Struct, frozen=True):
    """A site on a disk that can be filled."""

    site: Site
    disk: SmallDisk


@contextmanager
def small_site(model: Site) -> Iterator[SmallSite]:
    """A copy of the site on a small disk."""
    # Short, because PostgreSQL's socket lies in it.
    with tempfile.TemporaryDirectory(prefix="regulars-disk-") as name:
        directory = Path(name).resolve()
        directory.chmod(0o711)
        with small_disk(directory, DATABASE_DISK_BYTES) as disk:
            subprocess.run([*disk.prefix, "cp", "-a", f"{model.directory}/.", name], check=True)
            yield SmallSite(Site(directory, model.keys, tuple(disk.prefix)), disk)
            _stop_postgres(disk)


def _stop_postgres(disk: SmallDisk) -> None:
    """Ends what a test that failed has left running."""
    lock = disk.seen / "postgres" / "postmaster.pid"
    if lock.exists():
        postmaster = psutil.Process(int(lock.read_text().split()[0]))
        postmaster.terminate()
        until_dead([postmaster])
