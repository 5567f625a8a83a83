"""Long answers of /sync are sent while they are read, no faster than the client takes them."""

import asyncio
from typing import Any

import msgspec
import pytest

from regulars.http import streams
from tests.support.hotels import BASE, Hotels

FILL = """
insert into members (program_id, member_id, number, name, status, created_at, updated_at)
select %(program_id)s, gen_random_uuid(), n, rpad('Customer ' || n || ' ', 200, 'x'),
    case when n %% 10 = 0 then 'inactive' else 'active' end, '2026-01-01', '2026-01-01'
from generate_series(1, %(count)s) n
"""
COUNT = 12_000
"""Some four megabytes, which is more than all buffers on the way hold."""

Message = dict[str, Any]


@pytest.fixture
def long_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer counts as long soon."""
    monkeypatch.setattr(streams, "WHOLE_BYTES_MAX", 10_000)


@pytest.fixture
async def crowded(hub: Hotels, long_answers: None) -> Hotels:
    """The same hotels with many customers."""
    async with hub.database.connection() as connection:
        await connection.execute(FILL, {"program_id": hub.program_id, "count": COUNT})
    return hub


class Client:
    """Takes what is sent to it, at once until it is told otherwise."""

    def __init__(self, hub: Hotels, query: str = "") -> None:
        self.messages: list[Message] = []
        self.arrived = asyncio.Event()
        self.reading = asyncio.Event()
        self.gone = asyncio.Event()
        self.reading.set()
        self._application = hub.application
        self._scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": f"{BASE}/sync", "raw_path": f"{BASE}/sync".encode(), "root_path": "",
            "query_string": query.encode(), "client": ("127.0.0.1", 1), "server": ("hotels.test", 80),
            "headers": [(name.lower().encode(), value.encode()) for name, value in hub.headers().items()],
            "state": {},
        }  # fmt: skip

    async def ask(self) -> None:
        """Returns when the application is done."""
        scope: Any = self._scope
        await self._application(scope, self._receive, self._send)  # type: ignore[arg-type]

    @property
    def status(self) -> int:
        """The status of the answer."""
        return int(self.messages[0]["status"])

    @property
    def body(self) -> bytes:
        """What has arrived of the body."""
        return b"".join(message.get("body", b"") for message in self.messages[1:])

    @property
    def is_complete(self) -> bool:
        """Whether the client can tell that nothing is missing."""
        return not self.messages[-1].get("more_body", True)

    async def _send(self, message: Message) -> None:
        self.messages.append(message)
        self.arrived.set()
        await self.reading.wait()

    async def _receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}


async def free_connections(hub: Hotels) -> None:
    """Every connection of the pool can be had at once, so nobody holds one."""
    async with (
        hub.database.connection(),
        hub.database.connection(),
        hub.database.connection(),
        hub.database.connection() as connection,
    ):
        cursor = await connection.execute("select current_setting('statement_timeout'), current_user")
        assert await cursor.fetchone() == ("10s", "regulars_server")


async def test_a_long_answer_is_the_whole_in_pieces(crowded: Hotels) -> None:
    client = Client(crowded, "include_deleted=1")
    await client.ask()
    assert (client.status, client.is_complete) == (200, True)
    assert len(client.messages) > 4
    body = msgspec.json.decode(client.body)
    assert [customer["id"] for customer in body["customers"]] == [n for n in range(1, COUNT + 1) if n % 10]
    assert body["deleted"] == list(range(10, COUNT + 1, 10))
    assert list(body) == ["customers", "count", "sync_time", "deleted"]
    assert body["count"] == len(body["customers"])
    await free_connections(crowded)


async def test_who_changes_meanwhile_comes_once_and_as_before(crowded: Hotels) -> None:
    client = Client(crowded)
    client.reading.clear()
    asking = asyncio.create_task(client.ask())
    await client.arrived.wait()
    async with crowded.database.transaction() as connection:
        await connection.execute("update members set name = 'Changed', updated_at = now()")
    await crowded.erase(COUNT - 1)
    await crowded.add_fob(COUNT - 2, "NEW")
    client.reading.set()
    await asking
    customers = msgspec.json.decode(client.body)["customers"]
    assert [(customer["id"], customer["name"][:14]) for customer in customers] == [
        (number, f"Customer {number} xxxxx"[:14]) for number in range(1, COUNT + 1) if number % 10
    ]


async def test_a_client_who_hangs_up_frees_the_connection(crowded: Hotels) -> None:
    client = Client(crowded)
    client.reading.clear()
    asking = asyncio.create_task(client.ask())
    await client.arrived.wait()
    client.gone.set()
    client.reading.set()
    await asking
    assert not client.is_complete
    assert len(client.body) < 1_000_000
    await free_connections(crowded)


async def test_a_client_who_stops_reading_is_given_up(
    crowded: Hotels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "STALL_SECONDS_MAX", 0.05)
    client = Client(crowded)
    asking = asyncio.create_task(client.ask())
    await client.arrived.wait()
    client.reading.clear()
    await asking
    assert not client.is_complete
    await free_connections(crowded)


async def test_a_client_who_reads_too_slowly_is_given_up(
    crowded: Hotels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "STREAM_SECONDS_MAX", 0.0)
    client = Client(crowded)
    await client.ask()
    assert not client.messages or not client.is_complete
    await free_connections(crowded)


async def test_what_fails_in_the_middle_does_not_look_complete(
    crowded: Hotels, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(crowded)
    client.reading.clear()
    asking = asyncio.create_task(client.ask())
    await client.arrived.wait()
    async with crowded.database.connection() as connection:
        # The streaming backend is ended as an administrator or a crash would end it.
        await connection.execute("set role none")
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and state = 'active' and pid <> pg_backend_pid()"
        )
        await connection.execute("set role regulars_server")
    client.reading.set()
    await asking
    assert not client.is_complete
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(client.body)
    await free_connections(crowded)


async def test_too_many_long_answers_at_once_are_told_to_come_back(
    crowded: Hotels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "STREAMS_MAX", 1)
    first = Client(crowded)
    first.reading.clear()
    asking = asyncio.create_task(first.ask())
    await first.arrived.wait()
    second = Client(crowded)
    await second.ask()
    assert second.status == 503
    assert (b"retry-after", b"1") in second.messages[0]["headers"]
    assert msgspec.json.decode(second.body)["code"] == "service_unavailable"
    # What is short is answered meanwhile.
    few = Client(crowded, "limit=20")
    await few.ask()
    assert (few.status, few.is_complete) == (200, True)
    first.reading.set()
    await asking
    assert first.is_complete
    third = Client(crowded)
    await third.ask()
    assert third.is_complete
