"""Hearing at once that another process has committed something, instead of asking again and again."""

import asyncio
import logging
from collections.abc import Callable

import psycopg
from psycopg import sql

from regulars.db.database import server_conninfo

RECONNECT_SECONDS = 2.0

_logger = logging.getLogger(__name__)


async def listen(conninfo: str, channel: str, heard: Callable[[], None], application_name: str) -> None:
    """Calls `heard` after each commit that notified the channel, until it is cancelled.

    Also whenever it begins to listen, because what was said before is never heard. It has a connection of its
    own, and another one when the database hung up.
    """
    while True:
        try:
            await _listen(conninfo, channel, heard, application_name)
        except psycopg.OperationalError as error:
            _logger.warning("nothing is heard on %s for now (%s)", channel, type(error).__name__)
        await asyncio.sleep(RECONNECT_SECONDS)


async def _listen(conninfo: str, channel: str, heard: Callable[[], None], application_name: str) -> None:
    connection = await psycopg.AsyncConnection.connect(
        server_conninfo(conninfo, application_name=application_name), autocommit=True
    )
    async with connection:
        await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
        heard()
        async for _ in connection.notifies():
            heard()
