"""The zip that a pass is. The images are the same in all passes of a venue, and are packed once for all."""

import io
import zipfile
from collections.abc import Mapping

from msgspec import Struct

# The time in the archive says nothing, and one that stands still keeps equal passes equal.
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Packed(Struct, frozen=True):
    """The beginning of an archive, and what its end has to list of it."""

    data: bytes
    entries: list[zipfile.ZipInfo]


def pack(files: Mapping[str, bytes]) -> Packed:
    """An archive's first files. Images are compressed already, and the rest of a pass is small."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zipped:
        _add(zipped, files)
        return Packed(archive.getvalue(), zipped.infolist())


def archive_of(first: Packed, files: Mapping[str, bytes]) -> bytes:
    """The archive with these files after the first ones. Packing all took a third of the time."""
    archive = io.BytesIO(first.data)
    archive.seek(0, io.SEEK_END)
    # An archive may begin anywhere in its file; this one begins at the end, and lists what was there before.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zipped:
        zipped.filelist.extend(first.entries)
        _add(zipped, files)
    return archive.getvalue()


def _add(zipped: zipfile.ZipFile, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        zipped.writestr(zipfile.ZipInfo(name, _EPOCH), data)
