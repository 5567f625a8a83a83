"""The database that Regulars brings along, shared knowingly by every process that uses it.

Each user holds a read lock on a file for as long as it lives. Whoever leaves and can take the
write lock was the last, and stops PostgreSQL. The kernel releases the locks of a process that is
killed, so nothing has to be counted or cleaned up: PostgreSQL runs on and the next start finds it.
"""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from fasteners import InterProcessLock, InterProcessReaderWriterLock

from regulars.db.cluster import Cluster, PostgresFailed

WATCH_SECONDS = 0.5
"""Between two looks at whether PostgreSQL still runs; each takes a fraction of a millisecond."""

RETRY_SECONDS = 5.0
"""Before PostgreSQL is started once more after it could not be started, for want of disk space perhaps."""

_logger = logging.getLogger(__name__)


class EmbeddedPostgres:
    """PostgreSQL 18 on files in `data_directory`, running while at least one process uses it.

    A context manager; entering starts or joins it. Blocking: call it before the event loop runs,
    or in a thread.
    """

    # File locks belong to the process as a whole, so its users are counted here.
    _guard = threading.Lock()
    _users: ClassVar[dict[Path, int]] = {}
    _locks: ClassVar[dict[Path, InterProcessReaderWriterLock]] = {}

    def __init__(self, data_directory: Path) -> None:
        self._directory = data_directory.expanduser().absolute()
        self._cluster: Cluster | None = None

    def start(self) -> str:
        """The connection string of a database that answers; made, started or joined as needed.

        Raises PostgresFailed with what PostgreSQL said.
        """
        if sys.platform == "win32":
            raise PostgresFailed(
                "the embedded database needs Unix sockets: set REGULARS_DATABASE_URL instead"
            )
        assert self._cluster is None, "started twice"
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = self._directory.resolve()
        with self._guard, self._changing():
            lock = self._locks.setdefault(
                self._directory, InterProcessReaderWriterLock(self._directory / "postgres.users.lock")
            )
            if not self._users.get(self._directory):
                lock.acquire_read_lock()
            try:
                cluster = Cluster(self._directory)
                cluster.create()
                cluster.ensure_running()
            except BaseException:
                if not self._users.get(self._directory):
                    lock.release_read_lock()
                raise
            self._users[self._directory] = self._users.get(self._directory, 0) + 1
        self._cluster = cluster
        return cluster.conninfo()

    @property
    def conninfo(self) -> str:
        """The connection string, while started."""
        assert self._cluster is not None, "not started"
        return self._cluster.conninfo()

    def stop(self) -> None:
        """Leaves; the last to leave stops PostgreSQL. Does nothing when not started."""
        if self._cluster is None:
            return
        cluster, self._cluster = self._cluster, None
        with self._guard, self._changing():
            self._users[self._directory] -= 1
            if self._users[self._directory]:
                return
            lock = self._locks[self._directory]
            lock.release_read_lock()
            if lock.acquire_write_lock(blocking=False):
                try:
                    cluster.stop()
                finally:
                    lock.release_write_lock()

    @contextmanager
    def kept_running(self) -> Iterator[None]:
        """PostgreSQL is started again whenever it ends, whoever ended it, while the block runs.

        It was killed, ran out of memory, or somebody stopped it: this process still needs it.
        """
        assert self._cluster is not None, "not started"
        over = threading.Event()
        watch = threading.Thread(
            target=self._keep_running, args=(self._cluster, over), name="postgres", daemon=True
        )
        watch.start()
        try:
            yield
        finally:
            over.set()
            watch.join()

    def __enter__(self) -> "EmbeddedPostgres":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _changing(self) -> InterProcessLock:
        """The lock under which PostgreSQL is started and stopped, one process at a time."""
        return InterProcessLock(self._directory / "postgres.change.lock")

    def _keep_running(self, cluster: Cluster, over: threading.Event) -> None:
        pause_seconds = WATCH_SECONDS
        while not over.wait(pause_seconds):
            pause_seconds = WATCH_SECONDS
            if cluster.is_alive():
                continue
            try:
                with self._guard, self._changing():
                    if not cluster.is_alive():
                        _logger.error("PostgreSQL has ended although it is in use; starting it again")
                    cluster.ensure_running()
            except Exception as error:
                # The disk may be full just now; whatever it is, the next try may succeed.
                _logger.error("PostgreSQL could not be started again: %s", error)
                pause_seconds = RETRY_SECONDS
