"""Updates that are due are told to the phones: taken, sent, and put down as what became of them.

Nothing is sent inside a transaction. An update is taken for as long as its lease runs, which is longer than
sending can last; a worker that is killed in between leaves it to another one. So a phone may be told twice,
and then finds nothing new.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from regulars.base.clock import Clock
from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.passes import store_jobs, store_registrations
from regulars.features.passes.apple_push import Gone
from regulars.features.passes.carriers import Carriers
from regulars.features.passes.model import Delivery, FaceOf
from regulars.features.passes.model_delivery import Job, Outcome, Registration, Trouble
from regulars.features.passes.rules import next_attempt

LEASE = timedelta(minutes=3)
SENDING_SECONDS_MAX = 60.0
"""For all updates of one round together; those that are not through then have failed this time."""

FACES_AT_ONCE = 4
"""So many faces are looked up side by side, so that requests find a free database connection meanwhile."""

_logger = logging.getLogger(__name__)


async def deliver_due(
    database: Database, carriers: Carriers, face_of: FaceOf, clock: Clock, limit: int = 50
) -> Delivery:
    """What became of the updates that are due, the oldest first, `limit` at most.

    Any number of processes may call it at once; none takes what another has. An update tells the newest
    state of its pass, to Apple's phones that were not told of it and to Google. With nobody to tell it is
    sent. What failed is due again after a delay that grows, or when the other side asked to be asked again.
    """
    lease_id, now = uuid4(), clock()
    async with database.connection() as connection:
        await store_jobs.end_erased(connection, now, limit)
        jobs = await store_jobs.claim(connection, lease_id, now, now + LEASE, limit)
        if not jobs:
            return Delivery(0, 0, 0)
        phones = await store_registrations.select_of_passes(connection, [job.card for job in jobs])
    round_ = _Round(carriers, face_of, phones)
    troubles = await round_.send(jobs)
    outcomes = [_outcome(job, trouble, clock) for job, trouble in zip(jobs, troubles, strict=True)]
    async with database.transaction() as connection:
        if round_.pushed:
            await store_registrations.set_pushed(connection, round_.pushed)
        if round_.gone:
            await store_registrations.forget(connection, round_.gone)
        await store_jobs.finish(connection, lease_id, outcomes, clock())
    failed = sum(trouble is not None for trouble in troubles)
    return Delivery(processed=len(jobs), sent=len(jobs) - failed, failed=failed)


def _outcome(job: Job, trouble: Trouble | None, clock: Clock) -> Outcome:
    program_id, pass_id = job.card.program_id, job.card.pass_id
    if trouble is None:
        return Outcome(program_id, pass_id, None, None)
    due_at = next_attempt(job.attempts, clock(), trouble.retry_seconds)
    _logger.warning("update of pass %s failed, attempt %d: %s", pass_id, job.attempts, trouble.reason)
    return Outcome(program_id, pass_id, trouble.reason[:100], due_at)


class _Round:
    """What is sent together, and which phones took it."""

    def __init__(self, carriers: Carriers, face_of: FaceOf, phones: Sequence[Registration]) -> None:
        self.pushed: list[tuple[Registration, int]] = []
        self.gone: list[Registration] = []
        self._carriers = carriers
        self._face_of = face_of
        self._faces = asyncio.Semaphore(FACES_AT_ONCE)
        self._phones: defaultdict[UUID, list[Registration]] = defaultdict(list)
        for phone in phones:
            self._phones[phone.pass_id].append(phone)

    async def send(self, jobs: Sequence[Job]) -> list[Trouble | None]:
        """For each job None, or what is in its way; all of them side by side."""
        return await asyncio.gather(*(self._send_in_time(job) for job in jobs))

    async def _send_in_time(self, job: Job) -> Trouble | None:
        try:
            async with asyncio.timeout(SENDING_SECONDS_MAX):
                return await self._send(job)
        except TimeoutError:
            return Trouble("took too long")
        except Refused as refusal:
            return Trouble(refusal.code)
        except Exception as error:
            # One pass that cannot be told must not keep the others from it.
            _logger.exception("update of pass %s failed", job.card.pass_id)
            return Trouble(type(error).__name__)

    async def _send(self, job: Job) -> Trouble | None:
        results = await asyncio.gather(
            *(self._push(phone, job) for phone in self._phones[job.card.pass_id]),
            self._tell_google(job),
            return_exceptions=True,
        )
        troubles = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            if result is not None:
                troubles.append(result)
        return max(troubles, key=lambda trouble: trouble.retry_seconds, default=None)

    async def _push(self, phone: Registration, job: Job) -> Trouble | None:
        push_token = self._carriers.apple.keys.unseal(phone.push_token, phone.device)
        if push_token is None:
            # It was sealed with a secret key that is gone, and nobody will ever read it again.
            self.gone.append(phone)
            return None
        try:
            trouble = await self._carriers.apple_push.push(push_token)
        except Gone:
            self.gone.append(phone)
            return None
        if trouble is None:
            self.pushed.append((phone, job.card.sequence))
        return trouble

    async def _tell_google(self, job: Job) -> Trouble | None:
        if not job.google_saved:
            return None
        google = self._carriers.google
        if job.ended:
            return await google.end(job.card)
        async with self._faces:
            face = await self._face_of(job.card)
        return await google.end(job.card) if face is None else await google.update(job.card, face)
