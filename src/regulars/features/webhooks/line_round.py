"""What was taken for one endpoint is told, several events side by side, and put down after each answer."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID

from regulars.base.clock import Clock
from regulars.features.webhooks import rules
from regulars.features.webhooks.model_delivery import Answer, Job, Outcome, Target, Verdict
from regulars.features.webhooks.outcomes import Outcomes
from regulars.features.webhooks.sealing import SecretSeal
from regulars.features.webhooks.sending import Sender
from regulars.features.webhooks.signing import body_of, headers_of

LEASE = timedelta(seconds=60)
"""Who was killed in the middle leaves what it had taken to others after so long."""

ROUND_SECONDS_MAX = 30.0
"""No attempt of a round begins later after it was taken, so that the last one ends well before the lease."""

NOWHERE = Answer(None, 0, trouble="leads to an address that webhooks do not go to")


class Round:
    """One lease on some deliveries to one endpoint.

    `was_late` says that an answer was; then no more is asked. `is_over` says that the endpoint is disabled.
    """

    def __init__(
        self,
        outcomes: Outcomes,
        seal: SecretSeal,
        clock: Clock,
        target: Target,
        lease_id: UUID,
        sender: Sender | None,
    ) -> None:
        self.was_late = self.is_over = False
        self._outcomes, self._clock, self._target = outcomes, clock, target
        self._lease_id, self._sender = lease_id, sender
        opened = [
            seal.unseal(sealed, target.program_id, target.endpoint_id) for sealed in target.sealed_secrets
        ]
        self._secrets = [secret for secret in opened if secret is not None]

    async def tell(self, jobs: Sequence[Job], abreast: int, ends_at: float) -> list[Job]:
        """Those that there was no time for, or that are not to be tried now. Raises DatabaseUnavailable.

        No attempt begins after `ends_at`, by the event loop's time.
        """
        waiting = iter(jobs)
        # What goes wrong for one of them does not interrupt the others, which would be told twice.
        ends = await asyncio.gather(
            *(self._tell_in_turn(waiting, ends_at) for _ in range(min(abreast, len(jobs)))),
            return_exceptions=True,
        )
        for end in ends:
            if end is not None:
                raise end
        return list(waiting)

    async def _tell_in_turn(self, waiting: Iterator[Job], ends_at: float) -> None:
        while (
            not (self.was_late or self.is_over)
            and asyncio.get_running_loop().time() < ends_at
            and (job := next(waiting, None)) is not None
        ):
            await self._tell(job)

    async def _tell(self, job: Job) -> None:
        tried_at = self._clock()
        if self._secrets:
            answer = await self._post(job)
            verdict = rules.judge(answer, job.attempts, self._clock(), random.random())  # noqa: S311
        else:
            answer = Answer(None, 0)
            verdict = Verdict("pending", rules.UNREADABLE, tried_at, rules.UNREADABLE, is_final=True)
        self.was_late = self.was_late or answer.is_late
        self.is_over = self.is_over or verdict.is_final
        target = self._target
        await self._outcomes.put_down(
            Outcome(
                target.program_id,
                target.endpoint_id,
                job.event_id,
                self._lease_id,
                job.created_at,
                tried_at,
                answer,
                verdict,
            )
        )

    async def _post(self, job: Job) -> Answer:
        if self._sender is None:
            return NOWHERE
        body = body_of(job.type, job.occurred_at, job.data)
        return await self._sender.post(headers_of(job.event_id, self._clock(), body, self._secrets), body)
