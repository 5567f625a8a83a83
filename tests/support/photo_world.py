"""A program that keeps photos, for tests that store, use and sweep them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from regulars.db.database import Database
from regulars.features.access.actions import create_program
from regulars.features.photos import actions
from regulars.features.photos.actions import PhotoLibrary
from regulars.features.photos.model import Photo, PhotoPurpose, PhotoQuota
from tests.support.pictures import encoded, quarters

if TYPE_CHECKING:
    from tests.support.photo_stores import PhotoPlace

SECRET_KEY = "the secret key of the server"
NOW = datetime.now(UTC)
PICTURE = encoded(quarters(800, 640), "JPEG")


class PhotoWorld(msgspec.Struct, frozen=True):
    """A library on some place, and a program."""

    library: PhotoLibrary
    place: "Any"
    database: Database
    program_id: int

    @classmethod
    async def open(cls, place: "PhotoPlace", database: Database) -> "PhotoWorld":
        """A library on the place, which is to be closed, and a new program."""
        async with database.transaction() as connection:
            program = await create_program(
                connection, slug="family", name="Family", currency="GBP", time_zone="UTC", now=NOW
            )
        library = PhotoLibrary(place.location, secret_key=SECRET_KEY)
        return cls(library, place, database, program.program_id)

    async def store(
        self,
        *,
        purpose: PhotoPurpose = PhotoPurpose.REWARD,
        owner_id: UUID | None = None,
        quota: PhotoQuota | None = None,
        now: datetime = NOW,
    ) -> Photo:
        """A new photo, stored and known."""
        return await actions.store_photo(
            self.library,
            self.database,
            self.program_id,
            PICTURE,
            purpose=purpose,
            owner_id=owner_id,
            quota=quota,
            now=now,
        )

    async def content(self, name: str, **options: PhotoPurpose) -> bytes | None:
        """What a photo's name stands for."""
        opened = await actions.open_photo(self.library, name, **options)
        if opened is None:
            return None
        received = b"".join([chunk async for chunk in opened.chunks])
        assert len(received) == opened.size_bytes
        return received

    async def known(self, photos: list[Photo]) -> set[UUID]:
        """Those of the photos that the program knows."""
        ids = [photo.photo_id for photo in photos]
        async with self.database.connection() as connection:
            return set(await actions.get_photos(connection, self.program_id, ids))
