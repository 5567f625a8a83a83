"""Updates that are due are told to the phones: taken, sent, and put down as what became of them.

Nothing is sent inside a transaction. An update is taken for as long as its lease runs, which is longer than
sending can last; a worker that is killed in between leaves it to another one. So a phone may be told twice,
and then finds nothing new.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from regulars.base.clock import Clock
from regulars.db.database import REPETITIONS_MAX, Database, TransactionConflict
from regulars.db.pipeline import Pipeline
from regulars.features.passes import store_jobs, store_registrations
from regulars.features.passes.carriers import Carriers
from regulars.features.passes.delivery_round import Round
from regulars.features.passes.model import Delivery, FaceOf
from regulars.features.passes.model_delivery import Job, Outcome, Trouble
from regulars.features.passes.rules import next_attempt

LEASE = timedelta(minutes=3)

ROUND = 200
ROUNDS_AT_ONCE = 2
"""While one of them is taken and put down, the other one is sent."""

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
        jobs = await store_jobs.claim(connection, lease_id, now, now + LEASE, limit)
    if not jobs:
        return Delivery(0, 0, 0)
    round_ = Round(carriers, face_of)
    troubles = await round_.send(jobs)
    outcomes = [_outcome(job, trouble, clock) for job, trouble in zip(jobs, troubles, strict=True)]
    await _put_down(database, lease_id, outcomes, round_, clock)
    failed = sum(trouble is not None for trouble in troubles)
    return Delivery(processed=len(jobs), sent=len(jobs) - failed, failed=failed)


async def deliver_all(
    database: Database, carriers: Carriers, face_of: FaceOf, clock: Clock, time_max: timedelta
) -> Delivery:
    """What became of all updates that are due, or of those that there was time for.

    The same as `deliver_due` again and again, in larger rounds of which two are under way at once, so that
    the connection to Apple is never idle while the database works. No round begins after `time_max`.
    """
    ends_at = clock() + time_max
    deliveries: list[Delivery] = []

    async def deliver() -> None:
        while clock() < ends_at:
            delivery = await deliver_due(database, carriers, face_of, clock, ROUND)
            deliveries.append(delivery)
            if delivery.processed < ROUND:
                return

    # What goes wrong with one of them does not interrupt the other one, whose phones would be told twice.
    ends = await asyncio.gather(*(deliver() for _ in range(ROUNDS_AT_ONCE)), return_exceptions=True)
    for end in ends:
        if end is not None:
            raise end
    return Delivery(
        processed=sum(delivery.processed for delivery in deliveries),
        sent=sum(delivery.sent for delivery in deliveries),
        failed=sum(delivery.failed for delivery in deliveries),
    )


def _outcome(job: Job, trouble: Trouble | None, clock: Clock) -> Outcome:
    program_id, pass_id = job.card.program_id, job.card.pass_id
    if trouble is None:
        return Outcome(program_id, pass_id, None, None)
    due_at = next_attempt(job.attempts, clock(), trouble.retry_seconds)
    _logger.warning("update of pass %s failed, attempt %d: %s", pass_id, job.attempts, trouble.reason)
    return Outcome(program_id, pass_id, trouble.reason[:100], due_at)


async def _put_down(
    database: Database, lease_id: UUID, outcomes: Sequence[Outcome], sent: Round, clock: Clock
) -> None:
    """The outcomes are durable, all or none. Passes come before phones, as when a member is erased."""
    for repetition in range(1, REPETITIONS_MAX + 1):
        try:
            async with database.connection() as connection:
                pipeline = Pipeline(connection)
                store_jobs.send_outcomes(pipeline, lease_id, outcomes, clock())
                if sent.pushed:
                    store_registrations.send_pushed(pipeline, sent.pushed)
                if sent.gone:
                    store_registrations.send_gone(pipeline, sent.gone)
                # One transaction, which ends with the flush.
                await pipeline.flush()
            return
        except TransactionConflict:
            if repetition == REPETITIONS_MAX:
                raise
