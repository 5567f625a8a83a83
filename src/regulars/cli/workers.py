"""Several processes that answer requests on one port: started, replaced when they die, stopped together."""

import logging
import multiprocessing
import signal
import socket
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import msgspec
from uvicorn.config import STARTUP_FAILURE

from regulars.cli.failures import CommandFailed, ExitCode

RESTART_SECONDS = 1.0
"""Between the death of a worker and its successor, so that one that cannot live does not take the machine."""

KILL_SECONDS = 30.0
"""When a worker that was asked to stop is killed; its requests have had their time by then."""

_spawn = multiprocessing.get_context("spawn")
_logger = logging.getLogger(__name__)

Target = Callable[[socket.socket, Connection], None]


class _Worker(msgspec.Struct):
    process: SpawnProcess
    news: Connection
    is_ready: bool = False


def run_workers(
    target: Target, listeners: Sequence[socket.socket], count: int, announce: Callable[[], None]
) -> None:
    """Keeps `count` processes running `target` until a signal raises SystemExit, then stops them in order.

    Each worker gets a listener of its own, or all share one. A worker sends something through its
    connection when it answers requests; `announce` is called when all of them do. Raises CommandFailed
    when one could not start, because its successors could not either.
    """
    workers: list[_Worker] = []
    try:
        while len(workers) < count:
            workers.append(_start(target, listeners[len(workers) % len(listeners)]))
        _until_all_are_ready(workers)
        announce()
        while True:
            index = _next_death(workers)
            _logger.warning("worker %s died and is replaced", workers[index].process.pid)
            time.sleep(RESTART_SECONDS)
            workers[index] = _start(target, listeners[index % len(listeners)])
    finally:
        _stop(workers, listeners)


def _start(target: Target, listener: socket.socket) -> _Worker:
    news, sender = _spawn.Pipe(duplex=False)
    process = _spawn.Process(target=target, args=(listener, sender))
    process.start()
    sender.close()
    return _Worker(process, news)


def _until_all_are_ready(workers: Sequence[_Worker]) -> None:
    while waiting := [worker for worker in workers if not worker.is_ready]:
        heard = wait([worker.news for worker in waiting])
        for worker in waiting:
            if worker.news in heard:
                _hear(worker)


def _hear(worker: _Worker) -> None:
    """Notes that the worker is ready. Raises CommandFailed when it ended instead."""
    try:
        worker.news.recv_bytes()
    except EOFError:
        raise CommandFailed("a worker could not start; the lines above say why", ExitCode.DATABASE) from None
    worker.is_ready = True


def _next_death(workers: Sequence[_Worker]) -> int:
    """Which worker ended. Raises CommandFailed when it was one that could not start."""
    sentinels = [worker.process.sentinel for worker in workers]
    index = sentinels.index(wait(sentinels)[0])  # type: ignore[arg-type]
    worker = workers[index]
    worker.process.join()
    worker.news.close()
    if worker.process.exitcode == STARTUP_FAILURE:
        raise CommandFailed("a worker could not start again; the lines above say why", ExitCode.DATABASE)
    return index


def _stop(workers: Sequence[_Worker], listeners: Sequence[socket.socket]) -> None:
    """Ends every worker. The listeners go first, so that nobody is left waiting in a queue."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    for listener in listeners:
        listener.close()
    for worker in workers:
        worker.process.terminate()
    deadline = time.monotonic() + KILL_SECONDS
    for worker in workers:
        worker.process.join(max(0.0, deadline - time.monotonic()))
        if worker.process.exitcode is None:
            _logger.error("worker %s did not stop and is killed", worker.process.pid)
            worker.process.kill()
            worker.process.join()
