"""Receivers that hang, drip, redirect, drop, or answer megabytes; and nobody else waits for them."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
import pytest_asyncio

from regulars.db.database import Database
from tests.support.webhook_endpoints import EVENT, Receiver, Telling, receiving, until


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.mark.parametrize(
    ("path", "trouble"),
    [
        ("/hang", "did not answer within 0.5 s"),
        ("/drip", "did not answer within 0.5 s"),
        ("/302", "answered 302, and redirects are not followed"),
        ("/500", "answered 500"),
        ("/429", "answered 429"),
        ("/drop", "RemoteProtocolError: Server disconnected without sending a response."),
        ("/headers", "RemoteProtocolError: "),
    ],
)
async def test_what_is_no_success_is_tried_again(
    database: Database, receiver: Receiver, path: str, trouble: str
) -> None:
    telling = await Telling.create(database, seconds_max=0.5 if "0.5 s" in trouble else 15)
    await telling.add(receiver.url(path))
    await telling.emit(EVENT)
    began_at = time.monotonic()
    assert await telling.deliver() == 1
    assert time.monotonic() - began_at < 5
    [delivery] = await telling.log(1)
    assert delivery.state == "pending" and delivery.due_at is not None and delivery.due_at > telling.now
    assert (delivery.trouble or "").startswith(trouble)
    assert [failure.trouble for failure in delivery.failures] == [delivery.trouble]
    assert receiver.at("/redirected") == []


async def test_megabytes_are_cut_off_and_count(database: Database, receiver: Receiver) -> None:
    telling = await Telling.create(database)
    await telling.add(receiver.url("/megabytes"))
    await telling.emit(EVENT)
    await telling.deliver()
    [delivery] = await telling.log(1)
    assert delivery.state == "delivered" and delivery.answer == "x" * 500
    assert receiver.megabytes < 25, "the rest was never taken"


async def test_what_a_receiver_says_is_harmless(database: Database, receiver: Receiver) -> None:
    telling = await Telling.create(database)
    await telling.add(receiver.url("/ok"))
    answer = b"\x1b[31m\0\xff\xed\xa0\x80ok\r\n"
    receiver.answers["/ok"].append(b"HTTP/1.1 200 X\r\ncontent-length: %d\r\n\r\n%b" % (len(answer), answer))
    await telling.emit(EVENT)
    await telling.deliver()
    [delivery] = await telling.log(1)
    assert delivery.state == "delivered"
    assert delivery.answer is not None and delivery.answer.isprintable() and delivery.answer.endswith("ok")


async def test_a_receiver_that_nobody_runs_is_tried_again(database: Database, receiver: Receiver) -> None:
    telling = await Telling.create(database)
    await telling.add("http://127.0.0.1:1/")
    await telling.add("http://no-such-name.invalid/")
    await telling.emit(EVENT)
    assert await telling.deliver() == 2
    assert ((await telling.log(1))[0].trouble or "").startswith("ConnectError")
    assert "cannot be looked up" in ((await telling.log(2))[0].trouble or "")


async def test_a_slow_endpoint_delays_no_other(database: Database, receiver: Receiver) -> None:
    telling = await Telling.create(database, seconds_max=15)
    await telling.add(receiver.url("/hang"), "loan.*")
    await telling.add(receiver.url("/drip"), "loan.*")
    await telling.add(receiver.url("/ok"))
    await telling.emit(*[EVENT] * 50)
    worker = asyncio.create_task(telling.deliveries.run())
    try:
        await until(lambda: receiver.hanging > 0 and len(receiver.at("/ok")) == 50)
        for _ in range(20):
            await telling.emit("membership.ended")
            telling.deliveries.wake()
        await until(lambda: len(receiver.at("/ok")) == 70)
        assert receiver.hanging_most <= 4
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def test_a_busy_endpoint_that_is_gone_is_left_alone(database: Database, receiver: Receiver) -> None:
    telling = await Telling.create(database)
    await telling.add(receiver.url("/410"))
    fine = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
    receiver.answers["/410"].extend([fine] * 300)
    await telling.emit(*[EVENT] * 1000)
    await telling.deliver()
    assert len(receiver.received) <= 300 + 16
    [(waiting, leased)] = await telling.rows(
        "select count(*) filter (where state = 'pending'), count(lease_id) from webhook_deliveries"
    )
    assert waiting + len(receiver.received) == 1000 and leased == 0
    assert (await telling.endpoint(1)).status == "disabled"


async def test_a_late_endpoint_is_asked_one_thing_at_a_time(database: Database, receiver: Receiver) -> None:
    telling = await Telling.create(database, seconds_max=0.4)
    await telling.add(receiver.url("/hang"))
    await telling.emit(*[EVENT] * 8)
    await telling.deliver()
    arrivals = [webhook.seconds for webhook in receiver.received]
    assert len(arrivals) == 8
    assert all(later - earlier > 0.2 for earlier, later in pairwise(arrivals[3:]))
    assert [delivery.attempts for delivery in await telling.log(1)] == [1] * 8
