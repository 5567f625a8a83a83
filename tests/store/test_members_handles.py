"""From a handle to a member's id on a real PostgreSQL: look-ups that go together, and answers that age."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio
from psycopg import sql

from regulars.db.database import Connection, Database, DatabaseUnavailable
from regulars.features.access import actions as access
from regulars.features.members import actions as members
from regulars.features.members import caches, store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MEMBERS = 20_000


class Time:
    """Seconds that pass when the test says so."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class Gate:
    """A database that counts how often it is asked, and answers only while it is open."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.borrowed = 0
        self.opened = asyncio.Event()
        self.opened.set()
        self.reached = asyncio.Event()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        self.borrowed += 1
        self.reached.set()
        await self.opened.wait()
        async with self.database.connection() as connection:
            yield connection


@pytest.fixture
def gate(database: Database) -> Any:
    return Gate(database)


@pytest_asyncio.fixture
async def program_id(database: Database) -> int:
    return await create_program(database, "family")


async def create_program(database: Database, slug: str) -> int:
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug=slug, name=slug, currency="GBP", time_zone="UTC", now=NOW
        )
    return program.program_id


async def enrol(database: Database, program_id: int, handle: str) -> UUID:
    async with database.transaction() as connection:
        member = await members.enrol(
            connection, program_id, name=handle, identifiers=[("handle", handle, None)], now=NOW
        )
    return member.member_id


async def erase(database: Database, program_id: int, member_id: UUID) -> None:
    async with database.transaction() as connection:
        await members.erase(connection, program_id, member_id, NOW)


async def test_ids_by_handle(database: Database, program_id: int) -> None:
    other_program_id = await create_program(database, "others")
    named = ["ada", 'a "quoted" one', "back\\slash", "{}", "żółw", "🦊 fox", "null", "%(handle)s"]
    known = {handle: await enrol(database, program_id, handle) for handle in named}
    await enrol(database, other_program_id, "zoe")
    elsewhere = await enrol(database, other_program_id, "ada")
    async with database.connection() as connection:
        find = store.select_ids_by_handle
        assert await find(connection, program_id, [*named, "zoe", "nobody"]) == known
        assert await find(connection, other_program_id, named) == {"ada": elsewhere}
        assert await find(connection, program_id, []) == {}


async def test_a_lookup_survives_that_its_statement_was_deallocated(
    database: Database, program_id: int
) -> None:
    ada = await enrol(database, program_id, "ada")
    async with database.connection() as connection:
        for _ in range(2):
            assert await store.select_ids_by_handle(connection, program_id, ["ada"]) == {"ada": ada}
            await connection.execute("deallocate all")


async def test_a_crowd_that_asks_for_different_handles_asks_together(
    database: Database, gate: Any, program_id: int
) -> None:
    other_program_id = await create_program(database, "others")
    known = {f"child-{n}": await enrol(database, program_id, f"child-{n}") for n in range(20)}
    cache = members.HandleCache(gate)
    asked = [*known, "nobody", " CHILD-3 "]
    found = await asyncio.gather(*(cache.member_id(program_id, handle) for handle in asked))
    assert found == [*known.values(), None, known["child-3"]]
    assert gate.borrowed == 1
    assert all(cache.cached(program_id, handle) == member_id for handle, member_id in known.items())
    strangers = await asyncio.gather(*(cache.member_id(other_program_id, handle) for handle in known))
    assert set(strangers) == {None}
    assert gate.borrowed == 2, "programs are asked about one by one"


async def test_a_failure_reaches_those_who_asked_and_nobody_else(
    database: Database, gate: Any, program_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {handle: await enrol(database, program_id, handle) for handle in ("ada", "ben", "cyd")}
    select = store.select_ids_by_handle

    async def failing(connection: Connection, program_id: int, handles: list[str]) -> dict[str, UUID]:
        if "ada" in handles:
            raise DatabaseUnavailable("away")
        return await select(connection, program_id, handles)

    monkeypatch.setattr(store, "select_ids_by_handle", failing)
    cache = members.HandleCache(gate)
    gate.opened.clear()
    early = [asyncio.create_task(cache.member_id(program_id, handle)) for handle in ("ada", "ben")]
    await gate.reached.wait()
    late = asyncio.create_task(cache.member_id(program_id, "cyd"))
    gate.opened.set()
    for asking in early:
        with pytest.raises(DatabaseUnavailable):
            await asking
    assert await late == known["cyd"]
    assert await cache.member_id(program_id, "ben") == known["ben"], "a failure is not remembered"


async def test_one_who_hangs_up_disturbs_nobody(database: Database, gate: Any, program_id: int) -> None:
    known = {handle: await enrol(database, program_id, handle) for handle in ("ada", "ben")}
    cache = members.HandleCache(gate)
    gate.opened.clear()
    ada, also_ada, ben = (
        asyncio.create_task(cache.member_id(program_id, handle)) for handle in ("ada", "ada", "ben")
    )
    await gate.reached.wait()
    ada.cancel()
    gate.opened.set()
    assert (await also_ada, await ben) == (known["ada"], known["ben"])
    assert (ada.cancelled(), gate.borrowed) == (True, 1)


async def test_forgetting_while_an_answer_is_on_its_way(
    database: Database, gate: Any, program_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await enrol(database, program_id, "ada")
    select, answered, held = store.select_ids_by_handle, asyncio.Event(), asyncio.Event()

    async def slow(connection: Connection, program_id: int, handles: list[str]) -> dict[str, UUID]:
        found = await select(connection, program_id, handles)
        if not answered.is_set():
            answered.set()
            await held.wait()
        return found

    monkeypatch.setattr(store, "select_ids_by_handle", slow)
    cache = members.HandleCache(gate)
    early = asyncio.create_task(cache.member_id(program_id, "ada"))
    await answered.wait()
    await erase(database, program_id, old)
    new = await enrol(database, program_id, "ada")
    cache.forget(program_id, "ADA ")
    assert await cache.member_id(program_id, "ada") == new
    held.set()
    assert await early == old
    assert (cache.cached(program_id, "ada"), cache.cached_for_posting(program_id, "ada")) == (new, new)


async def test_an_answer_is_for_readers_a_minute_and_for_postings_however_old(
    database: Database, gate: Any, program_id: int
) -> None:
    time = Time()
    cache = members.HandleCache(gate, monotonic=time)
    assert cache.cached_for_posting(program_id, "ada") is None
    ada = await enrol(database, program_id, "ada")
    assert await cache.member_id(program_id, "ada") == ada
    await erase(database, program_id, ada)
    time.seconds += 59
    assert cache.cached(program_id, "ada") == await cache.member_id(program_id, "ada") == ada
    time.seconds += 2
    assert cache.cached(program_id, "ada") is None
    assert cache.cached_for_posting(program_id, "ada") == ada
    assert cache.cached_for_posting(program_id + 1, "ada") is None
    assert await cache.member_id(program_id, "ada") is None, "readers stop within the lifetime"
    assert cache.cached_for_posting(program_id, "ada") is None, "what a reader found out serves all"
    new = await enrol(database, program_id, "ada")
    time.seconds += 1_000_000
    assert await cache.member_id(program_id, "ada") == new


async def test_no_more_ids_are_remembered_than_fit(database: Database, program_id: int) -> None:
    known = {handle: await enrol(database, program_id, handle) for handle in ("ada", "ben", "cyd")}
    cache = members.HandleCache(database, size_max=2)
    for handle in known:
        await cache.member_id(program_id, handle)
    remembered = [cache.cached_for_posting(program_id, handle) for handle in known]
    assert remembered == [None, known["ben"], known["cyd"]]


async def test_who_waits_too_long_is_told_so_and_too_many_are_turned_away(
    database: Database, gate: Any, program_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await enrol(database, program_id, "ada")
    monkeypatch.setattr(caches, "WAITING_MAX", 3)
    cache = members.HandleCache(gate)
    gate.opened.clear()
    under_way = [asyncio.create_task(cache.member_id(program_id, "ada"))]
    await gate.reached.wait()
    under_way.append(asyncio.create_task(cache.member_id(program_id, "ben")))
    while gate.borrowed < 2:
        await asyncio.sleep(0)
    monkeypatch.setattr(caches, "WAIT_SECONDS_MAX", 0.05)
    crowd = [cache.member_id(program_id, f"child-{n}") for n in range(4)]
    outcomes = await asyncio.gather(*crowd, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [DatabaseUnavailable] * 4
    assert ["too many" in str(outcome) for outcome in outcomes] == [False, False, False, True]
    gate.opened.set()
    assert await asyncio.gather(*under_way) == [ada, None]


async def test_the_plan_made_on_an_empty_table_serves_a_full_one(
    database: Database, program_id: int, database_url: str
) -> None:
    async with (
        database.connection() as connection,
        await Connection.connect(database_url, autocommit=True) as owner,
    ):
        await store.select_ids_by_handle(connection, program_id, ["user-1"])
        await owner.execute("alter table members set (autovacuum_enabled = off)")
        await owner.execute(
            """
            insert into members (program_id, member_id, number, handle, name, created_at, updated_at)
            select %s, gen_random_uuid(), n, 'user-' || n, '', now(), now() from generate_series(1, %s) n
            """,
            [program_id, MEMBERS],
        )
        handles = [f"user-{n}" for n in range(1, MEMBERS, MEMBERS // 50)]
        for statement in ("select 1", "analyze members"):
            await owner.execute(statement.encode())
            assert len(await store.select_ids_by_handle(connection, program_id, handles)) == len(handles)
            check_plan(await plan_of(connection, program_id, handles), lookups=len(handles))


async def plan_of(connection: Connection, program_id: int, handles: list[str]) -> dict[str, Any]:
    """How the plan that the connection keeps runs for these handles."""
    statement = store.SELECT_IDS_BY_HANDLE
    values = {"program_id": program_id, "handles": msgspec.json.encode(handles).decode()}
    parameters = sql.SQL(", ").join(sql.Literal(values[name]) for name in statement.parameters)
    query = sql.SQL("explain (analyze, buffers, format json) execute {}({})")
    cursor = await connection.execute(query.format(sql.Identifier(statement.name.decode()), parameters))
    row = await cursor.fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def check_plan(plan: dict[str, Any], *, lookups: int) -> None:
    """One descent of the index for each handle, and nothing that grows with the table."""
    kinds = [plan["Node Type"]]
    for node in plan["Plans"]:
        kinds += [node["Node Type"], *(child["Node Type"] for child in node.get("Plans", []))]
    assert kinds == ["Nested Loop", "Function Scan", "Limit", "Index Scan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= 5 * lookups
