"""Addresses on this server that work for an hour without a key. Pure.

An address ends with `{name}?expires={unix seconds}&signature={base64url}`. The signature is the HMAC-SHA-256
of purpose, name and expiry, under a key that is used for nothing else.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta

from regulars.features.photos.model import PhotoPurpose

LIFETIME = timedelta(hours=1)
"""How long an address works at least."""
STEP = timedelta(minutes=5)
"""Addresses that are made within one of these are the same, so that browsers need not load a photo again."""
SECRET_LENGTH_MIN = 16

_KEY_LABEL = b"regulars/photos/address/1"
# One spelling only: ten digits reach until the year 2286.
_QUERY = re.compile(r"expires=([1-9][0-9]{9})&signature=([A-Za-z0-9_-]{43})")


class AddressKey:
    """The key of one server, or of all that share its secret key."""

    def __init__(self, secret_key: str) -> None:
        secret = secret_key.encode()
        assert len(secret) >= SECRET_LENGTH_MIN, "the secret key is too short to sign with"
        self._key = hmac.digest(secret, _KEY_LABEL, "sha256")

    def query(self, purpose: PhotoPurpose, name: str, now: datetime) -> str:
        """What belongs behind the question mark; it works for one hour, and for up to five minutes more."""
        expires = str(expiry(now))
        return f"expires={expires}&signature={self._signature(purpose, name, expires)}"

    def allows(self, purpose: PhotoPurpose, name: str, query: str, now: datetime) -> bool:
        """Whether this query was made for the photo of this name and purpose, and still works.

        `query` is compared as it came, percent signs and all: whatever else stands in it makes it another.
        """
        match = _QUERY.fullmatch(query)
        if match is None:
            return False
        expires, signature = match.groups()
        if not hmac.compare_digest(self._signature(purpose, name, expires), signature):
            return False
        # Clocks of several servers may differ by a step; what lasts longer was made with the clock put wrong.
        return now.timestamp() < int(expires) <= expiry(now + STEP)

    def _signature(self, purpose: PhotoPurpose, name: str, expires: str) -> str:
        signed = f"{purpose}\n{name}\n{expires}".encode()
        return urlsafe_b64encode(hmac.digest(self._key, signed, "sha256")).rstrip(b"=").decode()


def window_of(now: datetime) -> int:
    """The number of the five minutes that `now` lies in."""
    return int(now.timestamp() // STEP.total_seconds())


def expiry(now: datetime) -> int:
    """When an address that is made now ends: an hour after the end of these five minutes, in seconds."""
    return (window_of(now) + 1) * int(STEP.total_seconds()) + int(LIFETIME.total_seconds())
