"""Statements that go out together and whose answers are awaited once.

psycopg's own pipeline makes a cursor for each statement and waits for each answer, which took 400 µs of
Python for a transaction of six statements. Here libpq sends them itself, over psycopg's connection: one
flush, one wait, and psycopg's loaders turn the answers into rows.
"""

import asyncio
import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, LiteralString

import psycopg
from psycopg import errors
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

from regulars.db.connection import DISCARD_PLANS, Connection

_CLOSING = b"closing"
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


class Statement:
    """SQL text with %(named)s parameters, prepared once on each connection that meets it.

    Parameters travel as text, and the statement casts what is none.
    """

    def __init__(self, text: LiteralString) -> None:
        self.text = text
        self.parameters: list[str] = []
        self.query = _PLACEHOLDER.sub(self._position, text).encode()
        # Made of the text, so that a name never stands for another statement, whoever prepared it.
        self.name = b"regulars_" + blake2b(self.query, digest_size=16).hexdigest().encode()

    def _position(self, found: re.Match[str]) -> str:
        if found[1] not in self.parameters:
            self.parameters.append(found[1])
        return f"${self.parameters.index(found[1]) + 1}"


_DISCARD_PLANS = Statement(DISCARD_PLANS)


class Sent:
    """A statement on its way; it has its rows once the pipeline was flushed."""

    def __init__(self, statement: Statement, values: list[bytes | None]) -> None:
        self.statement = statement
        self.values = values
        self.rows: list[tuple[Any, ...]] = []


