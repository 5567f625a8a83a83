"""Webhooks go out by themselves: at once, again after a failure, and after the database hung up."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import psycopg
import pytest
import pytest_asyncio

from regulars import jobs
from regulars.base.clock import utc_now
from regulars.db import listening
from regulars.db.database import Database
from regulars.features.passes.actions import Carriers
from regulars.features.photos.actions import PhotoLibrary
from regulars.features.webhooks import endpoints, rules
from tests.support.webhook_endpoints import EVENT, SECRET_KEY, Receiver, Telling, receiving, until


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture
async def telling(
    database: Database, database_url: str, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Telling]:
    """A program whose webhooks are delivered in the background."""
    photos = PhotoLibrary(tmp_path_factory.mktemp("photos"))
    tools = jobs.Tools(
        database, utc_now, photos, Carriers(None, None), "https://loyalty.example", SECRET_KEY, True
    )
    telling = await Telling.create(database)
    telling.now = utc_now()
    await telling.add(receiver.url("/ok"))
    async with jobs.delivering(database_url, tools):
        await until_listening(database_url)
        yield telling
    photos.close()


async def listeners(database_url: str) -> list[int]:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        cursor = await connection.execute(
            "select pid from pg_stat_activity where application_name = 'regulars-webhooks'"
            " and datname = current_database() and state = 'idle' and query like 'listen %'"
        )
        return [pid for (pid,) in await cursor.fetchall()]


async def until_listening(database_url: str) -> None:
    async with asyncio.timeout(20):
        while not await listeners(database_url):
            await asyncio.sleep(0.02)


async def until_arrived(receiver: Receiver, count: int) -> None:
    await until(lambda: len(receiver.received) == count)


async def test_an_event_goes_out_at_once(telling: Telling, receiver: Receiver) -> None:
    for number in range(1, 6):
        await telling.emit(EVENT)
        await until_arrived(receiver, number)
    assert len({webhook.event_id for webhook in receiver.received}) == 5


async def test_what_failed_goes_out_again_by_itself(
    telling: Telling, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "DELAYS", (timedelta(milliseconds=300), *rules.DELAYS[1:]))
    receiver.answers["/ok"].append(b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n")
    await telling.emit(EVENT)
    await until(lambda: len(receiver.received) == 2)
    assert receiver.received[0].event_id == receiver.received[1].event_id


async def test_what_waited_for_an_endpoint_goes_out_when_it_is_enabled(
    telling: Telling, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "DELAYS", (timedelta(milliseconds=300), *rules.DELAYS[1:]))
    receiver.answers["/ok"].append(b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n")
    await telling.emit(EVENT)
    await until_arrived(receiver, 1)
    await switch(telling, enabled=False)
    while utc_now() < await next_due(telling):
        await asyncio.sleep(0.02)
    await switch(telling, enabled=True)
    await until_arrived(receiver, 2)


async def switch(telling: Telling, *, enabled: bool) -> None:
    """The operator switches the endpoint."""
    async with telling.database.transaction() as connection:
        await endpoints.switch_endpoint(connection, telling.program_id, 1, enabled=enabled, now=utc_now())


async def next_due(telling: Telling) -> datetime:
    """When the delivery is to be tried again, or would be."""
    async with asyncio.timeout(20):
        while not (deliveries := await telling.log(1))[0].attempts:
            await asyncio.sleep(0.02)
    assert deliveries[0].due_at is not None
    return deliveries[0].due_at


async def test_events_go_out_after_the_database_hung_up(
    telling: Telling, receiver: Receiver, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "RECONNECT_SECONDS", 0.2)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for pid in await listeners(database_url):
            await connection.execute("select pg_terminate_backend(%s)", [pid])
    await telling.emit(EVENT)
    await until(lambda: len(receiver.received) == 1)
    await until_listening(database_url)
    await telling.emit(EVENT)
    await until(lambda: len(receiver.received) == 2)


async def test_a_program_without_endpoints_wakes_nobody(
    telling: Telling, database: Database, database_url: str
) -> None:
    other = await Telling.create(database, "other")
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("listen regulars_webhooks")
        await other.emit(EVENT)
        await telling.emit(EVENT)
        heard = [notice.pid async for notice in connection.notifies(timeout=5, stop_after=1)]
        heard += [notice.pid async for notice in connection.notifies(timeout=0.1)]
    assert len(heard) == 1
    assert await telling.rows("select distinct program_id from events") == [(telling.program_id,)]
