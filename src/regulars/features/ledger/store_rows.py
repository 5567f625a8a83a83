"""How the statements of a posting batch are sent: sets of rows as JSON, everything prepared."""

from typing import Any, LiteralString

import msgspec
from psycopg import AsyncCursor

from regulars.db.database import Connection

_encode = msgspec.json.Encoder().encode


async def send(
    connection: Connection, statement: LiteralString, parameters: dict[str, Any]
) -> AsyncCursor[tuple[Any, ...]]:
    """The cursor of a statement that is on its way; inside a pipeline, only fetching waits for the answer."""
    return await connection.cursor(binary=True).execute(statement, parameters, prepare=True)


def as_json(rows: Any) -> str:
    """Rows (structs, or a list of them) as the parameter that `json_to_recordset` unpacks."""
    return _encode(rows).decode()
