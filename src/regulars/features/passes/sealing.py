"""What keeps phones' names and addresses unreadable in the database, and what phones prove a pass with.

Each purpose has a key of its own, made from the server's secret key. Whoever has the database alone can
neither push to a phone, nor tell which phones there are, nor fetch a pass.
"""

import hmac
from uuid import UUID

from regulars.base.sealing import Seal


class PassKeys:
    """The keys of one server. Another secret key makes all phones strangers, and their passes useless."""

    def __init__(self, secret_key: str) -> None:
        secret = secret_key.encode()
        assert len(secret) >= 16, "the secret key is too short to sign with"
        self._token_key = hmac.digest(secret, b"regulars/passes/authentication/1", "sha256")
        self._device_key = hmac.digest(secret, b"regulars/passes/device/1", "sha256")
        self._push_seal = Seal(secret_key, "regulars/passes/push/1")

    def authentication_token(self, pass_id: UUID) -> str:
        """What a phone has to show for this pass: 64 hexadecimal digits, always the same, stored nowhere."""
        return hmac.digest(self._token_key, pass_id.bytes, "sha256").hex()

    def is_authentic(self, pass_id: UUID, token: str | None) -> bool:
        """Whether the token is the pass's own."""
        expected = self.authentication_token(pass_id)
        return token is not None and token.isascii() and hmac.compare_digest(expected, token)

    def digest(self, device: str) -> bytes:
        """What a phone is found by: 32 bytes."""
        return hmac.digest(self._device_key, device.encode(), "sha256")

    def seal(self, push_token: str, device: bytes) -> bytes:
        """The push token, readable only with this server's key and only as that of this phone."""
        return self._push_seal.seal(push_token, device)

    def unseal(self, sealed: bytes, device: bytes) -> str | None:
        """The push token that was sealed; None when it was sealed with another key or for another phone."""
        return self._push_seal.unseal(sealed, device)
