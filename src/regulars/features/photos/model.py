"""What the photos feature talks about: what is kept of a photo, and what may be sent."""

from collections.abc import AsyncIterator
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class PhotosUnavailable(Exception):
    """Photos cannot be taken or shown just now; the same request may succeed later."""


class PhotoStorageUnavailable(PhotosUnavailable):
    """The files cannot be written or read: the disk is full, or the storage does not answer."""


class PhotoPurpose(StrEnum):
    """What a photo is for; it decides who may see it."""

    REWARD = "reward"
    """Shown to everybody who knows its address."""
    LOAN = "loan"
    """Shown to those who were given a signed address."""


class PhotoLimits(Struct, frozen=True, kw_only=True):
    """What may be sent, what is kept of it, and what decoding may cost."""

    received_bytes_max: int = 10 * 1024 * 1024
    pixels_max: int = 50_000_000
    side_max: int = 2048
    thumbnail_side_max: int = 600
    decoders: int = 2
    """How many photos are decoded at once, by all processes that share their decoders."""
    waiting_max: int = 8
    """How many more may wait for a decoder, each with its bytes in memory."""
    answer_bytes_max: int = 64 * 1024 * 1024
    """How much is taken from a decoder: more than any photo that it makes has."""
    decoder_cpu_seconds: int = 15
    decoder_wall_seconds: float = 45
    decoder_memory_bytes: int = 1200 * 1024 * 1024
    """Address space. Fifty million pixels of WebP, the hungriest format, take just under 1,000 MiB."""


class DecodedPhoto(Struct, frozen=True):
    """A photo made anew: upright, without metadata, in the size that is kept, and small."""

    extension: str
    width: int
    height: int
    full: bytes
    thumbnail: bytes


class WrittenPhoto(Struct, frozen=True, kw_only=True):
    """A photo whose files are in the store, and of which no row tells yet."""

    photo_id: UUID
    purpose: PhotoPurpose
    extension: str
    width: int
    height: int
    size_bytes: int
    thumbnail_size_bytes: int


class Photo(WrittenPhoto, frozen=True, kw_only=True):
    """A photo. `used_at` is when something first referred to it; unused ones are swept after a day.

    What was received, where it is known: the name that the sender gave it, its type, and its length.
    """

    program_id: int
    owner_id: UUID | None
    created_at: datetime
    used_at: datetime | None
    original_name: str | None = None
    received_mime_type: str | None = None
    received_bytes: int | None = None

    def __repr__(self) -> str:
        # A name of a file may be a person's.
        return f"Photo(program_id={self.program_id}, photo_id={self.photo_id})"


class ReceivedPhoto(Struct, frozen=True):
    """What came of a photo: the sender's name for it, its type by its content, and its length in bytes."""

    original_name: str | None
    mime_type: str | None
    size_bytes: int

    def __repr__(self) -> str:
        # A name of a file may be a person's.
        return f"ReceivedPhoto({self.mime_type!r}, {self.size_bytes})"


class PhotoQuota(Struct, frozen=True):
    """How many photos of one purpose may be uploaded in a day without being used."""

    of_owner_max: int
    of_program_max: int


class UnusedPhotos(Struct, frozen=True):
    """How many photos were uploaded in the past day and are not used yet, and when the oldest was."""

    of_owner: int
    of_program: int
    oldest_of_owner_at: datetime | None
    oldest_of_program_at: datetime | None


class PhotoName(Struct, frozen=True):
    """What the last part of a photo's address says."""

    photo_id: UUID
    extension: str
    is_thumbnail: bool = False


class StoredFile(Struct, frozen=True):
    """A file in the store, by its path there."""

    path: str
    modified_at: datetime


class OpenedFile(Struct, frozen=True):
    """A file being read: its length, and its bytes in pieces. Reading may raise PhotoStorageUnavailable."""

    size_bytes: int
    chunks: AsyncIterator[bytes]


class OpenedPhoto(Struct, frozen=True, kw_only=True):
    """A photo being read: what to declare it as, who may keep it, its length, and its bytes in pieces."""

    content_type: str
    cache_control: str
    size_bytes: int
    chunks: AsyncIterator[bytes]


class Swept(Struct, frozen=True):
    """How many photos that nothing used, and how many files without a photo, were deleted."""

    photos: int
    files: int
