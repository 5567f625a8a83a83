"""Secrets that are kept and read again: encrypted (AES-GCM) with a key made from the server's own."""

import hmac
from os import urandom

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Seal:
    """The key of one server for one purpose. What was sealed with another one is unreadable for ever."""

    def __init__(self, secret_key: str, purpose: str) -> None:
        secret = secret_key.encode()
        assert len(secret) >= 16, "the secret key is too short to encrypt with"
        self._cipher = AESGCM(hmac.digest(secret, purpose.encode(), "sha256"))

    def seal(self, text: str, owner: bytes) -> bytes:
        """The text, readable only with this key and only as something of this owner."""
        nonce = urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), owner)

    def unseal(self, sealed: bytes, owner: bytes) -> str | None:
        """The text; None for what was sealed with another key or for another owner, or was never sealed."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner).decode()
        except (InvalidTag, ValueError):
            return None
