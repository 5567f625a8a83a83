"""An application that listens on a port of this machine, for what speaks real HTTP to it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import uvicorn
from litestar import Litestar


class Served(Protocol):
    """Whoever has an application: a family, hotels."""

    @property
    def application(self) -> Litestar:
        """The application, open already."""


@asynccontextmanager
async def listening(home: Served) -> AsyncIterator[str]:
    """The address under which the application answers."""
    configuration = uvicorn.Config(home.application, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(configuration)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving
