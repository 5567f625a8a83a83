"""Taking photos in, showing them, and sweeping what is left over.

The files are written before the row is committed, so that a photo always has its files. What a request
leaves behind that fails in between, nothing refers to, and `sweep_orphans` deletes it.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.database import Connection, Database
from regulars.features.photos import rules, store
from regulars.features.photos.addresses import address_of, open_photo, opened_at_address
from regulars.features.photos.claiming import PhotoClaim
from regulars.features.photos.library import PhotoLibrary
from regulars.features.photos.model import (
    DecodedPhoto,
    Photo,
    PhotoPurpose,
    PhotoQuota,
    PhotoStorageUnavailable,
    ReceivedPhoto,
    Swept,
    WrittenPhoto,
)
from regulars.features.photos.model_settings import quota_of
from regulars.features.photos.rules import photo_path

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
    "quota_of",
    "received_mime_type",
    "record_photo",
    "refuse_over_quota",
    "store_photo",
    "stored_path",
    "sweep_orphans",
    "write_photo",
]

UNKNOWN_FOR = timedelta(hours=1)
"""How old a file without a row has to be: no request lasts that long."""
SWEEP_CHUNK = 500

_logger = logging.getLogger(__name__)


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


async def refuse_over_quota(
    connection: Connection,
    program_id: int,
    purpose: PhotoPurpose,
    owner_id: UUID | None,
    quota: PhotoQuota,
    now: datetime,
) -> None:
    """Refuses with `photo_quota`, as `record_photo` does, whoever has no room for one more photo.

    It holds nobody up and promises nothing: it spares those the work who would be refused after it.
    """
    unused = await store.count_unused(connection, program_id, purpose, owner_id, now - rules.UNUSED_FOR)
    rules.refuse_over_quota(unused, quota, now)


async def record_photo(
    connection: Connection,
    program_id: int,
    written: WrittenPhoto,
    *,
    owner_id: UUID | None = None,
    received: ReceivedPhoto | None = None,
    quota: PhotoQuota | None = None,
    now: datetime,
) -> Photo:
    """The photo, known to the program. `owner_id` is the member whose photo it is, if it is anybody's.

    `received` is what is to be remembered of the file that came. Refuses with `photo_quota` and
    `retry_after_seconds` when the owner or the program has as many photos that wait to be used as `quota`
    allows; then the files are the caller's to delete. Others that record under a quota wait until this
    transaction ends.
    """
    if quota is not None:
        await store.lock_quota(connection, program_id)
        await refuse_over_quota(connection, program_id, written.purpose, owner_id, quota, now)
    return await store.insert(connection, program_id, written, owner_id, received, now)


async def store_photo(
    library: PhotoLibrary,
    database: Database,
    program_id: int,
    received: bytes,
    *,
    purpose: PhotoPurpose,
    owner_id: UUID | None = None,
    quota: PhotoQuota | None = None,
    now: datetime,
) -> Photo:
    """The photo, written and committed: `write_photo` and `record_photo` for callers that do nothing else.

    Whoever is over the quota is refused before anything is decoded, and leaves no file behind.
    """
    if quota is not None:
        async with database.connection() as connection:
            await refuse_over_quota(connection, program_id, purpose, owner_id, quota, now)
    written = await write_photo(library, received, purpose)
    try:
        async with database.transaction() as connection:
            return await record_photo(
                connection, program_id, written, owner_id=owner_id, quota=quota, now=now
            )
    except Refused:
        await delete_files(library, [written])
        raise


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
    unused_for: timedelta = rules.UNUSED_FOR,
    unknown_for: timedelta = UNKNOWN_FOR,
) -> Swept:
    """Deletes photos that nothing has used in a day, and files that no photo has claimed in an hour.

    Safe beside a running server and beside another sweep, and may be stopped at any point.
    """
    photos = await _sweep_unused(library, database, now - unused_for)
    files = await library.storage.delete_unfinished(now - unknown_for)
    async for listed in library.storage.listing():
        found = rules.photos_of_old_files(listed, now - unknown_for)
        if not found:
            continue
        # Asked after the listing: whatever is known by now has its files, and keeps them.
        async with database.connection() as connection:
            known = await store.select_known(connection, list(found))
        unknown = [path for photo_id, paths in found.items() if photo_id not in known for path in paths]
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
