"""What kind of picture a file is, and where photos are found. Pure."""

import re
from collections.abc import Iterable
from uuid import UUID

from regulars.features.photos.model import PhotoName, PhotoPurpose, WrittenPhoto

CONTENT_TYPES = {"jpg": "image/jpeg", "webp": "image/webp"}
"""What photos are kept as: JPEG, and WebP for pictures that one can see through."""

MIME_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
"""What photos may come as, by Pillow's names."""

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NAME = re.compile(rf"({_UUID})(\.thumbnail)?\.(jpg|webp)", re.ASCII)
_ADDRESS = re.compile(r"(?:https?://[^/?#]+)?/photos/([^/?#]+)")


def picture_format(received: bytes) -> str | None:
    """Pillow's name of the format, judged by the first bytes alone; None for anything else.

    What a name or a header claims is not asked: an HTML page named .jpg is an HTML page.
    """
    if received.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if received.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if received.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if received.startswith(b"RIFF") and received[8:12] == b"WEBP":
        return "WEBP"
    return None


def photo_name(photo: WrittenPhoto, *, thumbnail: bool = False) -> str:
    """The last part of the photo's address, such as `0192….jpg` or `0192….thumbnail.jpg`."""
    return f"{photo.photo_id}{'.thumbnail' if thumbnail else ''}.{photo.extension}"


def read_photo_name(name: str) -> PhotoName | None:
    """What `photo_name` wrote; None for any other text, so that no path can be smuggled in."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    return PhotoName(UUID(match[1]), match[3], is_thumbnail=match[2] is not None)


def photo_path(photo: WrittenPhoto, *, thumbnail: bool = False) -> str:
    """The address of a photo on this server: it stays the same for ever."""
    return f"/photos/{photo_name(photo, thumbnail=thumbnail)}"


def photo_at(url: str | None) -> UUID | None:
    """The photo that an address on this or any server names; None when it names none."""
    match = _ADDRESS.fullmatch(url or "")
    name = read_photo_name(match[1]) if match else None
    return name.photo_id if name else None


def file_path(purpose: PhotoPurpose, name: PhotoName) -> str:
    """Where the store keeps the file. The folder in between keeps folders small."""
    thumbnail = ".thumbnail" if name.is_thumbnail else ""
    return f"{purpose}/{str(name.photo_id)[-2:]}/{name.photo_id}{thumbnail}.{name.extension}"


def file_paths(photo: WrittenPhoto) -> tuple[str, str]:
    """Where the store keeps a photo and its thumbnail."""
    full = PhotoName(photo.photo_id, photo.extension)
    return file_path(photo.purpose, full), file_path(
        photo.purpose, PhotoName(photo.photo_id, photo.extension, is_thumbnail=True)
    )


def photo_of_file(path: str) -> UUID | None:
    """The photo that a path in the store belongs to; None for files that are not ours."""
    parts = path.split("/")
    name = read_photo_name(parts[-1])
    if name is None or len(parts) != 3 or parts[0] not in set(PhotoPurpose):
        return None
    return name.photo_id


def paths_without_photo(paths: Iterable[str], known: set[UUID]) -> list[str]:
    """Those of the paths that are ours and whose photo is not known."""
    return [path for path in paths if (photo_id := photo_of_file(path)) is not None and photo_id not in known]
