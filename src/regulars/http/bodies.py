"""Reads JSON bodies: bounded in size and time, strictly typed, and with a verdict when they are wrong."""

import asyncio
from collections.abc import Coroutine, Generator
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

import msgspec
from litestar.types import HTTPReceiveMessage, Receive

from regulars.http.failures import BodyRefused, ClientDisconnected, FailureKind, Problem, RequestRefused
from regulars.http.requests import HttpRequest, first_headers, services
from regulars.http.verdicts import examine, first_fault

T = TypeVar("T")

BODY_DEADLINE_SECONDS = 10.0
BODY_RATE_BYTES_MIN = 64 * 1024
"""How many bytes a second must arrive, on routes that take much."""

BUFFERED_BYTES_MAX = 64 * 2**20
"""How much of bodies that arrive in pieces one process holds at once; more are told to come back."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_any_decoder, _encoder = msgspec.json.Decoder(), msgspec.json.Encoder()


class _Buffered:
    """What this process holds of bodies that are still arriving."""

    size_bytes = 0


_buffered = _Buffered()


async def read_json(
    request: HttpRequest, kind: type[T], *, limit_bytes: int | None = None, empty_is_object: bool = False
) -> T:
    """The body as a `kind`, a struct or a dict, whatever its content type says.

    With `empty_is_object` no body at all counts as `{}`. Raises BodyRefused, see `decode` and `read_body`.
    """
    raw = await read_body(request, limit_bytes=limit_bytes)
    if empty_is_object and not raw.strip():
        raw = b"{}"
    return decode(raw, kind)


def decode(raw: bytes, kind: type[T]) -> T:
    """`raw` as a `kind`. Types are strict: no text or float where an integer belongs.

    Raises BodyRefused. Its field is the first declared one that is missing or wrong, NUL characters
    in text included, for PostgreSQL cannot hold them. A name that occurs twice makes the whole body
    NOT_JSON: which of two amounts was meant, nobody can say.
    """
    value: T = _reader(cast(Any, kind)).decode(raw)
    return value


async def read_body(request: HttpRequest, *, limit_bytes: int | None = None) -> bytes:
    """The body's bytes, at most `limit_bytes` of them (without it, the setting `request_bytes_max`).

    Raises BodyRefused (TOO_LARGE, TOO_SLOW), and ClientDisconnected when it never ends.
    """
    if limit_bytes is None:
        limit_bytes = services(request).settings.request_bytes_max
    declared = first_headers(request.scope).get(b"content-length")
    if declared is not None and declared.isdigit() and int(declared[:20]) > limit_bytes:
        raise BodyRefused(None, Problem.TOO_LARGE)
    try:
        message = await _first_message(request.receive, limit_bytes)
        if message["type"] == "http.request" and not message.get("more_body", False):
            body = message["body"]
            if len(body) > limit_bytes:
                raise BodyRefused(None, Problem.TOO_LARGE)
            return body
        async with asyncio.timeout(_deadline_seconds(limit_bytes)):
            return await _read_pieces(request.receive, message, limit_bytes)
    except TimeoutError:
        raise BodyRefused(None, Problem.TOO_SLOW) from None


async def _read_pieces(receive: Receive, message: HTTPReceiveMessage, limit_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        while True:
            if message["type"] != "http.request":
                raise ClientDisconnected
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            _buffered.size_bytes += len(pieces[-1])
            if size > limit_bytes:
                raise BodyRefused(None, Problem.TOO_LARGE)
            if _buffered.size_bytes > BUFFERED_BYTES_MAX:
                raise RequestRefused(FailureKind.UNAVAILABLE)
            if not message.get("more_body", False):
                return b"".join(pieces)
            message = cast(HTTPReceiveMessage, await receive())
    finally:
        _buffered.size_bytes -= size


async def _first_message(receive: Receive, limit_bytes: int) -> HTTPReceiveMessage:
    """The first message, for which a timer is set only when it has to be waited for.

    In nearly every request the body has come along with the headers, and then the first step of
    `receive` already returns it. A timer that is never needed would cost 4 µs, a tenth of the request.
    """
    receiving: Coroutine[Any, Any, HTTPReceiveMessage] = receive()  # type: ignore[assignment]
    try:
        waiting_for = receiving.send(None)
    except StopIteration as finished:
        message: HTTPReceiveMessage = finished.value
        return message
    async with asyncio.timeout(_deadline_seconds(limit_bytes)):
        return await _Resumed(receiving, waiting_for)


def _deadline_seconds(limit_bytes: int) -> float:
    return max(BODY_DEADLINE_SECONDS, limit_bytes / BODY_RATE_BYTES_MIN)


class _Resumed(Generic[T]):
    """Awaits the rest of a coroutine whose first step has been taken and waits for `waiting_for`."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], waiting_for: Any) -> None:
        self._coroutine = coroutine
        self._waiting_for = waiting_for

    def __await__(self) -> Generator[Any, Any, T]:
        while True:
            try:
                try:
                    sent = yield self._waiting_for
                except BaseException as error:
                    self._waiting_for = self._coroutine.throw(error)
                else:
                    self._waiting_for = self._coroutine.send(sent)
            except StopIteration as finished:
                return cast(T, finished.value)


class _Reader:
    """Decodes bodies of one type."""

    def __init__(self, kind: type) -> None:
        self._kind = kind
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)

    def decode(self, raw: bytes) -> Any:
        raw = raw.removeprefix(_BYTE_ORDER_MARK)
        try:
            if not raw.isascii():
                # msgspec passes over names and texts that nobody asks for without looking at their bytes.
                raw.decode()
            value = self._decoder.decode(raw)
        except (ValueError, RecursionError) as error:
            raise first_fault(raw, self._kind, error) from None
        if _needs_examination(raw):
            examine(raw, self._kind)
        return value


def _needs_examination(raw: bytes) -> bool:
    """Whether a name could occur twice, or a text hold a NUL. Cheap, and never wrongly False.

    Of members with the same name only one is left when the body is read and written again, and with the
    others their quotes are gone.
    """
    if raw.find(b"\\u") >= 0:
        return True
    try:
        again = _encoder.encode(_any_decoder.decode(raw))
    except (ValueError, RecursionError):
        # A number that is too long, for example, under a name that nobody asks for.
        return True
    return raw.count(b'"') != again.count(b'"')


@lru_cache(maxsize=1024)
def _reader(kind: Any) -> _Reader:
    return _Reader(kind)
