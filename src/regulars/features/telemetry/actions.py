"""Counting verbs: a buffer in each process, added up in the database, and the summary of it all."""

import asyncio
import logging
import math
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

from regulars.base.clock import Clock, utc_now
from regulars.db.database import Connection, Database, DatabaseUnavailable
from regulars.features.telemetry import rules, store
from regulars.features.telemetry.model import CoreHealth

FLUSH_DELAY_SECONDS = 0.2
FLUSH_DELAY_SECONDS_MAX = 15.0
"""How long a database that does not answer is left alone between two tries."""
KEYS_MAX = 10_000
"""How many different counts wait at most; further ones are dropped, those that wait keep counting."""
NAME_LENGTH_MAX = 100

_logger = logging.getLogger(__name__)

Key = tuple[int, str, str]


class _Tally:
    """What one key has come to since the last flush."""

    __slots__ = ("count", "duration_seconds", "since")

    def __init__(self, since: datetime) -> None:
        self.count = 0
        self.duration_seconds = 0.0
        self.since = since


class Telemetry:
    """Counts the verbs that this process answers.

    Nothing polls: the first count after a flush sets a timer, and all that follow until it fires go
    along. What a process counted in its last 0.2 s is lost when it is killed, nothing else is.
    Use it from the event loop's thread.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock = utc_now,
        flush_delay_seconds: float = FLUSH_DELAY_SECONDS,
    ) -> None:
        self.dropped = 0
        self._database = database
        self._clock = clock
        self._flush_delay_seconds = flush_delay_seconds
        self._retry_delay_seconds = flush_delay_seconds
        self._tallies: dict[Key, _Tally] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[bool] | None = None
        self._lock = asyncio.Lock()
        self._closed = False

    def record(
        self,
        program_id: int,
        verb: str,
        duration_seconds: float,
        failure: str | None = None,
    ) -> None:
        """Counts one call of a verb; `failure` is its error code, None for success. Never raises."""
        try:
            tally = self._tallies.get((program_id, verb, failure or ""))
            if tally is None:
                tally = self._new_tally(program_id, verb, failure or "")
            tally.duration_seconds += duration_seconds
            tally.count += 1
        except Exception:
            # Whatever is wrong with a count, the request that it counts has been answered.
            self.dropped += 1

    async def flush(self) -> bool:
        """Whether everything recorded before the call is in the database now.

        When the database is away the counts are kept and tried again later.
        """
        async with self._lock:
            taken, self._tallies = self._tallies, {}
            if not taken:
                return True
            try:
                async with self._database.transaction() as connection:
                    await store.add_counts(connection, _rows(taken))
            except DatabaseUnavailable:
                self._keep(taken)
                return False
            except asyncio.CancelledError:
                self._keep(taken)
                raise
            except Exception:
                # What the database refuses now it would refuse for ever, and the buffer would only grow.
                self.dropped += sum(tally.count for tally in taken.values())
                _logger.exception(
                    "the database refused the counts of %d verbs; they are dropped",
                    len(taken),
                )
                return False
            self._retry_delay_seconds = self._flush_delay_seconds
            return True

    async def close(self) -> None:
        """Stops the timer and stores what is left, as far as the database answers."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not await self.flush():
            _logger.warning("the last counts of %d verbs could not be stored", len(self._tallies))

    def _new_tally(self, program_id: int, verb: str, failure: str) -> _Tally:
        if len(self._tallies) >= KEYS_MAX:
            raise OverflowError("too many different counts")
        tally = _Tally(self._clock())
        self._tallies[(program_id, verb, failure)] = tally
        self._set_timer(self._flush_delay_seconds)
        return tally

    def _set_timer(self, delay_seconds: float) -> None:
        if self._timer is not None or self._closed:
            return
        # Outside an event loop there is nobody to wake: such counts go along with the next flush.
        with suppress(RuntimeError):
            self._timer = asyncio.get_running_loop().call_later(delay_seconds, self._start_flush)

    def _start_flush(self) -> None:
        self._timer = None
        self._flushing = asyncio.get_running_loop().create_task(self.flush())

    def _keep(self, taken: dict[Key, _Tally]) -> None:
        """Puts back what could not be stored, under what has been counted since, and waits longer."""
        recent, self._tallies = self._tallies, taken
        for key, tally in recent.items():
            kept = taken.setdefault(key, tally) if len(taken) < KEYS_MAX else taken.get(key)
            if kept is None:
                self.dropped += tally.count
            elif kept is not tally:
                kept.count += tally.count
                kept.duration_seconds += tally.duration_seconds
        self._retry_delay_seconds = min(self._retry_delay_seconds * 2, FLUSH_DELAY_SECONDS_MAX)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._set_timer(self._retry_delay_seconds)


async def core_health(
    connection: Connection, program_id: int, *, verbs: Collection[str] | None = None
) -> CoreHealth:
    """How these verbs of a program (None: all) fare, added up over all processes and restarts.

    What the other processes counted in the last 0.2 s is not in it; a caller that wants its own
    process's counts in it awaits `Telemetry.flush` first.
    """
    return rules.summarise(await store.select_counts(connection, program_id, verbs))


def _rows(tallies: dict[Key, _Tally]) -> list[store.AddedCount]:
    return [
        store.AddedCount(
            program_id=program_id,
            verb=_storable(verb),
            failure=_storable(failure),
            count=tally.count,
            duration_microseconds_total=_microseconds(tally.duration_seconds),
            since=tally.since,
        )
        for (program_id, verb, failure), tally in tallies.items()
        if tally.count
    ]


def _microseconds(seconds: float) -> int:
    return max(0, round(seconds * 1_000_000)) if math.isfinite(seconds) else 0


def _storable(name: str) -> str:
    """The name as PostgreSQL can hold it, cut to a sensible length."""
    return name[:NAME_LENGTH_MAX].encode(errors="replace").decode().replace("\0", "")
