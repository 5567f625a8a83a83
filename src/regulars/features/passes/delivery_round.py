"""What one round of deliveries sends: all its pushes and messages side by side, as many as it may."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from uuid import UUID

from regulars.base.refusals import Refused
from regulars.features.passes.apple_push import Gone
from regulars.features.passes.carriers import Carriers
from regulars.features.passes.model import FaceOf
from regulars.features.passes.model_delivery import Job, Registration, Trouble

SENDING_SECONDS_MAX = 60.0
"""For all updates of one round together; those that are not through then have failed this time."""

ABREAST = 100
"""So many are told at once, which is what Apple's connection takes: who waits for it may be timed out."""

FACES_AT_ONCE = 4
"""So many faces are looked up side by side, so that requests find a free database connection meanwhile."""

LATE = Trouble("took too long")

_logger = logging.getLogger(__name__)

Telling = tuple[Job, Registration | None]
"""A phone, or Google (None), that is to be told of a job's pass."""


class Round:
    """Sends what was taken together. `pushed` phones took it, `gone` ones do not want to be told again."""

    def __init__(self, carriers: Carriers, face_of: FaceOf) -> None:
        self.pushed: list[tuple[Registration, int]] = []
        self.gone: list[Registration] = []
        self._carriers = carriers
        self._face_of = face_of
        self._faces = asyncio.Semaphore(FACES_AT_ONCE)
        self._open: Counter[UUID] = Counter()
        self._troubles: defaultdict[UUID, list[Trouble]] = defaultdict(list)

    async def send(self, jobs: Sequence[Job]) -> list[Trouble | None]:
        """For each job None, or what is in its way."""
        tellings = [telling for job in jobs for telling in _tellings_of(job)]
        self._open.update(job.card.pass_id for job, _ in tellings)
        waiting = iter(tellings)
        try:
            async with asyncio.timeout(SENDING_SECONDS_MAX), asyncio.TaskGroup() as tellers:
                for _ in range(min(ABREAST, len(tellings))):
                    tellers.create_task(self._tell(waiting))
        except TimeoutError:
            for job, _ in tellings:
                if self._open[job.card.pass_id]:
                    self._troubles[job.card.pass_id].append(LATE)
        return [self._trouble_of(job) for job in jobs]

    def _trouble_of(self, job: Job) -> Trouble | None:
        """The one of whoever wants to be left alone for longest."""
        troubles = self._troubles.get(job.card.pass_id, ())
        return max(troubles, key=lambda trouble: trouble.retry_seconds, default=None)

    async def _tell(self, waiting: Iterator[Telling]) -> None:
        """Tells one after the other, of those that nobody else tells."""
        for job, phone in waiting:
            pass_id = job.card.pass_id
            try:
                trouble = await (self._tell_google(job) if phone is None else self._push(phone, job))
            except Refused as refusal:
                trouble = Trouble(refusal.code)
            except Exception as error:
                # One pass that cannot be told must not keep the others from it.
                _logger.exception("update of pass %s failed", pass_id)
                trouble = Trouble(type(error).__name__)
            if trouble is not None:
                self._troubles[pass_id].append(trouble)
            self._open[pass_id] -= 1

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
        google = self._carriers.google
        if job.ended:
            return await google.end(job.card)
        async with self._faces:
            face = await self._face_of(job.card)
        return await google.end(job.card) if face is None else await google.update(job.card, face)


def _tellings_of(job: Job) -> list[Telling]:
    """Whoever is to be told of the job's pass."""
    phones: list[Telling] = [(job, phone) for phone in job.phones]
    return [*phones, (job, None)] if job.google_saved else phones