class Pipeline:
    """A way to talk to one connection, which nobody else uses meanwhile."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: list[Sent] = []

    def send(self, statement: Statement, parameters: Mapping[str, bytes | None] | None = None) -> Sent:
        """The statement, to go out with the next flush. It runs only if those sent before it succeed.

        Raises DataError for a parameter with a NUL, at which libpq would cut it.
        """
        values = [parameters[name] for name in statement.parameters] if parameters is not None else []
        if any(value is not None and b"\0" in value for value in values):
            raise psycopg.DataError("PostgreSQL text cannot hold a NUL")
        sent = Sent(statement, values)
        self._waiting.append(sent)
        return sent

    async def flush(self) -> None:
        """Sends what waits, and comes back when all of it has its rows: one round trip.

        Raises psycopg's error for the first statement that the server refused; a transaction that is open
        has failed then. `InvalidSqlStatementName` is raised in a transaction only: somebody deallocated what
        was prepared here, and whoever began it may begin again. A connection that broke, or got no answer in
        time, is closed. A commit is the last statement of a flush.
        """
        waiting, self._waiting = self._waiting, []
        try:
            await self._exchange(waiting)
        except errors.InvalidSqlStatementName:
            if self._connection.pgconn.transaction_status != TransactionStatus.IDLE:
                raise
            # Without a transaction all of it was undone together, so all of it may be asked again.
            await self._exchange(waiting)

    async def _exchange(self, waiting: list[Sent]) -> None:
        # Not in a transaction, which may have failed and then refuses everything but its end.
        if (
            self._connection.pgconn.transaction_status == TransactionStatus.IDLE
            and self._connection.replans()
        ):
            waiting = [Sent(_DISCARD_PLANS, []), *waiting]
        round_trip = _RoundTrip(self._connection)
        for sent in waiting:
            round_trip.send(sent)
        results = await round_trip.results(self._connection.answer_seconds)
        transformer = self._connection.transformer
        for sent, result in zip(waiting, results, strict=True):
            if result.ntuples:
                transformer.set_pgresult(result)
                sent.rows = transformer.load_rows(0, result.ntuples, tuple)


class _RoundTrip:
    """What libpq's pipeline mode sends and receives up to one synchronisation point."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pgconn: PGconn = connection.pgconn
        self._prepared = connection.prepared_names
        self._loop = asyncio.get_running_loop()
        self._synchronised: asyncio.Future[None] = self._loop.create_future()
        # For each answer to come: the name of the statement that it prepares, None if it runs one, _CLOSING.
        self._expected: list[bytes | None] = []
        self._answered = 0
        self._results: list[PGresult] = []
        self._refusal: PGresult | None = None
        self._writing: int | None = None
        self._pgconn.enter_pipeline_mode()

    def send(self, sent: Sent) -> None:
        """Hands a statement to libpq, which sends it when `results` is awaited."""
        statement = sent.statement
        if statement.name not in self._prepared and statement.name not in self._expected:
            # Whatever happened to the name before: closing what does not exist is no error.
            self._pgconn.send_close_prepared(statement.name)
            self._pgconn.send_prepare(statement.name, statement.query)
            self._expected += (_CLOSING, statement.name)
        self._pgconn.send_query_prepared(statement.name, sent.values, result_format=Format.BINARY)
        self._expected.append(None)

    async def results(self, seconds_max: float) -> list[PGresult]:
        """One result for each statement that was sent."""
        self._pgconn.pipeline_sync()
        deadline = self._loop.call_later(seconds_max, self._give_up, seconds_max)
        self._connection.listen(self._loop, self._receive)
        try:
            if self._pgconn.flush():
                # More than the socket takes at once. Answers are read meanwhile, so that neither side waits.
                self._write_later()
            # The loop may have told of an error with the last answer, and it tells of each only once.
            self._take_in()
            await self._synchronised
        except BaseException:
            self._stop()
            # What was sent may still be answered, and nobody could tell those answers from later ones.
            self._pgconn.finish()
            raise
        finally:
            deadline.cancel()
        self._write_no_more()
        self._connection.fall_silent()
        self._pgconn.exit_pipeline_mode()
        if self._refusal is not None:
            error = errors.error_from_result(self._refusal)
            if isinstance(error, errors.InvalidSqlStatementName):
                self._prepared.clear()
            raise error
        return self._results

    def _stop(self) -> None:
        self._write_no_more()
        self._connection.unwatch()

    def _write_later(self) -> None:
        self._writing = self._pgconn.socket
        self._loop.add_writer(self._writing, self._send_rest)

    def _write_no_more(self) -> None:
        if self._writing is not None:
            self._loop.remove_writer(self._writing)
            self._writing = None

    def _send_rest(self) -> None:
        try:
            if not self._pgconn.flush():
                self._write_no_more()
        except psycopg.Error as error:
            self._fail(error)

    def _receive(self) -> None:
        self._take_in()
        if not self._synchronised.done():
            # uvloop looks no more at a socket in error once it has told of it, and then the end of what the
            # server said before it hung up would never be seen.
            self._connection.unwatch()
            try:
                self._connection.listen(self._loop, self._receive)
            except psycopg.OperationalError as error:
                self._fail(error)

    def _take_in(self) -> None:
        """Notes what has arrived, and that the server has hung up."""
        try:
            self._pgconn.consume_input()
            while not self._synchronised.done() and not self._pgconn.is_busy():
                result = self._pgconn.get_result()
                # The end of each statement's results is marked by None.
                if result is not None:
                    self._note(result)
                elif self._pgconn.status == ConnStatus.BAD:
                    raise psycopg.OperationalError("the connection to PostgreSQL was lost")
        except psycopg.Error as error:
            self._fail(error)

    def _note(self, result: PGresult) -> None:
        if result.status == ExecStatus.PIPELINE_SYNC:
            self._synchronised.set_result(None)
            return
        if result.status == ExecStatus.FATAL_ERROR:
            self._refusal = self._refusal or result
            if result.error_field(DiagnosticField.SEVERITY_NONLOCALIZED) != b"ERROR":
                # The server hangs up, also in place of the synchronisation point; nothing follows.
                self._fail(psycopg.OperationalError("PostgreSQL ended the connection"))
                return
        name = self._expected[self._answered]
        self._answered += 1
        if result.status == ExecStatus.TUPLES_OK or result.status == ExecStatus.COMMAND_OK:
            if name is None:
                self._results.append(result)
            elif name is not _CLOSING:
                self._prepared.add(name)

    def _give_up(self, seconds: float) -> None:
        self._fail(psycopg.OperationalError(f"PostgreSQL did not answer for {seconds:g} s"))

    def _fail(self, error: psycopg.Error) -> None:
        """Ends the wait. What the server said before it hung up tells more than that it did."""
        # libpq may have closed the socket just now.
        self._stop()
        if not self._synchronised.done():
            said = error if self._refusal is None else errors.error_from_result(self._refusal)
            self._synchronised.set_exception(said)
