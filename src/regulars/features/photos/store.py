"""The SQL of photos."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import kwargs_row

from regulars.db.database import Connection
from regulars.features.photos.model import Photo, PhotoPurpose, ReceivedPhoto, UnusedPhotos, WrittenPhoto

INSERT = """
insert into photos (
    program_id, photo_id, purpose, extension, width, height, size_bytes, thumbnail_size_bytes,
    owner_id, created_at, original_name, received_mime_type, received_bytes
)
values (
    %(program_id)s, %(photo_id)s, %(purpose)s, %(extension)s, %(width)s, %(height)s, %(size_bytes)s,
    %(thumbnail_size_bytes)s, %(owner_id)s, %(now)s, %(original_name)s, %(received_mime_type)s,
    %(received_bytes)s
)
returning program_id, photo_id, purpose, extension, width, height, size_bytes,
    thumbnail_size_bytes, owner_id, created_at, used_at, original_name, received_mime_type, received_bytes
"""

SELECT = """
select program_id, photo_id, purpose, extension, width, height, size_bytes,
    thumbnail_size_bytes, owner_id, created_at, used_at, original_name, received_mime_type, received_bytes
from photos
where program_id = %(program_id)s and photo_id = any(%(photo_ids)s::uuid[])
"""

SELECT_KNOWN = "select photo_id from photos where photo_id = any(%(photo_ids)s::uuid[])"

# Whoever records a photo under a quota has this lock until the end of the transaction, which is short.
LOCK_QUOTA = "select pg_advisory_xact_lock(hashtextextended('regulars/photos/' || %(program_id)s, 0))"

COUNT_UNUSED = """
select count(*) filter (where owner_id is not distinct from %(owner_id)s::uuid), count(*),
    min(created_at) filter (where owner_id is not distinct from %(owner_id)s::uuid), min(created_at)
from photos
where program_id = %(program_id)s and purpose = %(purpose)s and used_at is null and created_at > %(since)s
"""

KEEP = """
update photos set used_at = %(now)s
where program_id = %(program_id)s and photo_id = %(photo_id)s and used_at is null
"""

# Rows are locked in the order of their ids, so that two claims of the same photos cannot block each other.
CLAIM = """
with claimable as (
    select photo_id as claimed_id
    from photos
    where program_id = %(program_id)s
        and photo_id = any(%(photo_ids)s::uuid[])
        and purpose = %(purpose)s
        and owner_id is not distinct from %(owner_id)s::uuid
        and used_at is null
    order by photo_id
    for update
)
update photos set used_at = %(now)s
from claimable
where program_id = %(program_id)s and photo_id = claimed_id
returning program_id, photo_id, purpose, extension, width, height, size_bytes,
    thumbnail_size_bytes, owner_id, created_at, used_at, original_name, received_mime_type, received_bytes
"""

DELETE_OF_OWNER = """
delete from photos
where program_id = %(program_id)s and owner_id = %(owner_id)s
returning program_id, photo_id, purpose, extension, width, height, size_bytes,
    thumbnail_size_bytes, owner_id, created_at, used_at, original_name, received_mime_type, received_bytes
"""

# Rows that a request is using at this moment are left to the next sweep.
DELETE_UNUSED = """
delete from photos
where (program_id, photo_id) in (
    select program_id, photo_id
    from photos
    where used_at is null and created_at < %(before)s
    order by created_at
    limit %(limit)s
    for update skip locked
)
returning program_id, photo_id, purpose, extension, width, height, size_bytes,
    thumbnail_size_bytes, owner_id, created_at, used_at, original_name, received_mime_type, received_bytes
"""


async def insert(
    connection: Connection,
    program_id: int,
    written: WrittenPhoto,
    owner_id: UUID | None,
    received: ReceivedPhoto | None,
    now: datetime,
) -> Photo:
    """The photo as it was stored."""
    values = {
        "program_id": program_id,
        "photo_id": written.photo_id,
        "purpose": written.purpose,
        "extension": written.extension,
        "width": written.width,
        "height": written.height,
        "size_bytes": written.size_bytes,
        "thumbnail_size_bytes": written.thumbnail_size_bytes,
        "owner_id": owner_id,
        "original_name": received.original_name if received else None,
        "received_mime_type": received.mime_type if received else None,
        "received_bytes": received.size_bytes if received else None,
        "now": now,
    }
    return (await _photos(connection, INSERT, values))[0]


async def select(connection: Connection, program_id: int, photo_ids: Sequence[UUID]) -> list[Photo]:
    """Those that exist, in no order."""
    return await _photos(connection, SELECT, {"program_id": program_id, "photo_ids": list(photo_ids)})


async def select_known(connection: Connection, photo_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the ids that some program has a photo under."""
    cursor = await connection.execute(SELECT_KNOWN, {"photo_ids": list(photo_ids)})
    return {photo_id for (photo_id,) in await cursor.fetchall()}


async def lock_quota(connection: Connection, program_id: int) -> None:
    """Waits until nobody else records a photo under the program's quota; it is ours until the commit."""
    await connection.execute(LOCK_QUOTA, {"program_id": program_id})


async def count_unused(
    connection: Connection, program_id: int, purpose: PhotoPurpose, owner_id: UUID | None, since: datetime
) -> UnusedPhotos:
    """Those of the purpose that were uploaded after `since` and that nothing uses."""
    values = {"program_id": program_id, "purpose": purpose, "owner_id": owner_id, "since": since}
    row = await (await connection.execute(COUNT_UNUSED, values)).fetchone()
    assert row is not None
    return UnusedPhotos(*row)


async def keep(connection: Connection, program_id: int, photo_id: UUID, now: datetime) -> None:
    """The photo, if there is one, is used from now on."""
    await connection.execute(KEEP, {"program_id": program_id, "photo_id": photo_id, "now": now})


async def claim(
    connection: Connection,
    program_id: int,
    photo_ids: Sequence[UUID],
    purpose: PhotoPurpose,
    owner_id: UUID | None,
    now: datetime,
) -> list[Photo]:
    """Those that fit and were unused until now, in no order."""
    values = {
        "program_id": program_id,
        "photo_ids": list(photo_ids),
        "purpose": purpose,
        "owner_id": owner_id,
        "now": now,
    }
    return await _photos(connection, CLAIM, values)


async def delete_of_owner(connection: Connection, program_id: int, owner_id: UUID) -> list[Photo]:
    """What was deleted."""
    return await _photos(connection, DELETE_OF_OWNER, {"program_id": program_id, "owner_id": owner_id})


async def delete_unused(connection: Connection, before: datetime, limit: int) -> list[Photo]:
    """What was deleted: photos of any program that are older than `before` and were never used."""
    return await _photos(connection, DELETE_UNUSED, {"before": before, "limit": limit})


async def _photos(connection: Connection, statement: LiteralString, values: dict[str, Any]) -> list[Photo]:
    async with connection.cursor(row_factory=kwargs_row(_photo)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchall()


def _photo(*, purpose: str, **columns: Any) -> Photo:
    return Photo(purpose=PhotoPurpose(purpose), **columns)
