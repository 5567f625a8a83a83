"""Erasure on a real PostgreSQL: nothing is left of the member, and nothing can come back."""

from datetime import date
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.members import actions as members
from regulars.features.members.model import NewIdentifier, ProfileChanges, Status
from tests.support.enrolment import LATER, NOW, enrol, new_program


@pytest_asyncio.fixture
async def program_id(database: Database) -> int:
    return await new_program(database, "family")


async def everything_stored(database: Database) -> str:
    async with database.connection() as connection:
        cursor = await connection.execute(
            """
            select concat(
                (select json_agg(m) from members m), (select json_agg(i) from identifiers i),
                (select json_agg(c) from credentials c)
            )
            """
        )
        row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


async def test_nothing_is_left_of_an_erased_member(database: Database, program_id: int) -> None:
    leo = await enrol(
        database,
        program_id,
        "canary-handle",
        name="Canary Name",
        email="canary@example.com",
        phone="+447700900999",
        birth_date=date(1999, 9, 9),
        sex="canary-sex",
        identifiers=[("rfid", "CANARY-OLD", "Canary's fob"), ("pass", "canary-pass", None)],
    )
    async with database.transaction() as connection:
        identifiers = await members.identifiers_of(connection, program_id, [leo.member_id])
        fob = identifiers[leo.member_id][0]
        await members.replace_identifier(
            connection, program_id, leo.member_id, fob.identifier_id, "CANARY-NEW", NOW
        )
        tablet = await access.issue_credential(
            connection,
            "secret",
            program_id,
            name="Canary's tablet",
            scopes=["cryptokids:child"],
            member_id=leo.member_id,
            now=NOW,
        )
    assert "canary" in (await everything_stored(database)).lower()
    for _ in range(2):
        async with database.transaction() as connection:
            await members.erase(connection, program_id, leo.member_id, LATER)
    stored = await everything_stored(database)
    assert "canary" not in stored.lower()
    assert "+447700900999" not in stored and "1999-09-09" not in stored
    async with database.connection() as connection:
        erased = await members.get(connection, program_id, leo.member_id)
        assert await access.find_caller(connection, "secret", tablet.key, NOW) is None
    assert erased is not None
    assert (erased.status, erased.number, erased.updated_at) == (Status.ERASED, 1, LATER)
    # What it was recognised by is free for others.
    await enrol(
        database,
        program_id,
        "canary-handle",
        email="canary@example.com",
        identifiers=[("rfid", "CANARY-OLD", None), ("rfid", "CANARY-NEW", None)],
    )


async def test_an_erased_member_is_not_found_by_what_changes_it(database: Database, program_id: int) -> None:
    leo = await enrol(database, program_id, "leo")
    async with database.transaction() as connection:
        await members.erase(connection, program_id, leo.member_id, NOW)
        for change in (
            members.update(connection, program_id, leo.member_id, ProfileChanges(name="x"), NOW),
            members.set_active(connection, program_id, leo.member_id, True, NOW),
            members.add_identifier(connection, program_id, leo.member_id, NewIdentifier("rfid", "A"), NOW),
            members.erase(connection, program_id, uuid4(), NOW),
        ):
            with pytest.raises(Refused, match="member_not_found"):
                await change


async def test_the_database_refuses_personal_data_of_erased_members(
    database: Database, program_id: int
) -> None:
    await enrol(database, program_id, "leo")
    async with database.connection() as connection:
        with pytest.raises(psycopg.errors.CheckViolation):
            await connection.execute("update members set status = 'erased'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("delete from members")
