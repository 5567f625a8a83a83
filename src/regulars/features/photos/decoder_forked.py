"""Decoders that are forked from a process which has loaded what they need: one for each photo."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from regulars.features.photos.decoder_started import environment
from regulars.features.photos.model import PhotoLimits, PhotosUnavailable
from regulars.features.photos.nursery import NUMBER

NURSERY = Path(__file__).with_name("nursery.py")
ATTEMPTS = 2
START_SECONDS_MAX = 20.0
FORKS_MAX = 200
"""Forked processes are alike in where their memory lies, which helps whoever attacks them: not for long."""
RECEIVED_BYTES = 2**20


def can_fork() -> bool:
    """Whether this system knows what is needed here."""
    return sys.platform != "win32"


class ForkedDecoders:
    """Runs the decoding program in a forked process for each photo. Starts nothing before the first one."""

    def __init__(self, program: Path, limits: PhotoLimits) -> None:
        self._program = program
        self._limits = limits
        self._lock = threading.Lock()
        self._nursery: _Nursery | None = None
        self._running: set[int] = set()
        self._closed = False

    def run(self, arguments: str, received: bytes) -> bytes:
        """What the program answers, as much of it as there is. Waits, and is called from several threads.

        Raises PhotosUnavailable when no process can be had or it takes too long; then it is ended.
        """
        deadline = time.monotonic() + self._limits.decoder_wall_seconds
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = self._fork(theirs)
            try:
                _send(ours, NUMBER.pack(len(arguments)) + arguments.encode(), received, deadline)
                answer = _answer(ours, self._limits.answer_bytes_max, deadline)
            except TimeoutError as error:
                _kill(process)
                raise PhotosUnavailable("decoding a photo took too long") from error
            finally:
                self._running.discard(process)
        if len(answer) > self._limits.answer_bytes_max:
            _kill(process)
        if not answer:
            # It was killed by what it read. Who meant it to be may not try again on a process that is alike.
            with self._lock:
                self._renew()
        return answer

    def close(self) -> None:
        """Ends all processes."""
        self._closed = True
        with self._lock:
            for process in list(self._running):
                _kill(process)
            self._renew()

    def _fork(self, theirs: socket.socket) -> int:
        """The number of a new process that is connected to the socket."""
        with self._lock:
            for _ in range(ATTEMPTS):
                if self._closed:
                    break
                try:
                    if self._nursery is None:
                        self._nursery = _Nursery(self._program)
                    process = self._nursery.fork(theirs)
                except OSError:
                    # It is gone, or was never there. Nothing was begun, so another one may do it.
                    self._renew()
                    continue
                self._running.add(process)
                if self._nursery.forks >= FORKS_MAX:
                    self._renew()
                return process
        raise PhotosUnavailable("the photo decoder cannot be started")

    def _renew(self) -> None:
        """The next decoder comes from a new process; those that are decoding go on."""
        if self._nursery is not None:
            self._nursery.end()
            self._nursery = None


class _Nursery:
    """The process that decoders are forked from."""

    def __init__(self, program: Path) -> None:
        self.forks = 0
        self._control, theirs = socket.socketpair()
        self._control.settimeout(START_SECONDS_MAX)
        descriptor = theirs.fileno()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(NURSERY), str(descriptor), str(program)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment(),
                pass_fds=[descriptor],
                # A group of its own, which it takes along when this process is killed.
                start_new_session=True,
            )

    def fork(self, theirs: socket.socket) -> int:
        """The number of a new decoder that talks over the socket. Raises OSError when there is none."""
        self.forks += 1
        socket.send_fds(self._control, [b"."], [theirs.fileno()])
        answer = b""
        while len(answer) < NUMBER.size:
            part = self._control.recv(NUMBER.size - len(answer))
            if not part:
                raise ConnectionResetError("the process that forks decoders has ended")
            answer += part
        return int(NUMBER.unpack(answer)[0])

    def end(self) -> None:
        """Lets the decoders finish, and returns when the process itself has ended."""
        with self._control, suppress(OSError):
            self._control.sendall(b".")
        try:
            self._process.wait(START_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _send(ours: socket.socket, head: bytes, received: bytes, deadline: float) -> None:
    # A decoder that ends before it has read everything has said all that it has to say.
    with suppress(BrokenPipeError, ConnectionResetError):
        for part in (head, received):
            ours.settimeout(_left_seconds(deadline))
            ours.sendall(part)
        ours.shutdown(socket.SHUT_WR)


def _answer(ours: socket.socket, bytes_max: int, deadline: float) -> bytes:
    """Everything that comes, or a little more than `bytes_max`."""
    parts: list[bytes] = []
    length = 0
    with suppress(ConnectionResetError):
        while length <= bytes_max:
            ours.settimeout(_left_seconds(deadline))
            part = ours.recv(RECEIVED_BYTES)
            if not part:
                break
            parts.append(part)
            length += len(part)
    return b"".join(parts)


def _left_seconds(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
