"""Taking photos in, showing them, and sweeping what is left over.

The files are written before the row is committed, so that a photo always has its files. What a request
leaves behind that fails in between, nothing refers to, and `sweep_orphans` deletes it.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.database import Connection, Database
from regulars.features.photos import rules, store
from regulars.features.photos.addresses import AddressBook
from regulars.features.photos.claiming import PhotoClaim
from regulars.features.photos.decoder import PhotoDecoder
from regulars.features.photos.model import (
    DecodedPhoto,
    OpenedPhoto,
    Photo,
    PhotoLimits,
    PhotoPurpose,
    PhotoStorageUnavailable,
    ReceivedPhoto,
    Swept,
    WrittenPhoto,
)
from regulars.features.photos.rules import photo_path
from regulars.features.photos.storage import PhotoStorage

__all__ = [
    "PhotoClaim",
    "PhotoLibrary",
    "address_of",
    "claim_photos",
    "delete_files",
    "forget_photos_of",
    "get_photos",
    "keep_photo_at",
    "open_photo",
    "opened_at_address",
    "photo_of",
    "photo_path",
    "received_mime_type",
    "record_photo",
    "store_photo",
    "stored_path",
    "sweep_orphans",
    "write_photo",
]

UNUSED_FOR = timedelta(days=1)
UNKNOWN_FOR = timedelta(hours=1)
"""How old a file without a row has to be: no request lasts that long."""
SWEEP_CHUNK = 500

_logger = logging.getLogger(__name__)


class PhotoLibrary:
    """The decoder and the files. Costs nothing until the first photo."""

    def __init__(
        self,
        location: str | Path,
        limits: PhotoLimits | None = None,
        *,
        secret_key: str | None = None,
    ) -> None:
        self.limits = limits or PhotoLimits()
        self.addresses = AddressBook(secret_key) if secret_key is not None else None
        self.decoder = PhotoDecoder(self.limits)
        self.storage = PhotoStorage(location)

    def close(self) -> None:
        """Ends what is still being decoded."""
        self.decoder.close()


async def write_photo(library: PhotoLibrary, received: bytes, purpose: PhotoPurpose) -> WrittenPhoto:
    """The photo, decoded, made anew and written to the store; `record_photo` makes it known.

    Takes no connection, because decoding may last seconds. Refusals: those of `PhotoDecoder.decode`
    (`photo_too_large`, `photo_type_unsupported`, `photo_too_many_pixels`, `photo_damaged`). Raises
    PhotosUnavailable when too many wait, PhotoStorageUnavailable when the files cannot be written.
    """
    written, files = photo_of(await library.decoder.decode(received), purpose)
    await library.storage.write(files)
    return written


def photo_of(decoded: DecodedPhoto, purpose: PhotoPurpose) -> tuple[WrittenPhoto, dict[str, bytes]]:
    """A new photo, and its files by where the store keeps them, which are not written yet."""
    photo = WrittenPhoto(
        photo_id=new_id(),
        purpose=purpose,
        extension=decoded.extension,
        width=decoded.width,
        height=decoded.height,
        size_bytes=len(decoded.full),
        thumbnail_size_bytes=len(decoded.thumbnail),
    )
    full_path, thumbnail_path = rules.file_paths(photo)
    return photo, {full_path: decoded.full, thumbnail_path: decoded.thumbnail}


async def record_photo(
    connection: Connection,
    program_id: int,
    written: WrittenPhoto,
    *,
    owner_id: UUID | None = None,
    received: ReceivedPhoto | None = None,
    now: datetime,
) -> Photo:
    """The photo, known to the program. `owner_id` is the member whose photo it is, if it is anybody's.

    `received` is what is to be remembered of the file that came.
    """
    return await store.insert(connection, program_id, written, owner_id, received, now)


async def store_photo(
    library: PhotoLibrary,
    database: Database,
    program_id: int,
    received: bytes,
    *,
    purpose: PhotoPurpose,
    owner_id: UUID | None = None,
    now: datetime,
) -> Photo:
    """The photo, written and committed: `write_photo` and `record_photo` for callers that do nothing else."""
    written = await write_photo(library, received, purpose)
    async with database.transaction() as connection:
        return await record_photo(connection, program_id, written, owner_id=owner_id, now=now)


async def open_photo(
    library: PhotoLibrary, name: str, *, purpose: PhotoPurpose = PhotoPurpose.REWARD
) -> OpenedPhoto | None:
    """The photo or thumbnail that the last part of an address names, being read; None when there is none.

    Only photos of this purpose are found: whoever asks for another one than REWARD checks first who is
    asking. A name always stands for the same bytes, so that browsers may keep them for ever.
    """
    parsed = rules.read_photo_name(name)
    if parsed is None:
        return None
    opened = await library.storage.open(rules.file_path(purpose, parsed))
    if opened is None:
        return None
    return OpenedPhoto(rules.CONTENT_TYPES[parsed.extension], opened.size_bytes, opened.chunks)


def address_of(library: PhotoLibrary, photo: WrittenPhoto, *, thumbnail: bool, now: datetime) -> str:
    """Where a browser sees a photo that not everybody may see: a signed address, good for an hour.

    Below the server's own address where it begins with a slash.
    """
    assert library.addresses is not None, "the library was opened without a key to sign with"
    return library.addresses.address_of(photo, thumbnail=thumbnail, now=now)


async def opened_at_address(
    library: PhotoLibrary, name: str, *, expires: str | None, signature: str | None, now: datetime
) -> OpenedPhoto | None:
    """The photo of a loan at an address of `address_of`, being read; None when it is there no longer.

    Raises Refused("photo_address_invalid") for an address that was not made here or has ended, whether there
    is such a photo or not, and PhotoStorageUnavailable.
    """
    assert library.addresses is not None, "the library was opened without a key to sign with"
    library.addresses.require(name, expires, signature, purpose=PhotoPurpose.LOAN, now=now)
    return await open_photo(library, name, purpose=PhotoPurpose.LOAN)


def received_mime_type(received: bytes) -> str | None:
    """What kind of picture this is, judged by its first bytes; None for anything else."""
    return rules.MIME_TYPES.get(rules.picture_format(received) or "")


def stored_path(photo: WrittenPhoto) -> str:
    """Where the store keeps the photo, which is the same for ever."""
    return rules.file_paths(photo)[0]


async def get_photos(connection: Connection, program_id: int, photo_ids: Sequence[UUID]) -> dict[UUID, Photo]:
    """Those of the photos that the program has, by id."""
    return {photo.photo_id: photo for photo in await store.select(connection, program_id, photo_ids)}


async def keep_photo_at(connection: Connection, program_id: int, url: str | None, *, now: datetime) -> None:
    """Keeps the photo that an address names from being swept; other addresses are none of our business."""
    photo_id = rules.photo_at(url)
    if photo_id is not None:
        await store.keep(connection, program_id, photo_id, now)


async def claim_photos(
    connection: Connection,
    program_id: int,
    photo_ids: Sequence[UUID],
    *,
    purpose: PhotoPurpose,
    owner_id: UUID | None,
    now: datetime,
) -> list[Photo]:
    """The photos in the order asked for, each used once and now.

    Refusals: `photo_not_found` when one does not exist, `photo_not_usable` when one was used before, is
    somebody else's, or was sent for another purpose; both with `photo_ids`.
    """
    claimed = await store.claim(connection, program_id, photo_ids, purpose, owner_id, now)
    by_id = {photo.photo_id: photo for photo in claimed}
    lacking = [photo_id for photo_id in photo_ids if photo_id not in by_id]
    if lacking:
        existing = await get_photos(connection, program_id, lacking)
        unknown = [photo_id for photo_id in lacking if photo_id not in existing]
        if unknown:
            raise Refused("photo_not_found", photo_ids=unknown)
        raise Refused("photo_not_usable", photo_ids=lacking)
    return [by_id[photo_id] for photo_id in photo_ids]


async def forget_photos_of(connection: Connection, program_id: int, owner_id: UUID) -> list[Photo]:
    """The photos of a member, no longer known. After the commit, hand them to `delete_files`."""
    return await store.delete_of_owner(connection, program_id, owner_id)


async def delete_files(library: PhotoLibrary, photos: Sequence[WrittenPhoto]) -> None:
    """Deletes the files of photos that are no longer known.

    Never raises PhotosUnavailable: what it follows is committed, and files that stay are swept later.
    """
    try:
        await library.storage.delete([path for photo in photos for path in rules.file_paths(photo)])
    except PhotoStorageUnavailable:
        _logger.warning("the files of %d photos stay until the next sweep", len(photos), exc_info=True)


async def sweep_orphans(
    library: PhotoLibrary,
    database: Database,
    *,
    now: datetime,
    unused_for: timedelta = UNUSED_FOR,
    unknown_for: timedelta = UNKNOWN_FOR,
) -> Swept:
    """Deletes photos that nothing has used in a day, and files that no photo has claimed in an hour.

    Safe beside a running server and beside another sweep, and may be stopped at any point.
    """
    photos = await _sweep_unused(library, database, now - unused_for)
    files = await library.storage.delete_unfinished(now - unknown_for)
    async for listed in library.storage.listing():
        old = [file.path for file in listed if file.modified_at < now - unknown_for]
        ids = {photo_id for path in old if (photo_id := rules.photo_of_file(path)) is not None}
        if not ids:
            continue
        async with database.connection() as connection:
            known = await store.select_known(connection, list(ids))
        unknown = rules.paths_without_photo(old, known)
        await library.storage.delete(unknown)
        files += len(unknown)
    return Swept(photos, files)


async def _sweep_unused(library: PhotoLibrary, database: Database, before: datetime) -> int:
    swept = 0
    while True:
        async with database.transaction() as connection:
            photos = await store.delete_unused(connection, before, SWEEP_CHUNK)
        await delete_files(library, photos)
        swept += len(photos)
        if len(photos) < SWEEP_CHUNK:
            return swept
