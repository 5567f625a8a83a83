"""The statements by which photos are used within a bigger transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from regulars.db.arrays import plain_array
from regulars.db.parameters import parameters
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.photos.model import Photo, PhotoPurpose

_COLUMNS = (
    "program_id", "photo_id", "purpose", "extension", "width", "height", "size_bytes",
    "thumbnail_size_bytes", "owner_id", "created_at", "used_at", "original_name", "received_mime_type",
    "received_bytes",
)  # fmt: skip

# Locked in the order of their ids, so that two claims of the same photos cannot block each other.
LOCK = Statement("""
select program_id, photo_id, purpose, extension, width, height, size_bytes, thumbnail_size_bytes,
    owner_id, created_at, used_at, original_name, received_mime_type, received_bytes
from photos
where program_id = %(program_id)s and photo_id = any(%(photo_ids)s::uuid[])
order by photo_id
for no key update
""")

USE = Statement("""
update photos set used_at = %(now)s
where program_id = %(program_id)s and photo_id = any(%(photo_ids)s::uuid[])
""")


def send_lock(pipeline: Pipeline, program_id: int, photo_ids: Sequence[UUID]) -> Sent:
    """Those of the photos that the program has, until the end of the transaction nobody else's to use."""
    return pipeline.send(LOCK, _keys(program_id, photo_ids))


def photos_in(sent: Sent) -> dict[UUID, Photo]:
    """What was found, by id."""
    rows = [dict(zip(_COLUMNS, row, strict=True)) for row in sent.rows]
    photos = [Photo(**{**row, "purpose": PhotoPurpose(row["purpose"])}) for row in rows]
    return {photo.photo_id: photo for photo in photos}


def send_use(pipeline: Pipeline, program_id: int, photo_ids: Sequence[UUID], now: datetime) -> None:
    """The photos, which are locked, are used from now on."""
    pipeline.send(USE, _keys(program_id, photo_ids) | parameters(now=now))


def _keys(program_id: int, photo_ids: Sequence[UUID]) -> dict[str, bytes | None]:
    ids = plain_array(map(str, sorted(set(photo_ids))))
    return parameters(program_id=program_id, photo_ids=ids)
