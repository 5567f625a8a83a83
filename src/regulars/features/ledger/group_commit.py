"""Group commit: postings that arrive while a batch commits form the next batch. No timer, so no idle wait."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from regulars.base.clock import Clock
from regulars.db.database import Connection, Database, DatabaseUnavailable
from regulars.features.ledger import crediting, posting
from regulars.features.ledger.audience import Audience
from regulars.features.ledger.model import AccountReference, Command, Outcome
from regulars.features.ledger.model_bulk import BulkEarn, BulkOutcome
from regulars.features.ledger.transaction import FateUnknown

BATCH_MAX = 256
WRITERS_MAX = 2
"""How many batches of one program may be under way, if the first one does not get on."""

SLOW_SECONDS = 0.1
"""When a batch does not get on: somebody holds a row that it needs. Until then what arrives waits for it.

Two batches at a time make each of them smaller: with one, a worker answered a third more requests.
"""

PENDING_MAX = 20_000
"""How many postings may wait before new ones are turned away, so that a stopped database costs no memory."""


WAIT_SECONDS_MAX = 10.0
"""How long a caller waits; a frozen database would hold each batch, and those behind it, for longer."""


class _Waiting(msgspec.Struct, frozen=True):
    command: Command
    outcome: "asyncio.Future[Outcome]"


class _Queue(msgspec.Struct):
    waiting: deque[_Waiting]
    writers: int = 0
    newest_batch_at: float = 0.0


class Ledger:
    """The process's way to post: one per process, shared by all requests."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._audience = Audience()
        self._queues: dict[int, _Queue] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Waits until every posting that was accepted has its outcome."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def post(self, program_id: int, command: Command) -> Outcome:
        """The outcome of one command, durable when this returns. Refusals are outcomes, not exceptions.

        Raises DatabaseUnavailable when the database is down or slow, or too many postings wait for it; then
        the posting may have happened or not, and the caller repeats it under the same claim.
        """
        queue = self._queues.get(program_id)
        if queue is None:
            queue = self._queues[program_id] = _Queue(deque())
        if len(queue.waiting) >= PENDING_MAX:
            raise DatabaseUnavailable("too many postings wait for the database")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(command, loop.create_future())
        queue.waiting.append(waiting)
        if queue.writers == 0 or (queue.writers < WRITERS_MAX and _is_slow(queue, loop.time())):
            self._start_writer(program_id, queue)
        try:
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                return await waiting.outcome
        except TimeoutError as error:
            raise DatabaseUnavailable(f"no outcome after {WAIT_SECONDS_MAX:g} s") from error

    async def post_batch(
        self,
        program_id: int,
        commands: Sequence[Command],
        *,
        now: datetime | None = None,
    ) -> list[Outcome]:
        """The outcomes of many commands, decided in order in one transaction; for imports and bulk work.

        `now` is the time that all rows get, by default the clock's; it may lie in the past.
        """
        clock = self._clock if now is None else lambda: now
        async with self._database.connection() as connection:
            return await posting.post(connection, program_id, commands, clock, audience=self._audience)

    async def earn_in_bulk(self, program_id: int, bulk: BulkEarn) -> BulkOutcome:
        """What became of each row of an earn for many members, several times as fast as `post_batch`.

        Not one transaction: a row that was posted stays so whatever happens to the others, and who may have
        to repeat it gives each row a claim. Raises DatabaseUnavailable when the database is down.
        """
        async with self._database.connection() as connection:
            return await crediting.credit(connection, program_id, bulk, self._clock)

    def _start_writer(self, program_id: int, queue: _Queue) -> None:
        queue.writers += 1
        queue.newest_batch_at = asyncio.get_running_loop().time()
        task = asyncio.create_task(self._write(program_id, queue))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, program_id: int, queue: _Queue) -> None:
        """Posts batch after batch until nothing waits."""
        try:
            if len(queue.waiting) > 1:
                # In a crowd, those who become ready in the loop's next turn join this first batch.
                await asyncio.sleep(0)
            while queue.waiting:
                async with self._database.connection() as connection:
                    while queue.waiting and not connection.closed:
                        queue.newest_batch_at = asyncio.get_running_loop().time()
                        await self._write_batch(connection, program_id, _next_batch(queue))
        except Exception as error:
            # Mostly DatabaseUnavailable; but whatever it is, each caller gets an answer.
            _fail(queue.waiting, error)
            queue.waiting.clear()
        finally:
            queue.writers -= 1

    async def _write_batch(self, connection: Connection, program_id: int, batch: list[_Waiting]) -> None:
        commands = [waiting.command for waiting in batch]
        try:
            of_a_crowd = len(commands) > 1
            outcomes = await posting.post(
                connection,
                program_id,
                commands,
                self._clock,
                of_a_crowd=of_a_crowd,
                audience=self._audience,
            )
        except FateUnknown as error:
            _fail(batch, error)
            return
        except Exception:
            self._post_singly(program_id, batch)
            return
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if not waiting.outcome.done():
                waiting.outcome.set_result(outcome)

    def _post_singly(self, program_id: int, batch: list[_Waiting]) -> None:
        """Gives each command of a failed batch a transaction of its own, so that only the culprits fail.

        Those of one account follow one another: when somebody holds its row, one connection waits, not all.
        """
        chains: dict[AccountReference, list[_Waiting]] = {}
        for waiting in batch:
            chains.setdefault(waiting.command.account, []).append(waiting)
        for chain in chains.values():
            task = asyncio.create_task(self._post_chain(program_id, chain))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _post_chain(self, program_id: int, chain: list[_Waiting]) -> None:
        for place, waiting in enumerate(chain):
            if waiting.outcome.cancelled():
                continue
            try:
                [outcome] = await self.post_batch(program_id, [waiting.command])
            except DatabaseUnavailable as error:
                _fail(chain[place:], error)
                return
            except Exception as error:
                _fail([waiting], error)
            else:
                if not waiting.outcome.done():
                    waiting.outcome.set_result(outcome)


def _is_slow(queue: _Queue, now: float) -> bool:
    return now - queue.newest_batch_at > SLOW_SECONDS


def _next_batch(queue: _Queue) -> list[_Waiting]:
    """The oldest postings whose callers still wait; one that nobody waits for any more is not made."""
    batch: list[_Waiting] = []
    while queue.waiting and len(batch) < BATCH_MAX:
        waiting = queue.waiting.popleft()
        if not waiting.outcome.cancelled():
            batch.append(waiting)
    return batch


def _fail(batch: Iterable[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.outcome.done():
            waiting.outcome.set_exception(error)
