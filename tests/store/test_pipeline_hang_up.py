"""A server that hangs up in the middle of an exchange, on the event loop that the server runs on."""

import asyncio
import select
import socket
import threading
from pathlib import Path

import psycopg
import pytest
import uvloop

from regulars.db.connection import Connection
from regulars.db.pipeline import Pipeline, Statement

READY = b"R\x00\x00\x00\x08\x00\x00\x00\x00" + b"Z\x00\x00\x00\x05I"
"""AuthenticationOk and ReadyForQuery, of PostgreSQL's protocol 3.0."""

WARNING = b"SWARNING\x00VWARNING\x00C57P02\x00Mterminating connection\x00\x00"
FAREWELL = b"N" + (len(WARNING) + 4).to_bytes(4, "big") + WARNING
"""A NoticeResponse, as each process sends when another one has crashed; it answers no statement."""


@pytest.mark.parametrize("farewell", [b"", FAREWELL[:20], FAREWELL])
@pytest.mark.parametrize("loop_factory", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_who_hangs_up_without_having_read_is_noticed_at_once(
    tmp_path: Path, loop_factory: type[asyncio.AbstractEventLoop], farewell: bytes
) -> None:
    """The socket is then in error beside what can be read from it; uvloop tells of that only once."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / ".s.PGSQL.5432"))
        listener.listen()
        server = threading.Thread(target=hang_up_on, args=(listener, farewell))
        server.start()
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(ask(tmp_path))
        server.join()


def hang_up_on(listener: socket.socket, farewell: bytes) -> None:
    """Lets a client in, waits for its statement without taking it, says farewell and goes."""
    connection, _ = listener.accept()
    with connection:
        connection.recv(10_000)
        connection.sendall(READY)
        select.select([connection], [], [])
        connection.sendall(farewell)


async def ask(directory: Path) -> None:
    connection = await Connection.connect(f"host={directory} user=u dbname=d", autocommit=True)
    pipeline = Pipeline(connection)
    pipeline.send(Statement("select 1"))
    with pytest.raises(psycopg.OperationalError):
        await asyncio.wait_for(pipeline.flush(), 2)
    assert connection.closed
