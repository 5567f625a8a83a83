"""Runs the server: the socket, the database, the schema, then one process or several that answer requests."""

import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from uvicorn import Config, Server

from regulars.cli.environment import hand_down
from regulars.cli.failures import ExitCode
from regulars.cli.listening import BACKLOG
from regulars.cli.protocol import guarded_protocol
from regulars.cli.workers import run_workers
from regulars.settings import Settings, load_settings
from regulars.settings_secrets import generated_secret_key

APPLICATION = "regulars.cli.application:create"
KEEP_ALIVE_SECONDS = 65
"""Longer than the 60 seconds for which common proxies keep a connection, so that they never lose a race."""

STOP_SECONDS_MAX = 20
"""How long requests under way may take to finish after SIGTERM."""

OPEN_FILES_MAX = 65_536

GARBAGE_THRESHOLD = 10_000
"""How many more objects than before there are when the garbage collector looks at the new ones."""


def answer_requests(
    settings: Settings, conninfo: str, listeners: Sequence[socket.socket], announce: Callable[[], None]
) -> None:
    """Serves until SIGTERM or SIGINT, then finishes what is under way.

    `announce` is called once, when requests are answered. The database is migrated and runs already.
    """
    _raise_open_files_limit()
    _hand_down(settings, conninfo)
    if settings.workers == 1:
        _AnnouncingServer(_config(settings), announce).run(list(listeners))
        return
    from regulars.cli.worker_metrics import shared_metrics

    with shared_metrics(settings.data_directory):
        run_workers(_answer_in_worker, listeners, settings.workers, announce)


def _answer_in_worker(listener: socket.socket, parent: Connection) -> None:
    """What a worker process does from its start to its end."""
    stop_on_signals()
    config = _config(load_settings())
    _AnnouncingServer(config, lambda: parent.send_bytes(b"ready")).run([listener])


def stop_on_signals() -> None:
    """Lets SIGTERM and SIGINT end the process in an orderly way, with exit code 0, at any time.

    While uvicorn runs, it takes the signals itself, and raises them again when it has finished.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(ExitCode.DONE)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _config(settings: Settings) -> Config:
    return Config(
        APPLICATION,
        factory=True,
        loop="auto",
        http=guarded_protocol(settings.request_seconds_max),
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
    )


class _AnnouncingServer(Server):
    def __init__(self, config: Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _spare_what_stays()
            self._announce()


def _spare_what_stays() -> None:
    """Takes everything that has been loaded out of the garbage collector's sight, for it stays anyway.

    Looking through it took 100 ms again and again, in which nobody was answered. The young are looked at less
    often as well: a request leaves few cycles behind.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, 10, 10)


def _hand_down(settings: Settings, conninfo: str) -> None:
    """Tells the processes that answer requests what this one has decided."""
    decided: dict[str, Any] = {
        "mode": settings.mode,
        "data_directory": settings.data_directory,
        "host": settings.host,
        "port": settings.port,
        "workers": settings.workers,
        "jobs": settings.jobs,
        "log_level": settings.log_level,
    }
    if settings.database_url is None:
        decided["database_url"] = conninfo
        if settings.secret_key is None:
            # The file's name, not the key: other users may be able to read the environment of a process.
            generated_secret_key(settings.data_directory)
            os.environ["REGULARS_SECRET_KEY_FILE"] = str(settings.data_directory / "secret.key")
    hand_down(os.environ, **decided)


def _raise_open_files_limit() -> None:
    """Every connection is an open file, and the usual limit of 1024 is for programs with few of them."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES_MAX)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
