"""What keeps the secrets of endpoints unreadable in the database, with a key made from the server's own."""

import hmac
from os import urandom

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class SecretSeal:
    """The key of one server. What was sealed under another secret key is unreadable for ever."""

    def __init__(self, secret_key: str) -> None:
        secret = secret_key.encode()
        assert len(secret) >= 16, "the secret key is too short to encrypt with"
        self._cipher = AESGCM(hmac.digest(secret, b"regulars/webhooks/secret/1", "sha256"))

    def seal(self, secret: str, program_id: int, endpoint_id: int) -> bytes:
        """The secret, readable only with this server's key and only as one of this endpoint."""
        nonce = urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), _owner(program_id, endpoint_id))

    def unseal(self, sealed: bytes, program_id: int, endpoint_id: int) -> str | None:
        """The secret that was sealed; None when it was sealed with another key or for another endpoint."""
        try:
            opened = self._cipher.decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _owner(program_id, endpoint_id)
            )
        except InvalidTag:
            return None
        return opened.decode()


def _owner(program_id: int, endpoint_id: int) -> bytes:
    return f"{program_id}/{endpoint_id}".encode()
