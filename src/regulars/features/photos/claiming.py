"""Photos that are used within a bigger transaction, for which they are asked together with the rest."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from regulars.base.refusals import Refused
from regulars.db.pipeline import Pipeline
from regulars.features.photos import store_claims
from regulars.features.photos.model import Photo, PhotoPurpose


class PhotoClaim:
    """Photos that are asked for, and nobody else's to use until the end of the transaction."""

    def __init__(self, pipeline: Pipeline, program_id: int, photo_ids: Sequence[UUID]) -> None:
        self._pipeline, self._program_id, self._photo_ids = pipeline, program_id, photo_ids
        self._sent = store_claims.send_lock(pipeline, program_id, photo_ids)

    def usable(self, *, purpose: PhotoPurpose, owner_id: UUID | None) -> list[Photo]:
        """The photos in the order asked for, once the pipeline was flushed.

        Raises Refused as `actions.claim_photos` does: `photo_not_found` when one does not exist,
        `photo_not_usable` when one was used before, is named twice, is somebody else's, or was sent for
        another purpose; both with `photo_ids`.
        """
        found = store_claims.photos_in(self._sent)
        unknown = [photo_id for photo_id in self._photo_ids if photo_id not in found]
        if unknown:
            raise Refused("photo_not_found", photo_ids=unknown)
        photos = [found[photo_id] for photo_id in self._photo_ids]
        wrong = [
            photo.photo_id
            for photo in photos
            if photo.used_at is not None or (photo.purpose, photo.owner_id) != (purpose, owner_id)
        ]
        if wrong or len(found) < len(photos):
            raise Refused("photo_not_usable", photo_ids=wrong)
        return photos

    def use(self, now: datetime) -> None:
        """The photos are used if the transaction commits."""
        store_claims.send_use(self._pipeline, self._program_id, self._photo_ids, now)
