"""What became of attempts is put down: all that has come meanwhile in one transaction."""

import asyncio
import logging
from collections.abc import Sequence

from regulars.base.clock import Clock
from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import transact
from regulars.features.webhooks import store_deliveries
from regulars.features.webhooks.actions import emit
from regulars.features.webhooks.catalogue import WEBHOOK_DISABLED
from regulars.features.webhooks.catalogue_data import EndpointData
from regulars.features.webhooks.model_delivery import Outcome

_logger = logging.getLogger(__name__)


class Outcomes:
    """Gathers what many senders have to say. Use it in one event loop."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._waiting: list[tuple[Outcome, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def put_down(self, outcome: Outcome) -> None:
        """The outcome is durable when this returns. Raises DatabaseUnavailable.

        One that is not written leaves its delivery to whoever comes when the lease is over.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((outcome, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        await written

    async def _write_all(self) -> None:
        """Goes on until nothing waits, so that whatever comes during one transaction shares the next one."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await write(self._database, [outcome for outcome, _ in batch], self._clock)
            except Exception as error:
                _tell(batch, error)
            else:
                _tell(batch, None)
        self._writing = None


def _tell(batch: Sequence[tuple[Outcome, asyncio.Future[None]]], error: Exception | None) -> None:
    for _, written in batch:
        # Whoever was cancelled asks no more.
        if not written.done():
            written.set_result(None) if error is None else written.set_exception(error)


async def write(database: Database, outcomes: Sequence[Outcome], clock: Clock) -> None:
    """The outcomes and what they mean for their endpoints, all or nothing. Raises DatabaseUnavailable."""
    delivered = {(o.program_id, o.endpoint_id) for o in outcomes if o.verdict.state == "delivered"}
    disabling = [outcome for outcome in outcomes if outcome.verdict.disables is not None]

    async def work(pipeline: Pipeline) -> list[Outcome]:
        now = clock()
        store_deliveries.send_outcomes(pipeline, outcomes)
        for key in sorted(delivered):
            store_deliveries.send_delivered(pipeline, key, now)
        return [outcome for outcome in disabling if await _disable(pipeline, outcome, clock)]

    async with database.connection() as connection:
        disabled = await transact(connection, work)
    for outcome in disabled:
        _logger.warning(
            "webhook endpoint %d of program %d is disabled: %s",
            outcome.endpoint_id,
            outcome.program_id,
            outcome.verdict.disables,
        )


async def _disable(pipeline: Pipeline, outcome: Outcome, clock: Clock) -> bool:
    """Whether the endpoint is disabled by this; the program's other endpoints are told."""
    reason, now = outcome.verdict.disables, clock()
    assert reason is not None, "it disables"
    key = outcome.program_id, outcome.endpoint_id
    unless_since = None if outcome.verdict.is_final else outcome.created_at
    changed = store_deliveries.send_disabled(pipeline, key, reason, now, unless_since)
    await pipeline.flush()
    if changed.rows:
        event = WEBHOOK_DISABLED.of(EndpointData(outcome.endpoint_id, reason), now)
        emit(pipeline, outcome.program_id, [event], now)
    return bool(changed.rows)
