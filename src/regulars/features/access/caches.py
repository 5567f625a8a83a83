"""Who calls, and what the program and its locations are, answered from memory for at most two seconds."""

import hashlib
import os

from regulars.base.clock import Clock, utc_now
from regulars.base.read_through import ReadThrough
from regulars.db.database import Database
from regulars.features.access import store, store_locations
from regulars.features.access.actions_credentials import find_caller_by_hash
from regulars.features.access.keys import KeyHasher, is_plausible
from regulars.features.access.model import Caller, Location, Program

CALLERS_MAX = 10_000
PROGRAMS_MAX = 1_000
LOCATIONS_MAX = 10_000
SLUG_LIFETIME_SECONDS = 3600.0


class CredentialCache:
    """Resolves keys to callers. What it answers is at most `lifetime_seconds` old, revocations included.

    Neither a key nor what the database stores of it is kept: an entry is found by a digest of the key
    under random bytes that live and die with the process. A dump of the memory gives no key away, the
    time a look-up takes says nothing about one, and the digest costs half a microsecond where the
    HMAC under the server's secret key costs two.
    """

    def __init__(
        self,
        database: Database,
        secret_key: str | bytes,
        lifetime_seconds: float = 2,
        *,
        size_max: int = CALLERS_MAX,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._hasher = KeyHasher(secret_key)
        self._clock = clock
        self._fingerprinter = hashlib.blake2b(key=os.urandom(32), digest_size=16)
        self._callers: ReadThrough[bytes, Caller] = ReadThrough(
            size_max=size_max, lifetime_seconds=lifetime_seconds, absent_lifetime_seconds=lifetime_seconds
        )

    def cached(self, key: str) -> Caller | None:
        """The caller if a recent answer says so, at once; None says nothing: then `await resolve(key)`."""
        return self._callers.cached(self._fingerprint(key))

    async def resolve(self, key: str) -> Caller | None:
        """Who the key stands for, or None for a key that is unknown, expired or revoked.

        Raises DatabaseUnavailable when nothing is remembered and the database does not answer.
        """
        if not is_plausible(key):
            return None
        fingerprint = self._fingerprint(key)
        caller = self._callers.cached(fingerprint)
        if caller is not None:
            return caller
        return await self._callers.get(fingerprint, lambda: self._load(key))

    def _fingerprint(self, key: str) -> bytes:
        fingerprinter = self._fingerprinter.copy()
        fingerprinter.update(key.encode("utf-8", "surrogatepass"))
        return fingerprinter.digest()

    async def _load(self, key: str) -> Caller | None:
        async with self._database.connection() as connection:
            return await find_caller_by_hash(connection, self._hasher, key, self._clock())


class ProgramCache:
    """Programs with their settings, at most `lifetime_seconds` old."""

    def __init__(self, database: Database, lifetime_seconds: float = 2) -> None:
        self._database = database
        self._programs: ReadThrough[int, Program] = ReadThrough(
            size_max=PROGRAMS_MAX, lifetime_seconds=lifetime_seconds
        )
        self._default: ReadThrough[None, int] = ReadThrough(size_max=1, lifetime_seconds=lifetime_seconds)

    def cached(self, program_id: int) -> Program | None:
        """The program if a recent answer has it, at once; None says nothing: then `await get(…)`."""
        return self._programs.cached(program_id)

    async def get(self, program_id: int) -> Program | None:
        """The program, or None when there is none. Raises DatabaseUnavailable."""
        return await self._programs.get(program_id, lambda: self._load(program_id))

    async def default_program_id(self) -> int | None:
        """The program that keyless requests act on in development: the one with the lowest id."""
        return await self._default.get(None, self._load_default)

    def forget(self, program_id: int) -> None:
        """The next reader in this process sees what was committed before this call."""
        self._programs.forget(program_id)

    async def _load(self, program_id: int) -> Program | None:
        async with self._database.connection() as connection:
            return await store.select_program(connection, program_id)

    async def _load_default(self) -> int | None:
        async with self._database.connection() as connection:
            return await store.select_lowest_program_id(connection)


class LocationCache:
    """Locations of all programs, at most `lifetime_seconds` old, whether they are active included."""

    def __init__(self, database: Database, lifetime_seconds: float = 2) -> None:
        self._database = database
        self._locations: ReadThrough[tuple[int, int], Location] = ReadThrough(
            size_max=LOCATIONS_MAX, lifetime_seconds=lifetime_seconds
        )
        # A location keeps its slug for ever, so what a slug stands for may be remembered much longer.
        self._ids: ReadThrough[tuple[int, str], int] = ReadThrough(
            size_max=LOCATIONS_MAX, lifetime_seconds=SLUG_LIFETIME_SECONDS
        )

    def cached(self, program_id: int, location_id: int) -> Location | None:
        """The location if a recent answer has it, at once; None says nothing: then `await get(…)`."""
        return self._locations.cached((program_id, location_id))

    async def get(self, program_id: int, location_id: int) -> Location | None:
        """The program's location, or None when there is none. Raises DatabaseUnavailable."""
        return await self._locations.get(
            (program_id, location_id), lambda: self._load(program_id, location_id)
        )

    async def get_by_slug(self, program_id: int, slug: str) -> Location | None:
        """The program's location with this slug, or None. Raises DatabaseUnavailable."""
        if not slug.isascii() or not slug.isprintable():
            return None
        key = (program_id, slug)
        location_id = self._ids.cached(key) or await self._ids.get(key, lambda: self._load_id(*key))
        if location_id is None:
            return None
        return self.cached(program_id, location_id) or await self.get(program_id, location_id)

    def forget(self, program_id: int, location_id: int) -> None:
        """The next reader in this process sees what was committed before this call."""
        self._locations.forget((program_id, location_id))

    async def _load_id(self, program_id: int, slug: str) -> int | None:
        async with self._database.connection() as connection:
            location = await store_locations.select_location_by_slug(connection, program_id, slug)
        return None if location is None else location.location_id

    async def _load(self, program_id: int, location_id: int) -> Location | None:
        async with self._database.connection() as connection:
            return await store_locations.select_location(connection, program_id, location_id)
