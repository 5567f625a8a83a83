"""The disk of the photos is full: a loan's photo is there as a whole or not at all, and later ones are."""

from pathlib import Path

import pytest

from regulars.features.photos.storage_directory import finished_files
from tests.support.photo_writer import photo_writer
from tests.support.small_disk import SmallDisk, small_disk

DISK_BYTES = 4 * 2**20
PAGE_BYTES = 4096


def files_on(disk: SmallDisk) -> list[str]:
    """Everything on it, what is unfinished too."""
    found = [path for path in disk.seen.rglob("*") if path.is_file() and path.name != "ballast"]
    return sorted(str(path.relative_to(disk.seen)) for path in found)


@pytest.mark.parametrize("room", [0.0, 0.5, 1.0])
def test_photos_of_loans_on_a_full_disk(tmp_path: Path, room: float) -> None:
    """Without any room, with room for half of the picture, or for all but its thumbnail."""
    with small_disk(tmp_path, DISK_BYTES) as disk, photo_writer(str(tmp_path), disk.prefix) as writer:
        kept = writer.write()
        assert isinstance(kept, list) and files_on(disk) == sorted(kept)
        largest = max((disk.seen / path).stat().st_size for path in kept)
        content = {path: (disk.seen / path).read_bytes() for path in kept}
        disk.fill(leave_bytes=int(largest * room) // PAGE_BYTES * PAGE_BYTES + round(room) * PAGE_BYTES)
        for _ in range(5):
            assert writer.write() == "PhotoStorageUnavailable"
        assert files_on(disk) == sorted(kept)
        assert {path: (disk.seen / path).read_bytes() for path in kept} == content
        disk.clear()
        after = writer.write()
        assert isinstance(after, list) and files_on(disk) == sorted([*kept, *after])
        assert len(finished_files(disk.seen)) == 4


def test_a_disk_that_fills_up_while_photos_come(tmp_path: Path) -> None:
    """Until there is no room for one more; those before it are whole."""
    with small_disk(tmp_path, DISK_BYTES) as disk, photo_writer(str(tmp_path), disk.prefix) as writer:
        disk.fill(leave_bytes=40 * PAGE_BYTES)
        written: list[str] = []
        while isinstance(paths := writer.write(), list):
            written += paths
        assert paths == "PhotoStorageUnavailable"
        assert written and files_on(disk) == sorted(written)
