"""Slots for decoders: how many photos all processes of a server decode at once, whoever was sent them.

Connections fall to processes by chance. Were the cores divided among the processes beforehand, the photos of
one could wait while the cores of another one idle.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    from fcntl import LOCK_EX, LOCK_UN, flock
except ImportError:  # Windows has locks of another kind; there each process counts for itself.
    flock = None  # type: ignore[assignment]


class DecoderSlots:
    """Runs what only waits for a decoder, in as many threads as there are slots; one for each slot.

    With a directory, the slots are shared with all processes that name the same one. The system takes a slot
    back from a process that is killed.
    """

    def __init__(self, count: int, shared_in: Path | None = None) -> None:
        self._slots = [_Slot(shared_in and shared_in / str(number)) for number in range(count)]
        self._waiting: deque[tuple[Future[bytes], Callable[[], bytes]]] = deque()
        self._changed = threading.Condition()
        self._started = self._closed = False

    def submit(self, work: Callable[[], bytes]) -> "Future[bytes]":
        """What `work` will return or raise, once a slot was free for it. First come, first served."""
        future: Future[bytes] = Future()
        with self._changed:
            if not self._started:
                self._started = True
                for slot in self._slots:
                    # Nobody waits for it at the end: it may be waiting for a slot that another process holds.
                    threading.Thread(
                        target=self._serve, args=(slot,), name="photo-decoder", daemon=True
                    ).start()
            self._waiting.append((future, work))
            self._changed.notify_all()
        return future

    def close(self) -> None:
        """Nothing is begun any more; what was waiting is cancelled."""
        with self._changed:
            self._closed = True
            for future, _ in self._waiting:
                future.cancel()
            self._waiting.clear()
            self._changed.notify_all()

    def _serve(self, slot: "_Slot") -> None:
        while self._until_somebody_waits():
            # Whoever has a slot first takes the work, so none waits for one slot while another is free.
            with slot.held():
                self._run_next()
        slot.close()

    def _until_somebody_waits(self) -> bool:
        """Whether somebody does; False when nobody will."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return not self._closed

    def _run_next(self) -> None:
        with self._changed:
            if not self._waiting:
                return
            future, work = self._waiting.popleft()
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)


class _Slot:
    """What one thread of one process holds at a time; of this process alone where `path` is None."""

    def __init__(self, path: Path | None) -> None:
        self._descriptor: int | None = None
        if path is None or flock is None:
            return
        # Where nothing can be written, each process counts for itself.
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Waits until nobody else holds it."""
        self._lock(LOCK_EX)
        try:
            yield
        finally:
            self._lock(LOCK_UN)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def _lock(self, operation: int) -> None:
        if self._descriptor is not None:
            # Where a file system knows no locks, too.
            with suppress(OSError):
                flock(self._descriptor, operation)
