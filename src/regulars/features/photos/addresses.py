"""How photos are shown: under addresses that last for ever, and under such as expire."""

from datetime import datetime

from regulars.base.refusals import Refused
from regulars.features.photos import rules
from regulars.features.photos.library import PhotoLibrary
from regulars.features.photos.model import OpenedPhoto, PhotoPurpose, WrittenPhoto
from regulars.features.photos.signing import LIFETIME, STEP, window_of

LOAN_PHOTOS = "/uploads/loan-photo"
"""What this server's addresses begin with, before the name of the photo."""


def address_of(
    library: PhotoLibrary, photo: WrittenPhoto, *, thumbnail: bool, now: datetime, public_url: str = ""
) -> str:
    """Where a browser finds the photo or its thumbnail for the next hour, without a key.

    In object storage that is the storage's own address, complete and signed by it. Else it is a path below
    `public_url`, which `opened_at_address` opens. Addresses made within five minutes are the same. Nobody is
    asked over the network. Raises PhotoStorageUnavailable when the storage cannot sign.
    """
    if library.storage.signs_addresses:
        full, small = rules.file_paths(photo)
        return library.storage.address(
            small if thumbnail else full, lifetime=LIFETIME + STEP, window=window_of(now)
        )
    name = rules.photo_name(photo, thumbnail=thumbnail)
    return f"{public_url}{LOAN_PHOTOS}/{name}?{library.address_key.query(photo.purpose, name, now)}"


async def opened_at_address(
    library: PhotoLibrary,
    name: str,
    query: str,
    *,
    purpose: PhotoPurpose = PhotoPurpose.LOAN,
    now: datetime,
) -> OpenedPhoto | None:
    """The photo or thumbnail at an address that `address_of` made, being read; None when it is gone.

    `name` and `query` are the parts of the address as they came, before and after the question mark, not yet
    taken apart: parameters that come twice, or that nobody made, are to be noticed. Refuses
    with `photo_address_invalid` what was not made here, for this purpose, or no longer works: then nobody
    looks whether the photo exists. Raises PhotoStorageUnavailable.
    """
    is_ours = rules.read_photo_name(name) is not None
    if not is_ours or not library.address_key.allows(purpose, name, query, now):
        raise Refused("photo_address_invalid")
    return await open_photo(library, name, purpose=purpose)


async def open_photo(
    library: PhotoLibrary, name: str, *, purpose: PhotoPurpose = PhotoPurpose.REWARD
) -> OpenedPhoto | None:
    """The photo or thumbnail that the last part of an address names, being read; None when there is none.

    Only photos of this purpose are found: whoever asks for another one than REWARD checks first who is
    asking. A name always stands for the same bytes, so that browsers may keep them.
    """
    parsed = rules.read_photo_name(name)
    if parsed is None:
        return None
    opened = await library.storage.open(rules.file_path(purpose, parsed))
    if opened is None:
        return None
    return OpenedPhoto(
        content_type=rules.CONTENT_TYPES[parsed.extension],
        cache_control=rules.CACHE_CONTROL[purpose],
        size_bytes=opened.size_bytes,
        chunks=opened.chunks,
    )
