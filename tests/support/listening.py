"""A family whose application listens on a port of this machine, for what speaks real HTTP to it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from tests.support.family import Family


@asynccontextmanager
async def listening(home: Family) -> AsyncIterator[str]:
    """The address under which the family's application answers."""
    configuration = uvicorn.Config(home.application, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(configuration)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving
