"""What obstore does not do for files in a directory: making them durable, and bearing with what vanishes."""

import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from regulars.features.photos.model import StoredFile

_UNFINISHED = re.compile(r".+#\d+")
"""What obstore names a file that it has not finished writing."""


def make_durable(root: Path, paths: Sequence[str]) -> None:
    """Waits until the files and the names that lead to them are on the disk.

    A row that is committed survives a power cut, so its files have to, and obstore does not see to it.
    """
    files = [root / path for path in paths]
    for file in files:
        _sync(file)
    if os.name == "nt":
        return
    folders = {folder for file in files for folder in file.parents if folder.is_relative_to(root)}
    for folder in sorted(folders, reverse=True):
        _sync(folder)


def finished_files(root: Path) -> list[StoredFile]:
    """Every file that is there as a whole, by its path below `root`."""
    return [
        StoredFile(file.relative_to(root).as_posix(), modified_at)
        for file, modified_at in _files(root)
        if not _UNFINISHED.fullmatch(file.name)
    ]


def delete_unfinished(root: Path, before: datetime) -> int:
    """How many files were deleted that somebody began to write before that time, and never finished."""
    deleted = 0
    for file, modified_at in _files(root):
        if _UNFINISHED.fullmatch(file.name) and modified_at < before:
            file.unlink(missing_ok=True)
            deleted += 1
    return deleted


def _files(root: Path) -> Iterator[tuple[Path, datetime]]:
    """Files and when they were written, without those that vanish while they are looked at."""
    for folder, _, names in os.walk(root, onerror=_raise_unless_vanished):
        for name in names:
            file = Path(folder, name)
            try:
                modified = file.stat().st_mtime
            except FileNotFoundError:
                continue
            yield file, datetime.fromtimestamp(modified, UTC)


def _raise_unless_vanished(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _sync(path: Path) -> None:
    # Windows lets only a file be synced that is open for writing.
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
