"""The decoder, the files, and the key of addresses, which live as long as the process."""

from pathlib import Path

from regulars.features.photos.decoder import PhotoDecoder
from regulars.features.photos.model import PhotoLimits
from regulars.features.photos.signing import AddressKey
from regulars.features.photos.storage import PhotoStorage


class PhotoLibrary:
    """What photos are taken in and shown with. Costs nothing until the first photo.

    `secret_key` is the server's, and needed by nobody but those who make addresses that expire or open photos
    at such ones. Libraries that name the same directory as `decoders_shared_in` decode no more photos at once
    between them than the limits of one allow.
    """

    def __init__(
        self,
        location: str | Path,
        limits: PhotoLimits | None = None,
        *,
        secret_key: str | None = None,
        decoders_shared_in: Path | None = None,
    ) -> None:
        self.limits = limits or PhotoLimits()
        self.decoder = PhotoDecoder(self.limits, shared_in=decoders_shared_in)
        self.storage = PhotoStorage(location)
        self._address_key = None if secret_key is None else AddressKey(secret_key)

    @property
    def address_key(self) -> AddressKey:
        """What addresses on this server are signed with."""
        assert self._address_key is not None, "this library was opened without the server's secret key"
        return self._address_key

    def close(self) -> None:
        """Ends what is still being decoded."""
        self.decoder.close()
