"""What issuing, changing and delivering passes costs is the same however many passes there are.

Connections keep generic plans, so each statement is first planned on empty tables, as on the day of an
installation, and then serves very many passes of very many members, most of them with a phone.
"""

from collections.abc import Callable
from typing import Any, LiteralString
from uuid import uuid4

import msgspec
import psycopg

from regulars.db.database import Connection, Database
from regulars.db.pipeline import Pipeline, Statement
from regulars.features.passes import store, store_jobs, store_registrations
from tests.support.passes import PassWorld, pass_world
from tests.support.plans import check, keep_first_plans, nodes, plan_anew, plan_for_good, plan_of
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

PASSES = bounded(20_000, 1_000_000)
PAGES_MAX = 80
ROUND_PAGES_MAX = 1_500
"""Fifty updates, each with its pass, its identifier and its phones, and the indexes that follow."""

BULK: list[LiteralString] = [
    """
    insert into members (program_id, member_id, number, name, created_at, updated_at)
    select %(program_id)s, gen_random_uuid(), 1000 + n, '', now(), now()
    from generate_series(1, %(count)s) n
    """,
    """
    insert into identifiers (program_id, identifier_id, member_id, kind, value, location_id, created_at)
    select program_id, number, member_id, 'pass', lpad(number::text, 48, '0'), %(location_id)s, now()
    from members where number > 1000
    """,
    """
    insert into passes (
        program_id, pass_id, member_id, location_id, identifier_id, created_at, modified_at, status, due_at
    )
    select program_id, gen_random_uuid(), member_id, location_id, identifier_id, now(),
        date_trunc('second', now()), case when mod(identifier_id, 2) = 0 then 'sent' else 'queued' end,
        case when mod(identifier_id, 2) = 0 then null else now() end
    from identifiers where kind = 'pass' and identifier_id > 1000
    """,
    """
    insert into pass_registrations (
        program_id, device, identifier_id, pass_id, push_token, pushed_sequence, registered_at
    )
    select program_id, sha256(pass_id::text::bytea), identifier_id, pass_id, 'x', 0, now() from passes
    where identifier_id > 1000
    """,
]

SINGLE: list[LiteralString | Statement] = [
    store.SELECT_OF_MEMBER,
    store.SELECT_BY_TOKEN,
    store.SELECT_BY_TOKEN_ANYWHERE,
    store.SELECT_BY_SERIAL,
    store.END_UNFINDABLE,
    store.INSERT,
    store.SET_IDENTIFIER,
    store.SET_GOOGLE_SAVED,
    store.REQUEUE_CHANGED,
    store.MOVE,
    store_registrations.REGISTER,
    store_registrations.UNREGISTER,
    store_registrations.SELECT_OF_DEVICE,
]
"""What one request sends."""

ROUND: list[LiteralString | Statement] = [
    store_jobs.END_ERASED,
    store_jobs.CLAIM,
    store_jobs.FINISH,
    store_registrations.SET_PUSHED,
    store_registrations.FORGET,
]
"""What one round of deliveries sends."""


async def plan(connection: Connection, statement: LiteralString | Statement, values: dict[str, Any]) -> None:
    """The connection keeps a plan for the statement as it is made today."""
    if isinstance(statement, str):
        await plan_for_good(connection, statement, values)
        return
    pipeline = Pipeline(connection)
    for _ in range(2):
        pipeline.send(statement, {name: str(values[name]).encode() for name in statement.parameters})
        await pipeline.flush()


async def test_plans_serve_very_many_passes(database: Database, database_url: str) -> None:
    async with pass_world(database) as world:
        values = await values_of(world)
        owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
        async with database.connection() as connection, owner:
            await keep_first_plans(connection, owner)
            for statement in (*SINGLE, *ROUND):
                await plan(connection, statement, values)
            for bulk in BULK:
                await owner.execute(bulk, values | {"count": PASSES})
            values |= await values_of_many(world)
            for again in ("select 1", "analyze"):
                await owner.execute(again.encode())
                await plan_anew(connection)
                for statement in SINGLE:
                    check(statement, await plan_of(connection, statement, values), PAGES_MAX)
                for statement in ROUND:
                    check(statement, await plan_of(connection, statement, values), ROUND_PAGES_MAX)
                claim = nodes(await plan_of(connection, store_jobs.CLAIM, values))
                assert "due_passes" in {node.get("Index Name") for node in claim}


async def values_of(world: PassWorld) -> dict[str, Any]:
    """What every statement can be asked with, about the first pass there is."""
    card = await world.registered()
    return {
        "program_id": world.program_id,
        "location_id": world.venue,
        "member_id": card.member_id,
        "pass_id": card.pass_id,
        "identifier_id": 1,
        "token": card.token,
        "kind": "pass",
        "now": world.now,
        "changed_since": world.now,
        "members": msgspec.json.encode([store.Moved(card.member_id, world.venue)]).decode(),
        "reason": "earned",
        "device": b"\0" * 32,
        "push_token": b"x",
        "limit": 50,
        "lease_id": uuid4(),
        "lease_until": world.now,
        "pushed": "[]",
        "gone": "[]",
        "outcomes": "[]",
    }


async def values_of_many(world: PassWorld) -> dict[str, Any]:
    """The same about one pass of many, and about fifty of them that are under way."""
    rows = await world.rows(
        """
        select p.member_id, p.pass_id, p.identifier_id, i.value, r.device from passes p
        join identifiers i using (program_id, identifier_id)
        join pass_registrations r using (program_id, identifier_id)
        where p.identifier_id > 1000
        order by p.identifier_id limit 50
        """
    )
    member_id, pass_id, identifier_id, token, device = rows[0]
    program_id = world.program_id
    lease_id = uuid4()
    return {
        "member_id": member_id,
        "pass_id": pass_id,
        "identifier_id": identifier_id,
        "token": token,
        "device": device,
        "lease_id": lease_id,
        "members": msgspec.json.encode([store.Moved(member_id, 0)]).decode(),
        "pushed": as_rows(rows, lambda row: phone_of(program_id, row) | {"sequence": 10**9}),
        "gone": as_rows(rows, lambda row: phone_of(program_id, row) | {"push_token": "\\x78"}),
        "outcomes": as_rows(
            rows,
            lambda row: {"program_id": program_id, "pass_id": row[1], "trouble": None, "due_at": None},
        ),
    }


def as_rows(rows: list[tuple[Any, ...]], row_of: Callable[[tuple[Any, ...]], dict[str, Any]]) -> str:
    """A parameter of a round's statement."""
    return msgspec.json.encode([row_of(row) for row in rows]).decode()


def phone_of(program_id: int, row: tuple[Any, ...]) -> dict[str, Any]:
    """The phone of one of the passes that are under way."""
    return {"program_id": program_id, "device": "\\x" + row[4].hex(), "identifier_id": row[2]}
