"""Members' ids by handle and origins' ids, answered from memory."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from uuid import UUID

from regulars.base.gathered_lookup import GatheredLookup
from regulars.base.read_through import ReadThrough
from regulars.db.database import Database, DatabaseUnavailable
from regulars.features.members import origins, rules, store

HANDLES_MAX = 50_000
ORIGINS_MAX = 10_000

WAIT_SECONDS_MAX = 10.0
"""How long a reader waits; a frozen database would hold a look-up, and those behind it, for longer."""

WAITING_MAX = 20_000
"""How many look-ups may wait before new ones are turned away, so that a stopped database costs no memory."""


class HandleCache:
    """Members' ids by handle, the 50,000 used last.

    A handle stays its member's for life, so an answer goes wrong only by erasure. A posting may use one of
    any age, for the ledger refuses a closed account: whoever meets that calls `forget` and asks again. For
    all other readers the lifetime puts an end to it. Unknown handles are not remembered: they may be
    enrolled at any moment.
    """

    def __init__(
        self,
        database: Database,
        *,
        size_max: int = HANDLES_MAX,
        lifetime_seconds: float = 60,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._member_ids: ReadThrough[tuple[int, str], UUID] = ReadThrough(
            size_max=size_max, lifetime_seconds=lifetime_seconds, monotonic=monotonic
        )
        self._lookups: dict[int, GatheredLookup[str, UUID]] = {}

    def cached(self, program_id: int, handle: str) -> UUID | None:
        """The member's id if it is remembered, at once, for a handle in the spelling that is stored.

        None says nothing: then `await member_id(…)`.
        """
        return self._member_ids.cached((program_id, handle))

    def cached_for_posting(self, program_id: int, handle: str) -> UUID | None:
        """The same, but however old: for a posting and nothing else, since only the ledger knows better."""
        return self._member_ids.cached_however_old((program_id, handle))

    async def member_id(self, program_id: int, handle: str) -> UUID | None:
        """The id of the member with this handle, in whatever spelling, or None when there is none.

        Raises DatabaseUnavailable.
        """
        cleaned = rules.clean_handle(handle)
        if cleaned is None:
            return None
        try:
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                return await self._member_ids.get(
                    (program_id, cleaned), lambda: self._look_up(program_id, cleaned)
                )
        except TimeoutError as error:
            raise DatabaseUnavailable(f"no answer after {WAIT_SECONDS_MAX:g} s") from error

    def forget(self, program_id: int, handle: str) -> None:
        """The next reader in this process sees what was committed before this call."""
        cleaned = rules.clean_handle(handle)
        if cleaned is not None:
            self._member_ids.forget((program_id, cleaned))

    def _look_up(self, program_id: int, handle: str) -> "asyncio.Future[UUID | None]":
        lookup = self._lookups.get(program_id)
        if lookup is None:
            lookup = self._lookups[program_id] = GatheredLookup(partial(self._load, program_id))
        if lookup.waiting_count >= WAITING_MAX:
            raise DatabaseUnavailable("too many look-ups wait for the database")
        return lookup.get(handle)

    async def _load(self, program_id: int, handles: Sequence[str]) -> dict[str, UUID]:
        async with self._database.connection() as connection:
            return await store.select_ids_by_handle(connection, program_id, handles)


class OriginCache:
    """Origins' ids, so that a device that calls all day costs one statement a day and process."""

    def __init__(self, database: Database, *, size_max: int = ORIGINS_MAX) -> None:
        self._database = database
        # Two days: an entry belongs to one day and is of no use after it.
        self._origin_ids: ReadThrough[tuple[int, date, str, str], UUID] = ReadThrough(
            size_max=size_max, lifetime_seconds=2 * 24 * 60 * 60
        )

    async def origin_id(
        self, program_id: int, address: str | None, user_agent: str | None, now: datetime
    ) -> UUID:
        """The id to keep with what this request does; the origin itself is committed before it is given.

        Raises DatabaseUnavailable.
        """
        cut_address = (address or "")[: rules.ADDRESS_LENGTH_MAX]
        cut_agent = (user_agent or "")[: rules.USER_AGENT_LENGTH_MAX]
        key = (program_id, now.astimezone(UTC).date(), cut_address, cut_agent)
        origin_id = await self._origin_ids.get(key, lambda: self._load(program_id, address, user_agent, now))
        assert origin_id is not None
        return origin_id

    async def _load(
        self, program_id: int, address: str | None, user_agent: str | None, now: datetime
    ) -> UUID | None:
        async with self._database.connection() as connection:
            return await origins.remember_origin(connection, program_id, address, user_agent, now)
