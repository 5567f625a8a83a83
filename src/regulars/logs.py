"""How the server logs: structured lines, for people or for machines, without personal data."""

import asyncio
import atexit
import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO, Literal

import msgspec
import psycopg
import structlog

_TIMESTAMP_KEY = "timestamp"
_GATHERED_SECONDS = 0.1
_encoder = msgspec.json.Encoder(enc_hook=str)
_logger = structlog.get_logger("regulars")


class RequestLine(msgspec.Struct, frozen=True):
    """What is logged of a request. Its route is the declared one, so that no path can give anybody away."""

    timestamp: datetime
    level: Literal["debug", "info"]
    event: Literal["request"]
    method: str
    route: str
    status: int
    duration_ms: float
    contract: str
    program_id: int | None
    credential_id: int | None
    request_id: str


RequestLog = Callable[[RequestLine], None]


class _Output:
    """Where all lines leave the process, in the order in which they were logged.

    Lines of requests are gathered for a tenth of a second, because writing costs more than making them;
    any other line takes them along at once. This is what structlog calls a logger.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._pending: list[bytes] = []
        self._is_timer_set = False
        self._lock = threading.Lock()
        atexit.register(self.flush)

    def gather(self, line: bytes) -> None:
        """Writes the line soon. Only for the thread of a running event loop."""
        self._pending.append(line)
        if not self._is_timer_set:
            self._is_timer_set = True
            asyncio.get_running_loop().call_later(_GATHERED_SECONDS, self._time_is_up)

    def write(self, line: bytes) -> None:
        """Writes the line now."""
        self._pending.append(line)
        self.flush()

    debug = info = warning = error = critical = exception = write

    def flush(self) -> None:
        """Writes what was gathered. A log that cannot be written is no reason to stop working."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            lines, self._pending = self._pending, []
            if lines:
                self._stream.write(b"\n".join(lines) + b"\n")
                self._stream.flush()

    def _time_is_up(self) -> None:
        self._is_timer_set = False
        self.flush()


class _Configured:
    """What `configure_logs` was told last; until then nothing is logged of requests."""

    output: _Output | None = None
    threshold = logging.INFO
    render_request: Callable[[RequestLine], bytes] = _encoder.encode


def configure_logs(
    log_format: Literal["console", "json"], level: str = "info", *, stream: BinaryIO | None = None
) -> None:
    """Sends every log line of this process, those of libraries included, to `stream` (standard error).

    `level` is the least important one shown: debug, info, warning or error.
    """
    target = stream or sys.stderr.buffer
    output = _Output(target)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    render = _render_json if log_format == "json" else _console_renderer(target)
    _Configured.output, _Configured.threshold = output, threshold
    _Configured.render_request = _encoder.encode if log_format == "json" else _render_request_for_people
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key=_TIMESTAMP_KEY),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *names: output,
        cache_logger_on_first_use=False,
    )
    _adopt_library_logs(threshold)


def request_log(level: Literal["debug", "info"]) -> RequestLog | None:
    """What logs the requests of this level, or None when they are not to be seen.

    Lines of requests are so many that they do not go through structlog, whose 6 µs would be a tenth of
    a request; here they cost one.
    """
    output, render = _Configured.output, _Configured.render_request
    if output is None or logging.getLevelNamesMapping()[level.upper()] < _Configured.threshold:
        return None
    gather = output.gather
    return lambda line: gather(render(line))


def log_unexpected(error: BaseException, **context: Any) -> None:
    """Logs an exception that nobody expected: what it is and where it came from, but not its message.

    Messages quote what they choke on, and that may be a phone number or a key.
    """
    _logger.error("unexpected_error", error=_summary(error), traceback=_frames(error), **context)


def _summary(error: BaseException) -> str:
    name = type(error).__qualname__
    if isinstance(error, psycopg.Error):
        # The state and the constraint say what happened; PostgreSQL's text would quote the row.
        return f"{name} {error.sqlstate or ''} {error.diag.constraint_name or ''}".strip()
    return name


def _frames(error: BaseException) -> str:
    """The places the exception and its causes came through, the oldest cause first."""
    links = [error]
    while (cause := links[-1].__cause__ or links[-1].__context__) is not None and cause not in links:
        links.append(cause)
    return "\n".join(
        f"{_summary(link)}\n{''.join(traceback.format_tb(link.__traceback__)).rstrip()}"
        for link in reversed(links)
    )


def _render_json(logger: Any, method_name: str, event: Any) -> bytes:
    return _encoder.encode(event)


def _render_request_for_people(line: RequestLine) -> bytes:
    caller = "" if line.program_id is None else f" program={line.program_id} credential={line.credential_id}"
    return (
        f"{line.timestamp.isoformat()[11:19]} {line.level:7} {line.status} {line.method} {line.route} "
        f"{line.duration_ms:.2f} ms{caller} request={line.request_id}"
    ).encode("utf-8", "replace")


def _console_renderer(output: BinaryIO) -> Any:
    """A renderer for people: the time of day, the level, the event, then name=value.

    structlog's own is prettier and takes 50 µs, which is more than a request.
    """
    colours = output.isatty()
    dim, strong, red, reset = ("\x1b[2m", "\x1b[1m", "\x1b[31m", "\x1b[0m") if colours else ("",) * 4

    def render(logger: Any, method_name: str, event: Any) -> bytes:
        time_of_day = event.pop(_TIMESTAMP_KEY)[11:19]
        level = event.pop("level")
        name = event.pop("event")
        block = event.pop("traceback", None)
        values = " ".join(f"{key}={value}" for key, value in event.items() if value is not None)
        tint = red if level in ("error", "critical") else strong
        line = f"{dim}{time_of_day}{reset} {level:7} {tint}{name}{reset} {values}"
        return (f"{line}\n{block}" if block else line).encode("utf-8", "replace")

    return render


def _adopt_library_logs(threshold: int) -> None:
    """Libraries log through the standard library; their lines take the same form as ours."""
    root = logging.getLogger()
    root.handlers = [_LibraryHandler()]
    root.setLevel(max(threshold, logging.INFO))
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    # As long as anybody might read them, uvicorn makes up the parts of a line for every request.
    logging.getLogger("uvicorn.access").handlers = []
    logging.getLogger("uvicorn.access").propagate = False
    # Each says at length, at INFO, what our own lines say shortly.
    for name in ("alembic", "procrastinate", "httpx2", "psycopg.pool"):
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))


class _LibraryHandler(logging.Handler):
    """Turns a record of the standard library into a structured line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Logs the record's message; of an exception, what it is and where it came from."""
        try:
            more: dict[str, Any] = {"logger": record.name}
            message = record.getMessage()
            if record.exc_info and record.exc_info[1] is not None:
                more |= {"error": _summary(record.exc_info[1]), "traceback": _frames(record.exc_info[1])}
                # asyncio quotes the exception's own message in the lines that follow.
                message = message.partition("\n")[0]
            _logger.log(record.levelno, message, **more)
        except Exception:
            self.handleError(record)
