"""All that goes from this process to one endpoint. A slow one delays no other."""

import asyncio
from uuid import UUID, uuid4

from msgspec import Struct

from regulars.base.clock import Clock
from regulars.db.database import Database
from regulars.features.webhooks import store_deliveries
from regulars.features.webhooks.line_round import LEASE, ROUND_SECONDS_MAX, Round
from regulars.features.webhooks.model_delivery import Job, Target
from regulars.features.webhooks.network import Network
from regulars.features.webhooks.outcomes import Outcomes
from regulars.features.webhooks.sealing import SecretSeal
from regulars.features.webhooks.sending import SECONDS_MAX, Sender, sender_to

ABREAST_MIN, ABREAST_START, ABREAST_MAX = 1, 4, 16
"""So many requests are under way to one endpoint.

Twice as many after a round in time, one after a late answer. An endpoint that has been slow is asked one
thing at a time, and so takes next to nothing from the others.
"""

JOBS_PER_REQUEST_ABREAST = 8


class Tools(Struct, frozen=True):
    """What lines work with; `seconds_max` is how long an attempt may take.

    `claims` lets a few lines at a time use the database, so that requests find a free connection meanwhile.
    """

    database: Database
    clock: Clock
    seal: SecretSeal
    network: Network
    outcomes: Outcomes
    claims: asyncio.Semaphore
    seconds_max: float = SECONDS_MAX


class _Taken(Struct, frozen=True):
    """What was taken for a round, and when its last attempt may begin, by the event loop's time."""

    lease_id: UUID
    target: Target | None
    jobs: list[Job]
    limit: int
    ends_at: float


class Line:
    """Tells one endpoint what is due, until nothing is."""

    def __init__(self, tools: Tools, program_id: int, endpoint_id: int) -> None:
        self._tools = tools
        self._key = program_id, endpoint_id
        self._abreast = ABREAST_START
        self._sender: Sender | None = None
        self._url: str | None = None
        self._is_over = False

    async def run(self) -> int:
        """How many attempts were made. Raises DatabaseUnavailable; what was taken is left to its lease."""
        attempts = 0
        ahead: asyncio.Task[_Taken] | None = None
        try:
            while True:
                taken = await self._take() if ahead is None else await ahead
                if taken.target is None or not taken.jobs:
                    return attempts
                if self._is_over:
                    # Taken ahead, before the endpoint was disabled.
                    await self._release(taken.lease_id, taken.jobs)
                    return attempts
                # A busy line takes the next round meanwhile, so that its receiver never waits for the
                # database.
                is_busy = self._abreast == ABREAST_MAX and len(taken.jobs) == taken.limit
                ahead = asyncio.create_task(self._take()) if is_busy else None
                attempts += await self._tell(taken, taken.target)
        finally:
            if ahead is not None:
                ahead.cancel()
            await self._hang_up()

    async def _tell(self, taken: "_Taken", target: Target) -> int:
        """How many attempts a round has made; what it had no time for is due again."""
        tools = self._tools
        sender = await self._sender_to(target)
        round_ = Round(tools.outcomes, tools.seal, tools.clock, target, taken.lease_id, sender)
        left = await round_.tell(taken.jobs, self._abreast, taken.ends_at)
        if left:
            await self._release(taken.lease_id, left)
        self._is_over = round_.is_over
        self._abreast = ABREAST_MIN if round_.was_late else min(2 * self._abreast, ABREAST_MAX)
        return len(taken.jobs) - len(left)

    async def _take(self) -> "_Taken":
        lease_id, now = uuid4(), self._tools.clock()
        ends_at = asyncio.get_running_loop().time() + ROUND_SECONDS_MAX
        limit = 1 if self._abreast == ABREAST_MIN else self._abreast * JOBS_PER_REQUEST_ABREAST
        async with self._tools.claims, self._tools.database.connection() as connection:
            target, jobs = await store_deliveries.claim(
                connection, self._key, lease_id, now, now + LEASE, limit
            )
        return _Taken(lease_id, target, jobs, limit, ends_at)

    async def _release(self, lease_id: UUID, jobs: list[Job]) -> None:
        event_ids = [job.event_id for job in jobs]
        async with self._tools.claims, self._tools.database.connection() as connection:
            await store_deliveries.release(connection, self._key, lease_id, event_ids, self._tools.clock())

    async def _sender_to(self, target: Target) -> Sender | None:
        """Who posts there, over the connections that are open; None if webhooks do not go there any more."""
        if self._url != target.url:
            await self._hang_up()
            self._url = target.url
            self._sender = sender_to(self._tools.network, target.url, self._tools.seconds_max)
        return self._sender

    async def _hang_up(self) -> None:
        sender, self._sender = self._sender, None
        if sender is not None:
            await sender.close()
