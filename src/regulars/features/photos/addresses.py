"""Addresses of photos that not everybody may see: signed, and good for an hour.

Whoever has one sees the photo, so none is ever made for a stranger. The purpose, the name and the moment at
which it ends are signed together, with a key of this purpose alone.
"""

import hmac
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta

from regulars.base.refusals import Refused
from regulars.features.photos.model import PhotoPurpose, WrittenPhoto
from regulars.features.photos.rules import photo_name

LOAN_PHOTOS = "/uploads/loan-photo"
"""What addresses of loan photos begin with, below the server's own."""
LIFETIME = timedelta(hours=1)
ROUND_SECONDS = 300
"""Addresses end at whole five minutes, so that those made within a while are the same to a browser."""
_EXPIRES_DIGITS_MAX = 12


class AddressBook:
    """Makes and reads the addresses of photos under the server's secret key."""

    def __init__(self, secret_key: str | bytes) -> None:
        secret = secret_key.encode() if isinstance(secret_key, str) else secret_key
        assert secret, "the server's secret key is empty"
        self._key = hmac.digest(secret, b"regulars/photos/address/1", "sha256")

    def address_of(self, photo: WrittenPhoto, *, thumbnail: bool, now: datetime) -> str:
        """The path and query under which the photo is shown for an hour, or a few minutes more."""
        name = photo_name(photo, thumbnail=thumbnail)
        ends = int((now + LIFETIME).timestamp())
        expires = -(-ends // ROUND_SECONDS) * ROUND_SECONDS
        signature = self._signature(photo.purpose, name, str(expires))
        return f"{LOAN_PHOTOS}/{name}?expires={expires}&signature={signature}"

    def require(
        self, name: str, expires: str | None, signature: str | None, *, purpose: PhotoPurpose, now: datetime
    ) -> None:
        """Passes an address that was made here and has not ended. Raises Refused("photo_address_invalid")."""
        if expires is None or signature is None or not _is_number(expires):
            raise Refused("photo_address_invalid")
        right = self._signature(purpose, name, expires)
        if not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")):
            raise Refused("photo_address_invalid")
        if int(expires) <= now.timestamp():
            raise Refused("photo_address_invalid")

    def _signature(self, purpose: PhotoPurpose, name: str, expires: str) -> str:
        message = "\n".join((purpose, name, expires)).encode("utf-8", "replace")
        return urlsafe_b64encode(hmac.digest(self._key, message, "sha256")).rstrip(b"=").decode()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _EXPIRES_DIGITS_MAX
