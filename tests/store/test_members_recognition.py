"""Recognising members by a text of which nobody knows what it is."""

from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from regulars.db.database import Connection, Database
from regulars.features.members import actions as members
from regulars.features.members.model_recognition import Recognised
from regulars.features.members.store_recognition import SELECT_RECOGNISED
from tests.support.enrolment import NOW, enrol, new_program

KINDS = ("rfid", "qr")
PAGES_MAX = 40
VALUES = ("b'1", "1", "a%", "\\", '"', "{}", "é@ü", "x" * 250 + "@y")

BULK: list[LiteralString] = [
    """
    insert into members (program_id, member_id, number, name, email, created_at, updated_at)
    select %(program_id)s, gen_random_uuid(), 1000 + n, '', 'm' || n || '@example.com', now(), now()
    from generate_series(1, 20000) n
    """,
    """
    insert into identifiers (program_id, identifier_id, member_id, kind, value, created_at)
    select program_id, 2 * number + k, member_id, (array['rfid', 'qr'])[k + 1], 'V' || number || k, now()
    from members, generate_series(0, 1) k
    where number > 1000
    """,
]


async def recognise(database: Database, program_id: int, text: str) -> Recognised | None:
    async with database.connection() as connection:
        return await members.recognise(connection, program_id, text, KINDS)


async def test_the_whole_member_comes_with_the_kind_and_the_label(database: Database) -> None:
    program_id = await new_program(database, "hotels")
    member = await enrol(
        database,
        program_id,
        "john",
        email="John@example.com",
        phone="+447700900123",
        staff=True,
        identifiers=[("rfid", "F1", "Primary"), ("qr", "Q1", None), ("card", "C1", None)],
    )
    for text, kind, label in (
        ("F1", "rfid", "Primary"),
        ("Q1", "qr", None),
        ("john@EXAMPLE.com", "email", None),
    ):
        assert await recognise(database, program_id, text) == Recognised(member, kind, label)
    for text in ("C1", "john", "+447700900123", "f1", "", " ", "\0", "F1\0", "\ud800", "John@example.com\n."):
        assert await recognise(database, program_id, text) is None, text


async def test_the_kinds_have_an_order_and_only_active_members_count(database: Database) -> None:
    program_id = await new_program(database, "hotels")
    by_address = await enrol(database, program_id, email="same@x.de")
    by_code = await enrol(database, program_id, identifiers=[("qr", "same@x.de", None)])
    by_fob = await enrol(database, program_id, identifiers=[("rfid", "same@x.de", None)])
    for member in (by_fob, by_code, by_address):
        assert await recognise(database, program_id, "same@x.de") is not None
        found = await recognise(database, program_id, "same@x.de")
        assert found is not None and found.member == member
        async with database.transaction() as connection:
            await members.set_active(connection, program_id, member.member_id, active=False, now=NOW)
    assert await recognise(database, program_id, "same@x.de") is None


async def test_a_replaced_fob_and_another_programs_are_nobodys(database: Database) -> None:
    program_id, other = await new_program(database, "hotels"), await new_program(database, "others")
    member = await enrol(database, program_id, identifiers=[("rfid", "OLD", None)])
    async with database.transaction() as connection:
        [fob] = (await members.identifiers_of(connection, program_id, [member.member_id]))[member.member_id]
        await members.replace_identifier(
            connection, program_id, member.member_id, fob.identifier_id, "NEW", NOW
        )
    assert await recognise(database, program_id, "OLD") is None
    found = await recognise(database, program_id, "NEW")
    assert found is not None and found.member.member_id == member.member_id
    assert await recognise(database, other, "NEW") is None


@pytest.mark.parametrize("text", VALUES)
async def test_a_text_is_only_a_text(database: Database, text: str) -> None:
    program_id = await new_program(database, "hotels")
    assert await recognise(database, program_id, text) is None


async def test_a_plan_made_on_empty_tables_serves_many_members(database: Database, database_url: str) -> None:
    program_id = await new_program(database, "hotels")
    owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with database.connection() as connection, owner:
        await members.recognise(connection, program_id, "V7770", KINDS)
        for statement in BULK:
            await owner.execute(statement, {"program_id": program_id})
        for again in ("select 1", "analyze"):
            await owner.execute(again.encode())
            for text in ("V77770", "V77771", "M7777@example.com", "nobody@example.com"):
                plan = await plan_of(connection, {"program_id": program_id, "code": text, "email": text})
                assert "Seq Scan" not in str(plan)
                assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= PAGES_MAX, text


async def plan_of(connection: Connection, values: dict[str, Any]) -> dict[str, Any]:
    """How the plan that the connection keeps runs with these values."""
    given = {"kinds": '["rfid", "qr"]', **values}
    parameters = sql.SQL(", ").join(sql.Literal(given[name]) for name in SELECT_RECOGNISED.parameters)
    query = sql.SQL("explain (analyze, buffers, format json) execute {}({})")
    name = sql.Identifier(SELECT_RECOGNISED.name.decode())
    cursor = await connection.execute(query.format(name, parameters))
    row = await cursor.fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan
