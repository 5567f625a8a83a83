"""One connection to PostgreSQL: who is told when it has an answer, and when its plans are too old."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from psycopg.adapt import Transformer

T = TypeVar("T")

DISCARD_PLANS: LiteralString = "discard plans"
REPLAN_SECONDS_MIN = 1.0


class Connection(psycopg.AsyncConnection[tuple[Any, ...]]):
    """A connection that hangs up on a server that is stopped rather than slow.

    `statement_timeout` is counted by the server, so it says nothing when the server itself has
    been frozen; then the wait would be for ever.

    The event loop goes on watching its socket between two exchanges of a `Pipeline`, because beginning and
    ending that are seven system calls. psycopg, which watches by itself, finds it unwatched.
    """

    answer_seconds: float = 35.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # What `Pipeline` has prepared on this connection, and the loaders of rows that it has looked up.
        self.prepared_names: set[bytes] = set()
        self.transformer = Transformer(self)
        self._listener: Callable[[], None] | None = None
        self._watched: tuple[asyncio.AbstractEventLoop, int] | None = None
        self._opened_at = self._now()
        self._replans_at = self._opened_at + REPLAN_SECONDS_MIN

    def replans(self) -> bool:
        """Whether the server has to drop its plans now: so it is whenever the connection's age has doubled.

        Plans stay with their connection, those of the server's own foreign-key checks as well. One that was
        chosen while a table was empty is therefore in use only until the history is twice as long, and not
        until the statistics catch up. Whoever is told so sends DISCARD_PLANS.
        """
        now = self._now()
        if now < self._replans_at:
            return False
        self._replans_at = now + (now - self._opened_at)
        return True

    def listen(self, loop: asyncio.AbstractEventLoop, listener: Callable[[], None]) -> None:
        """Calls `listener` whenever something has arrived, until `fall_silent`, `unwatch` or `close`.

        Nobody is told by this of what has arrived before.
        """
        self._listener = listener
        if self._watched is None:
            self._watched = loop, self.pgconn.socket
            loop.add_reader(self.pgconn.socket, self._on_arrival)

    def fall_silent(self) -> None:
        """Nobody is told any more; what arrives from now on was not asked for."""
        self._listener = None

    def unwatch(self) -> None:
        """Nobody looks at the socket any more. It has to be so before libpq closes it, or right after.

        The next connection that is opened gets its number.
        """
        self._listener = None
        if self._watched is not None:
            (loop, socket), self._watched = self._watched, None
            loop.remove_reader(socket)

    async def close(self) -> None:
        """Hangs up."""
        self.unwatch()
        await super().close()

    def _on_arrival(self) -> None:
        if self._listener is None:
            # A farewell, most likely. It stays where it is, for whoever uses the connection next.
            self.unwatch()
        else:
            self._listener()

    def _now(self) -> float:
        return time.monotonic()

    async def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        self.unwatch()
        try:
            return await super().wait(gen, interval, self.answer_seconds if timeout is None else timeout)
        except errors._WaitTimeout as error:
            self.pgconn.finish()
            raise psycopg.OperationalError(
                f"PostgreSQL did not answer for {self.answer_seconds:g} s"
            ) from error
