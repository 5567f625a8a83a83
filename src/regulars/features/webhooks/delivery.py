"""Deliveries that are due are made: each endpoint that has some gets a line of its own."""

import asyncio
import logging

from regulars.base.clock import Clock
from regulars.db.database import Database, DatabaseUnavailable
from regulars.features.webhooks import store_deliveries
from regulars.features.webhooks.line import Line, Tools
from regulars.features.webhooks.network import Network
from regulars.features.webhooks.outcomes import Outcomes
from regulars.features.webhooks.sealing import SecretSeal
from regulars.features.webhooks.sending import SECONDS_MAX

CHANNEL = "regulars_webhooks"
"""Where the database says that something may be due."""

LINES_MAX = 256
"""So many endpoints are told at once by one process; another one waits until the first of them is through."""

CLAIMS_AT_ONCE = 2
LOOK_SECONDS_MAX = 60.0
"""So long nobody looks for what is due if nothing is heard. Leases of others may run out meanwhile."""

AFTER_FAILURE_SECONDS = 2.0
AFTER_NOTHING_SECONDS = 0.1

_logger = logging.getLogger(__name__)

Key = store_deliveries.Key


class Deliveries:
    """Tells endpoints of events, in this event loop. Any number of processes may do so at once.

    Nothing is sent inside a transaction. What is due is taken for as long as a lease runs, which is longer
    than sending can last; a process that is killed in between leaves it to others. So an event may come
    twice, and then has the same id.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        seal: SecretSeal,
        network: Network,
        *,
        seconds_max: float = SECONDS_MAX,
    ) -> None:
        claims = asyncio.Semaphore(CLAIMS_AT_ONCE)
        self._tools = Tools(database, clock, seal, network, Outcomes(database, clock), claims, seconds_max)
        self._lines: dict[Key, asyncio.Task[int]] = {}
        self._news = asyncio.Event()
        self._attempts = 0

    def wake(self) -> None:
        """Something may be due."""
        self._news.set()

    async def run(self) -> None:
        """Goes on until it is cancelled; what is under way then is left to its lease. It outlives outages."""
        try:
            while True:
                self._news.clear()
                await self._wait(await self._start_lines_or_retry())
        finally:
            lines = [*self._lines.values()]
            for line in lines:
                line.cancel()
            await asyncio.gather(*lines, return_exceptions=True)

    async def run_until_nothing_is_due(self) -> int:
        """How many attempts it took until nothing was due. Raises DatabaseUnavailable."""
        before = self._attempts
        while True:
            await self._start_lines()
            if not self._lines:
                return self._attempts - before
            await asyncio.wait(self._lines.values())

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            pass

    async def _start_lines_or_retry(self) -> float:
        try:
            return await self._start_lines()
        except DatabaseUnavailable as error:
            _logger.warning("webhooks wait for the database (%s)", type(error.__cause__ or error).__name__)
            return AFTER_FAILURE_SECONDS

    async def _start_lines(self) -> float:
        """In how many seconds something will be due for an endpoint that is not being told already."""
        free = LINES_MAX - len(self._lines)
        if free <= 0:
            return LOOK_SECONDS_MAX
        async with self._tools.claims, self._tools.database.connection() as connection:
            found = await store_deliveries.next_due(connection, self._lines.keys(), free + 1)
        now = self._tools.clock()
        for program_id, endpoint_id, due_at in found[:free]:
            if due_at > now:
                return min((due_at - now).total_seconds(), LOOK_SECONDS_MAX)
            self._start((program_id, endpoint_id))
        return LOOK_SECONDS_MAX

    def _start(self, key: Key) -> None:
        line = asyncio.create_task(Line(self._tools, *key).run())
        self._lines[key] = line
        line.add_done_callback(lambda ended: self._end(key, ended))

    def _end(self, key: Key, ended: asyncio.Task[int]) -> None:
        del self._lines[key]
        if ended.cancelled():
            return
        # What came for the endpoint while its line was ending, or was left by one that failed, has not been
        # looked for yet. A line that found nothing may have met rows that somebody holds locked, and is not
        # begun again in the same moment.
        seconds = AFTER_FAILURE_SECONDS
        error = ended.exception()
        if error is None:
            self._attempts += ended.result()
            seconds = 0.0 if ended.result() else AFTER_NOTHING_SECONDS
        elif isinstance(error, DatabaseUnavailable):
            _logger.warning("webhooks of endpoint %d wait for the database", key[1])
        else:
            _logger.error("webhooks of endpoint %d failed", key[1], exc_info=error)
        asyncio.get_running_loop().call_later(seconds, self._news.set)
