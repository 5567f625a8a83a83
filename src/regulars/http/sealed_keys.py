"""Keys that a browser keeps: under a seal that only this server can open, and only for half a day.

Whoever gets hold of such a cookie has no key. It opens what the cookie opens and nothing else, and no
longer than it lives; and as the key is inside, it stops working when the key does.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken

from regulars.base.clock import Clock, utc_now

LIFETIME = timedelta(hours=12)


class SealedKeys:
    """Seals keys, encrypted and signed (Fernet), under a key derived from the server's secret key."""

    def __init__(self, secret_key: str | bytes, *, clock: Clock = utc_now) -> None:
        secret = secret_key.encode() if isinstance(secret_key, str) else secret_key
        derived = hmac.digest(secret, b"regulars seal of a key in a cookie", "sha256")
        self._box = Fernet(urlsafe_b64encode(derived))
        self._clock = clock

    def seal(self, key: str) -> str:
        """The key as a cookie may hold it: letters, digits, - and _."""
        return self._box.encrypt_at_time(key.encode(), self._now()).decode().rstrip("=")

    def opened(self, sealed: str) -> str | None:
        """The key that was sealed, or None for what this server has not sealed in the last 12 hours."""
        padded = sealed + "=" * (-len(sealed) % 4)
        try:
            key = self._box.decrypt_at_time(padded, int(LIFETIME.total_seconds()), self._now()).decode()
        except InvalidToken:
            return None
        # Some bits of the last character mean nothing to base64. Only the spelling that was given out opens.
        spelling = urlsafe_b64encode(urlsafe_b64decode(padded)).decode().rstrip("=")
        return key if spelling == sealed else None

    def _now(self) -> int:
        return int(self._clock().timestamp())
