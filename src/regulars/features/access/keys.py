"""Keys: how they are made, recognised and stored. Pure; nothing here is ever logged.

A key is 64 random characters (380 bits), so a keyed hash is enough: there is nothing to guess that a slow
password hash would protect, and a slow hash would cost every request.
"""

import hmac
import re
import secrets
import string

KEY_LENGTH = 64
PREFIX_LENGTH = 12
BROUGHT_KEY_LENGTH_MIN = 16
KEY_LENGTH_MAX = 512

_ALPHABET = string.ascii_letters + string.digits
_GENERATED = re.compile(r"[A-Za-z0-9]{64}", re.ASCII)


def generate_key() -> str:
    """A new key: 64 characters of [A-Za-z0-9], from the operating system's random numbers."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(KEY_LENGTH))


def is_plausible(key: str) -> bool:
    """Whether a key of this length can exist; others are refused without asking the database."""
    return BROUGHT_KEY_LENGTH_MIN <= len(key) <= KEY_LENGTH_MAX


def is_well_formed_to_bring(key: str) -> bool:
    """Whether a key from an earlier deployment can be taken over: 16 to 512 visible ASCII characters."""
    return is_plausible(key) and key.isascii() and key.isprintable() and " " not in key


class KeyHasher:
    """Turns keys into what is stored of them, under the server's secret key.

    Each purpose has a key of its own, derived from the secret key, so that a digest made for one
    purpose says nothing about another.
    """

    def __init__(self, secret_key: str | bytes) -> None:
        secret = secret_key.encode() if isinstance(secret_key, str) else secret_key
        assert secret, "the server's secret key is empty"
        self._digest_key = hmac.digest(secret, b"regulars credential digest", "sha256")
        self._prefix_key = hmac.digest(secret, b"regulars credential prefix", "sha256")

    def digest(self, key: str) -> bytes:
        """The HMAC-SHA-256 of the key (32 bytes), which is all that is stored of its secret part."""
        return hmac.digest(self._digest_key, _encoded(key), "sha256")

    def prefix_of_brought_key(self, key: str) -> str:
        """The look-up prefix of a key that was brought along: derived, so that it gives nothing away.

        Such keys may be short or begin alike, so their first characters neither are unique nor may
        be stored as they are. "~" keeps these prefixes apart from those of generated keys.
        """
        return "~" + hmac.digest(self._prefix_key, _encoded(key), "sha256")[:12].hex()

    def prefixes(self, key: str) -> list[str]:
        """Every look-up prefix under which this key may be stored."""
        brought = self.prefix_of_brought_key(key)
        return [key[:PREFIX_LENGTH], brought] if _GENERATED.fullmatch(key) else [brought]


def same_digest(one: bytes, other: bytes) -> bool:
    """Whether two digests are equal, found in a time that does not depend on where they differ."""
    return hmac.compare_digest(one, other)


def _encoded(key: str) -> bytes:
    # A header can carry what is not text; it must not match anything, and must not raise either.
    return key.encode("utf-8", "surrogatepass")
