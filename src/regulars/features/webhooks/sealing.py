"""What keeps the secrets of endpoints unreadable in the database, with a key made from the server's own."""

from regulars.base.sealing import Seal


class SecretSeal:
    """The key of one server. What was sealed under another secret key is unreadable for ever."""

    def __init__(self, secret_key: str) -> None:
        self._seal = Seal(secret_key, "regulars/webhooks/secret/1")

    def seal(self, secret: str, program_id: int, endpoint_id: int) -> bytes:
        """The secret, readable only with this server's key and only as one of this endpoint."""
        return self._seal.seal(secret, _owner(program_id, endpoint_id))

    def unseal(self, sealed: bytes, program_id: int, endpoint_id: int) -> str | None:
        """The secret that was sealed; None when it was sealed with another key or for another endpoint."""
        return self._seal.unseal(sealed, _owner(program_id, endpoint_id))


def _owner(program_id: int, endpoint_id: int) -> bytes:
    return f"{program_id}/{endpoint_id}".encode()
