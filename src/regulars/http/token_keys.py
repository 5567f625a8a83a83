"""The public keys that bearer tokens are checked with, fetched from their issuers' servers and remembered.

An issuer publishes its keys as a JSON Web Key Set (RFC 7517). It is asked seldom, whatever tokens callers
send, and what it answers is bounded in size, in number and in time.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import jwt
import msgspec

from regulars.http.failures import FailureKind, RequestRefused

FRESH_SECONDS = 600.0
"""After this long the issuer is asked again."""
KEPT_SECONDS = 3600.0
"""For so long its last answer will do when it cannot be reached."""
ASKED_AGAIN_SECONDS = 10.0
"""A token that names an unknown key has the issuer asked again, but not more often than this."""
FETCH_SECONDS_MAX = 5.0
DOCUMENT_BYTES_MAX = 256 * 1024
KEYS_MAX = 64
SOURCES_MAX = 256
RSA_BITS_MIN = 2048

Fetch = Callable[[str], Awaitable[bytes]]

_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_ALGORITHMS: dict[tuple[str, str | None], frozenset[str]] = {
    ("RSA", None): _RSA,
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
}
"""What a key of a kind may have signed (RFC 7518, section 3.1). Keys with a shared secret are none of ours:
whoever can read a public key could sign with it."""


class TokenKey(msgspec.Struct, frozen=True):
    """A public key, and the algorithms whose signatures it checks."""

    key_id: str | None
    algorithms: frozenset[str]
    public_key: Any


class TokenKeys:
    """The keys of all issuers."""

    def __init__(self, fetch: Fetch, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._sources: OrderedDict[str, _Source] = OrderedDict()

    async def get(self, url: str, key_id: str | None, algorithm: str) -> TokenKey | None:
        """The key at `url` that a token names, or the only one that fits when it names none.

        None when there is no such key. Raises RequestRefused(UNAVAILABLE) while nobody can know, because the
        issuer does not answer and has not for an hour.
        """
        source = self._source(url)
        key = _chosen(source.keys, key_id, algorithm)
        age = self._monotonic() - source.asked_at
        if age >= FRESH_SECONDS or (key is None and age >= ASKED_AGAIN_SECONDS) or source.asking:
            await self._ask(url, source)
            key = _chosen(source.keys, key_id, algorithm)
        if self._monotonic() - source.answered_at >= KEPT_SECONDS:
            raise RequestRefused(FailureKind.UNAVAILABLE)
        return key

    def _source(self, url: str) -> "_Source":
        source = self._sources.setdefault(url, _Source())
        self._sources.move_to_end(url)
        if len(self._sources) > SOURCES_MAX:
            self._sources.popitem(last=False)
        return source

    async def _ask(self, url: str, source: "_Source") -> None:
        """Asks the issuer; a crowd that wants to know asks once. Its failure leaves the keys as they were."""
        if source.asking is None:
            source.asked_at = self._monotonic()
            source.asking = asyncio.create_task(self._load(url, source))
        # One who asked may hang up; the others still wait for the same answer.
        await asyncio.shield(source.asking)

    async def _load(self, url: str, source: "_Source") -> None:
        try:
            source.keys = read_keys(await self._fetch(url))
            source.answered_at = source.asked_at
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError, ValueError):
            return
        finally:
            source.asking = None


class _Source:
    """What is known of one issuer."""

    def __init__(self) -> None:
        self.keys: tuple[TokenKey, ...] = ()
        self.asked_at = self.answered_at = float("-inf")
        self.asking: asyncio.Task[None] | None = None


async def fetch_document(url: str) -> bytes:
    """The document at `url`. Redirects are not followed; one that is too long or too slow is an error.

    Raises httpx2.HTTPError, TimeoutError and ValueError.
    """
    async with (
        asyncio.timeout(FETCH_SECONDS_MAX),
        httpx2.AsyncClient(follow_redirects=False, timeout=FETCH_SECONDS_MAX) as client,
        client.stream("GET", url, headers={"accept": "application/json"}) as answer,
    ):
        answer.raise_for_status()
        document = bytearray()
        async for piece in answer.aiter_bytes():
            document += piece
            if len(document) > DOCUMENT_BYTES_MAX:
                raise ValueError("the key set is too long")
        return bytes(document)


def read_keys(document: bytes) -> tuple[TokenKey, ...]:
    """The keys of a JSON Web Key Set that signatures may be checked with; the others are left out.

    Raises ValueError for what is no key set.
    """
    try:
        keys = msgspec.json.decode(document, type=dict[str, Any])["keys"]
    except (KeyError, RecursionError) as error:
        raise ValueError("not a key set") from error
    if not isinstance(keys, list):
        raise ValueError("not a key set")
    return tuple(key for entry in keys[:KEYS_MAX] if (key := _read_key(entry)) is not None)


def _read_key(entry: Any) -> TokenKey | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    kind, curve, key_id = entry.get("kty"), entry.get("crv"), entry.get("kid")
    if not isinstance(kind, str) or not isinstance(curve, str | None) or not isinstance(key_id, str | None):
        return None
    algorithms = _ALGORITHMS.get((kind, curve), frozenset())
    if "alg" in entry:
        algorithms &= {str(entry["alg"])}
    if not algorithms:
        return None
    try:
        # Only the public part: a set that gives its private keys away by mistake checks just the same.
        public = {name: entry[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in entry}
        key = jwt.PyJWK.from_dict(public, algorithm=min(algorithms)).key
    except (jwt.PyJWTError, TypeError, ValueError):
        return None
    if kind == "RSA" and key.key_size < RSA_BITS_MIN:
        return None
    return TokenKey(key_id, algorithms, key)


def _chosen(keys: tuple[TokenKey, ...], key_id: str | None, algorithm: str) -> TokenKey | None:
    fitting = [key for key in keys if algorithm in key.algorithms and key_id in (None, key.key_id)]
    return fitting[0] if len(fitting) == 1 else None
