"""Many who enrol, or erase, the same member at once on a real PostgreSQL."""

import asyncio
from uuid import UUID

import pytest_asyncio

from regulars.db.database import Database
from regulars.features.members import actions as members
from regulars.features.members.model import Member
from tests.support.enrolment import NOW, enrol, find, new_program


@pytest_asyncio.fixture
async def program_id(database: Database) -> int:
    return await new_program(database, "family")


async def test_thirty_who_enrol_the_same_member_at_once(database: Database, program_id: int) -> None:
    for kind, value in (("handle", "leo"), ("phone", "+447700900000"), ("email", "leo@example.com")):

        async def ask(kind: str = kind, value: str = value) -> tuple[Member, bool]:
            async with database.transaction() as connection:
                return await members.enrol_or_find(connection, program_id, kind, value, name="Leo", now=NOW)

        answers = await asyncio.gather(*(ask() for _ in range(30)))
        assert sum(is_new for _, is_new in answers) == 1, kind
        assert len({member.member_id for member, _ in answers}) == 1, kind
    async with database.connection() as connection:
        numbers = [member.number for member in await members.search(connection, program_id)]
    assert numbers == [1, 2, 3]


async def test_a_racer_who_gives_up_leaves_the_place_to_another(database: Database, program_id: int) -> None:
    async def ask(fails: bool) -> bool:
        try:
            async with database.transaction() as connection:
                _, is_new = await members.enrol_or_find(
                    connection, program_id, "handle", "leo", name="Leo", now=NOW
                )
                if fails:
                    raise RuntimeError
                return is_new
        except RuntimeError:
            return False

    answers = await asyncio.gather(*(ask(number % 2 == 0) for number in range(30)))
    assert sum(answers) == 1
    assert await find(database, program_id, "handle", "leo") is not None


async def test_erasure_races_with_enrolment_of_the_same_handle(database: Database, program_id: int) -> None:
    leo = await enrol(database, program_id, "leo")

    async def erase() -> None:
        async with database.transaction() as connection:
            await members.erase(connection, program_id, leo.member_id, NOW)

    async def ask() -> UUID:
        async with database.transaction() as connection:
            member, _ = await members.enrol_or_find(
                connection, program_id, "handle", "leo", name="Leo", now=NOW
            )
            return member.member_id

    answers = await asyncio.gather(*(ask() for _ in range(10)), erase(), *(ask() for _ in range(10)))
    after = await find(database, program_id, "handle", "leo")
    allowed = {leo.member_id} | ({after.member_id} if after else set())
    assert {answer for answer in answers if answer is not None} <= allowed
