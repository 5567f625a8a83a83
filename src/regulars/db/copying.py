"""What COPY … TO STDOUT sends, many lines at a time.

psycopg's own iterator comes back to the event loop's machinery for each line, which took 3 µs of Python a
line; here only for as many as are wanted, or for what has not arrived yet.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, LiteralString

from psycopg import errors
from psycopg.abc import PQGen
from psycopg.generators import fetch_many
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn
from psycopg.waiting import Wait

from regulars.db.database import Connection


async def copied_lines(
    connection: Connection, statement: LiteralString, parameters: Mapping[str, Any], lines_max: int
) -> AsyncGenerator[list[bytes], None]:
    """The lines in COPY's text format, `lines_max` at a time, no faster than they are asked for.

    A generator that is closed before the end cancels the statement, and the connection can be used again.
    """
    async with connection.cursor() as cursor, cursor.copy(statement, parameters):
        goes_on = True
        while goes_on:
            lines = await connection.wait(_next_lines(connection.pgconn, lines_max))
            goes_on = len(lines) == lines_max
            if lines:
                yield lines
            # Whatever else the process has to do gets its turn, even when no line has to be waited for.
            await asyncio.sleep(0)


def _next_lines(pgconn: PGconn, lines_max: int) -> PQGen[list[bytes]]:
    """So many lines; fewer are the last ones, and then the statement has succeeded."""
    lines: list[bytes] = []
    looked = False
    while len(lines) < lines_max:
        size, line = pgconn.get_copy_data(1)
        if size > 0:
            lines.append(bytes(line))
            looked = False
        elif size == 0:
            # Mostly the next lines have arrived meanwhile, and looking costs less than the event loop does.
            while looked and not (yield Wait.R):
                pass
            pgconn.consume_input()
            looked = not looked
        else:
            [result] = yield from fetch_many(pgconn)
            if result.status != ExecStatus.COMMAND_OK:
                raise errors.error_from_result(result)
            break
    return lines
