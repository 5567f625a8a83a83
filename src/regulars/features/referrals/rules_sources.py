"""Who, behind which device, at which address: as keyed hashes, which can be compared and not be undone.

The key is derived from the server's own secret, and the program is part of what is hashed: nothing can be
looked up by trying all addresses, and nobody can be followed from one program to another.
"""

import hmac
import re
from functools import lru_cache
from ipaddress import ip_address, ip_network

_HASH_BYTES = 16
_SITE_BITS = 64
"""So much of an IPv6 address is one customer's of a network."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


class SourceHashes:
    """Hashes what one program is told of people, devices and addresses."""

    def __init__(self, secret_key: str, program_id: int) -> None:
        self._key = _derived(secret_key)
        self._program_id = program_id

    def person(self, user_id: str) -> bytes:
        """The shop's id of a user, in whatever spelling."""
        return self._hash("person", plain_id(user_id))

    def device(self, fingerprint: str | None) -> bytes | None:
        """What the shop, or a browser, says of a device; None for nothing."""
        plain = (fingerprint or "").strip()
        return self._hash("device", plain) if plain else None

    def address(self, address: str | None) -> bytes | None:
        """An address, of which the part counts that is one customer's, or the shop's own hash of one."""
        plain = (address or "").strip()
        return self._hash("address", _site_of(plain)) if plain else None

    def _hash(self, kind: str, value: str) -> bytes:
        text = f"{self._program_id}\0{kind}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, "sha256")[:_HASH_BYTES]


def plain_id(text: str) -> str:
    """An id of the shop's as it is compared: UUIDs are the same in either case."""
    text = text.strip()
    return text.lower() if _UUID.fullmatch(text) else text


@lru_cache(maxsize=8)
def _derived(secret_key: str) -> bytes:
    return hmac.digest(secret_key.encode(), b"regulars sources of referrals", "sha256")


def _site_of(text: str) -> str:
    try:
        parsed = ip_address(text)
    except ValueError:
        return text
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed), _SITE_BITS), strict=False))
