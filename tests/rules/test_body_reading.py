"""Reading bodies: how they arrive, how much of one is taken in, and for how long."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec import Struct

from regulars.http import bodies
from regulars.http.bodies import read_body, read_json
from regulars.http.failures import BodyRefused, ClientDisconnected, FailureKind, Problem, RequestRefused
from regulars.http.requests import HttpRequest

Message = dict[str, Any]


class Purchase(Struct, frozen=True, rename={"user_id": "userId"}):
    user_id: str
    amount: int


def piece(body: bytes, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def request_of(messages: Iterable[Message], headers: list[tuple[bytes, bytes]] | None = None) -> HttpRequest:
    """A request whose body arrives as `messages`, and then nothing any more."""
    arriving = iter(messages)

    async def receive() -> Any:
        for message in arriving:
            await asyncio.sleep(0)
            return message
        await asyncio.Event().wait()
        raise AssertionError

    scope: Any = {"type": "http", "headers": headers or []}
    return HttpRequest(scope, receive)


async def test_a_body_may_arrive_in_pieces() -> None:
    request = request_of([piece(b'{"userId":', True), piece(b'"leo","amo', True), piece(b'unt":5}')])
    assert await read_json(request, Purchase, limit_bytes=1000) == Purchase("leo", 5)
    assert bodies._buffered.size_bytes == 0


async def test_a_body_that_is_there_already_needs_no_turn_of_the_loop() -> None:
    async def receive() -> Any:
        return piece(b"{}")

    scope: Any = {"type": "http", "headers": []}
    coroutine = read_body(HttpRequest(scope, receive), limit_bytes=10)
    with pytest.raises(StopIteration) as finished:
        coroutine.send(None)
    assert finished.value.value == b"{}"


async def test_no_body_counts_as_an_empty_object_only_where_asked() -> None:
    class Optional(Struct):
        token: str | None = None

    assert (
        await read_json(request_of([piece(b" ")]), Optional, limit_bytes=9, empty_is_object=True)
        == Optional()
    )
    with pytest.raises(BodyRefused):
        await read_json(request_of([piece(b"")]), Optional, limit_bytes=9)


TOO_LARGE = {
    "by its own account": ([], [(b"content-length", b"11")]),
    "by an account beyond all measure": ([], [(b"content-length", b"9" * 5000)]),
    "at once": ([piece(b"x" * 11)], []),
    "in pieces": ([piece(b"x" * 6, True), piece(b"x" * 6, True)], []),
    "in spite of its account": ([piece(b"x" * 11)], [(b"content-length", b"5")]),
}


@pytest.mark.parametrize(("messages", "headers"), TOO_LARGE.values(), ids=TOO_LARGE)
async def test_a_body_that_is_too_large_is_not_taken_in(
    messages: list[Message], headers: list[tuple[bytes, bytes]]
) -> None:
    with pytest.raises(BodyRefused) as caught:
        await read_body(request_of(messages, headers), limit_bytes=10)
    assert caught.value.kind is Problem.TOO_LARGE
    assert bodies._buffered.size_bytes == 0


async def test_a_body_of_exactly_the_limit_is_taken_in() -> None:
    assert (
        await read_body(request_of([piece(b"x" * 10)], [(b"content-length", b"10")]), limit_bytes=10)
        == b"x" * 10
    )


@pytest.mark.parametrize("messages", [[], [piece(b"{", True)]], ids=["never begins", "never ends"])
async def test_a_body_that_is_too_slow_is_given_up(
    messages: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_DEADLINE_SECONDS", 0.05)
    with pytest.raises(BodyRefused) as caught:
        await asyncio.wait_for(read_body(request_of(messages), limit_bytes=10), 5)
    assert caught.value.kind is Problem.TOO_SLOW


@pytest.mark.parametrize("messages", [[], [piece(b"{", True)]], ids=["at once", "in the middle"])
async def test_a_client_that_hangs_up_is_noticed(messages: list[Message]) -> None:
    request = request_of([*messages, {"type": "http.disconnect"}])
    with pytest.raises(ClientDisconnected):
        await read_body(request, limit_bytes=10)
    assert bodies._buffered.size_bytes == 0


async def test_bodies_in_pieces_share_a_bounded_amount_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BUFFERED_BYTES_MAX", 15)
    first = asyncio.create_task(read_body(request_of([piece(b"x" * 10, True)]), limit_bytes=20))
    while bodies._buffered.size_bytes == 0:
        await asyncio.sleep(0)
    with pytest.raises(RequestRefused) as caught:
        await read_body(request_of([piece(b"x" * 10, True)]), limit_bytes=20)
    assert caught.value.kind is FailureKind.UNAVAILABLE
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert bodies._buffered.size_bytes == 0


async def test_cancelling_the_wait_for_a_body_reaches_the_receiver() -> None:
    waiting, cancelled = asyncio.Event(), asyncio.Event()

    async def receive() -> Any:
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    scope: Any = {"type": "http", "headers": []}
    reading = asyncio.create_task(read_body(HttpRequest(scope, receive), limit_bytes=10))
    await waiting.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert cancelled.is_set()
