"""Log lines: one form for all of them, in order, and without what exceptions quote."""

import asyncio
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO

import psycopg
import pytest
import structlog

from regulars.logs import RequestLine, configure_logs, log_unexpected, request_log

CANARY = "leo@example.com"
LINE = RequestLine(
    datetime(2026, 7, 31, 12, 30, tzinfo=UTC),
    "info",
    "request",
    "GET",
    "/x/{id}",
    200,
    1.5,
    "shop",
    1,
    2,
    "r-1",
)


@pytest.fixture
def stream() -> Iterator[BytesIO]:
    """Where the lines go. Logging is put back to what the other tests are used to."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield BytesIO()
    configure_logs("json", "error", stream=BytesIO())
    root.handlers, root.level = handlers, level


def lines(stream: BytesIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_libraries_and_we_log_in_the_same_form(stream: BytesIO) -> None:
    configure_logs("json", stream=stream)
    structlog.get_logger().info("started", workers=2)
    logging.getLogger("library").warning("%d left", 3)
    first, second = lines(stream)
    assert (first["event"], first["level"], first["workers"]) == ("started", "info", 2)
    assert (second["event"], second["level"], second["logger"]) == ("3 left", "warning", "library")
    assert str(first["timestamp"]).endswith("Z")


@pytest.mark.parametrize(("level", "seen"), [("debug", 3), ("info", 2), ("warning", 1), ("error", 0)])
def test_less_important_lines_are_left_out(stream: BytesIO, level: str, seen: int) -> None:
    configure_logs("json", level, stream=stream)
    logger = structlog.get_logger()
    logger.debug("d")
    logger.info("i")
    logger.warning("w")
    assert len(lines(stream)) == seen
    assert (request_log("info") is None) is (level in ("warning", "error"))
    assert (request_log("debug") is None) is (level != "debug")


async def test_lines_of_requests_are_gathered_and_keep_their_place(stream: BytesIO) -> None:
    configure_logs("json", stream=stream)
    log = request_log("info")
    assert log is not None
    log(LINE)
    assert stream.getvalue() == b""
    structlog.get_logger().warning("between")
    log(LINE)
    async with asyncio.timeout(5):
        while len(lines(stream)) < 3:
            await asyncio.sleep(0.01)
    assert [line["event"] for line in lines(stream)] == ["request", "between", "request"]
    assert lines(stream)[0] == {
        "timestamp": "2026-07-31T12:30:00Z",
        "level": "info",
        "event": "request",
        "method": "GET",
        "route": "/x/{id}",
        "status": 200,
        "duration_ms": 1.5,
        "contract": "shop",
        "program_id": 1,
        "credential_id": 2,
        "request_id": "r-1",
    }


async def test_people_get_lines_they_can_read(stream: BytesIO) -> None:
    configure_logs("console", stream=stream)
    log = request_log("info")
    assert log is not None
    log(LINE)
    structlog.get_logger().warning("late", seconds=3)
    text = stream.getvalue().decode()
    assert "12:30:00 info    200 GET /x/{id} 1.50 ms program=1 credential=2 request=r-1\n" in text
    assert "warning late seconds=3\n" in text


def failing(error: Exception) -> Exception:
    """The error as it is caught, its cause included."""
    try:
        try:
            raise error
        except Exception as cause:
            raise RuntimeError(f"cannot serve {CANARY}") from cause
    except RuntimeError as caught:
        return caught


@pytest.mark.parametrize(
    "error", [ValueError(CANARY), psycopg.errors.UniqueViolation(f"Key (value)=({CANARY})")]
)
def test_an_exception_says_what_it_is_and_where_but_not_what_it_quotes(
    stream: BytesIO, error: Exception
) -> None:
    configure_logs("json", stream=stream)
    log_unexpected(failing(error), contract="shop")
    logging.getLogger("library").error("failed", exc_info=failing(error))
    ours, theirs = lines(stream)
    assert (ours["event"], ours["error"], ours["contract"]) == ("unexpected_error", "RuntimeError", "shop")
    assert str(ours["traceback"]).index(type(error).__name__) < str(ours["traceback"]).index("RuntimeError")
    assert "test_logs.py" in str(theirs["traceback"])
    assert CANARY not in stream.getvalue().decode()


def test_a_log_that_cannot_be_written_stops_nothing(stream: BytesIO) -> None:
    configure_logs("json", stream=stream)
    stream.close()
    structlog.get_logger().warning("unheard")
