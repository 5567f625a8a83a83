"""The pictures of the demo's garments, as the photo library keeps what is uploaded."""

import asyncio
from collections.abc import Sequence

import msgspec

from regulars.demo.stores.drawing import picture_of
from regulars.demo.stores.garments import Garment, View
from regulars.features.photos.actions import photo_of
from regulars.features.photos.model import (
    DecodedPhoto,
    PhotoLimits,
    PhotoPurpose,
    ReceivedPhoto,
    WrittenPhoto,
)

_SIDE_BY_SIDE = 2


class Picture(msgspec.Struct, frozen=True):
    """A picture as it was received, and what the library made of it."""

    received: ReceivedPhoto
    decoded: DecodedPhoto


class PictureBook:
    """Draws and decodes each picture once, however many loans show it: every loan has photos of its own."""

    def __init__(self, limits: PhotoLimits) -> None:
        self._limits = limits
        self._pictures: dict[tuple[Garment, View], Picture] = {}

    async def draw(self, wanted: Sequence[tuple[Garment, View]]) -> None:
        """Has these pictures ready."""
        waiting = iter([key for key in dict.fromkeys(wanted) if key not in self._pictures])

        async def lane() -> None:
            for key in waiting:
                self._pictures[key] = await asyncio.to_thread(_picture, *key, self._limits)

        async with asyncio.TaskGroup() as group:
            for _ in range(_SIDE_BY_SIDE):
                group.create_task(lane())

    def photo_of(self, garment: Garment, view: View) -> tuple[WrittenPhoto, ReceivedPhoto, dict[str, bytes]]:
        """A new photo, what was received of it, and its files, which are not written yet."""
        picture = self._pictures[garment, view]
        photo, files = photo_of(picture.decoded, PhotoPurpose.LOAN)
        return photo, picture.received, files


def _picture(garment: Garment, view: View, limits: PhotoLimits) -> Picture:
    """Decoded here and not in a process of its own: this one comes from nobody else."""
    from regulars.features.photos import decoding

    drawn = picture_of(garment, view)
    told = {"format": "JPEG", "side_max": limits.side_max, "thumbnail_side_max": limits.thumbnail_side_max}
    head, (full, thumbnail) = decoding.decode(drawn, told)
    decoded = DecodedPhoto(head["extension"], head["width"], head["height"], full, thumbnail)
    return Picture(ReceivedPhoto(garment.file_name(view), "image/jpeg", len(drawn)), decoded)
