"""Where members belong and who is staff, on a real PostgreSQL; and who has changed, among very many."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.members import actions as members
from regulars.features.members.model import Member, NewMember, ProfileChanges
from tests.support.enrolment import LATER, NOW, enrol, find, new_program

HIGH_STREET, NUMBER_FOUR = 1, 2


@pytest_asyncio.fixture
async def program_id(database: Database) -> int:
    """A program with two hotels."""
    program_id = await new_program(database, "pub")
    for slug in ("high-street", "number-four"):
        await add_hotel(database, program_id, slug)
    return program_id


async def add_hotel(database: Database, program_id: int, slug: str) -> int:
    async with database.transaction() as connection:
        hotel = await access.create_location(connection, program_id, slug=slug, name=slug, now=NOW)
    return hotel.location_id


async def stored(database: Database, program_id: int, member_id: UUID) -> Member | None:
    async with database.connection() as connection:
        return await members.get(connection, program_id, member_id)


@pytest.mark.parametrize(
    ("more", "home_location_id", "staff"),
    [
        ({}, None, False),
        ({"home_location_id": NUMBER_FOUR}, NUMBER_FOUR, False),
        ({"home_location_id": HIGH_STREET, "staff": True}, HIGH_STREET, True),
        ({"staff": True}, None, True),
    ],
)
async def test_every_way_of_finding_a_member_tells_home_and_staff(
    database: Database, program_id: int, more: dict[str, Any], home_location_id: int | None, staff: bool
) -> None:
    leo = await enrol(
        database, program_id, "leo", email="leo@example.com", identifiers=[("rfid", "ABC", None)], **more
    )
    assert (leo.home_location_id, leo.staff) == (home_location_id, staff)
    for kind, value in [("handle", "leo"), ("email", "leo@example.com"), ("rfid", "ABC")]:
        assert await find(database, program_id, kind, value) == leo
    async with database.connection() as connection:
        assert await members.get(connection, program_id, leo.member_id) == leo
        assert await members.get_by_number(connection, program_id, leo.number) == leo
        assert await members.search(connection, program_id) == [leo]
        assert await members.search(connection, program_id, "leo") == [leo]


async def test_a_batch_brings_home_and_staff_along(database: Database, program_id: int) -> None:
    rows = [NewMember(home_location_id=HIGH_STREET), NewMember(staff=True), NewMember()]
    async with database.transaction() as connection:
        enrolled = await members.enrol_batch(connection, program_id, rows, NOW)
        assert await members.search(connection, program_id) == enrolled
    assert [(one.home_location_id, one.staff) for one in enrolled] == [
        (HIGH_STREET, False),
        (None, True),
        (None, False),
    ]


async def test_home_and_staff_change_like_the_rest(database: Database, program_id: int) -> None:
    leo = await enrol(database, program_id, "leo", home_location_id=HIGH_STREET)

    async def update(**changes: Any) -> tuple[int | None, bool]:
        async with database.transaction() as connection:
            changed = await members.update(
                connection, program_id, leo.member_id, ProfileChanges(**changes), LATER
            )
        assert changed.updated_at == LATER
        assert await stored(database, program_id, leo.member_id) == changed
        return changed.home_location_id, changed.staff

    assert await update(home_location_id=NUMBER_FOUR) == (NUMBER_FOUR, False)
    assert await update(staff=True) == (NUMBER_FOUR, True)
    assert await update(name="Leopold") == (NUMBER_FOUR, True)
    assert await update(home_location_id=None, staff=False) == (None, False)


@pytest.mark.parametrize("location_id", [0, -1, 99, 2**31, 2**63])
async def test_a_home_has_to_be_a_location_of_the_program(
    database: Database, program_id: int, location_id: int
) -> None:
    leo = await enrol(database, program_id, "leo")
    async with database.transaction() as connection:
        changes = ProfileChanges(home_location_id=location_id)
        for refused in (
            members.enrol(connection, program_id, name="Two", home_location_id=location_id, now=NOW),
            members.update(connection, program_id, leo.member_id, changes, LATER),
        ):
            with pytest.raises(Refused, match="location_not_found"):
                await refused
        assert await members.search(connection, program_id) == [leo], "the transaction goes on"


async def test_another_programs_hotel_is_nobodys_home(database: Database, program_id: int) -> None:
    other_program_id = await new_program(database, "other")
    with pytest.raises(Refused, match="location_not_found"):
        await enrol(database, other_program_id, home_location_id=NUMBER_FOUR)


async def test_a_hotel_that_is_switched_off_stays_a_home(database: Database, program_id: int) -> None:
    leo = await enrol(database, program_id, "leo", home_location_id=NUMBER_FOUR)
    async with database.transaction() as connection:
        await access.update_location(connection, program_id, NUMBER_FOUR, active=False, now=LATER)
    assert await stored(database, program_id, leo.member_id) == leo


async def test_an_erased_member_belongs_nowhere(database: Database, program_id: int) -> None:
    leo = await enrol(database, program_id, "leo", home_location_id=NUMBER_FOUR, staff=True)
    async with database.transaction() as connection:
        await members.erase(connection, program_id, leo.member_id, LATER)
    erased = await stored(database, program_id, leo.member_id)
    assert erased is not None
    assert (erased.home_location_id, erased.staff, erased.updated_at) == (None, False, LATER)
    for change in ("staff = true", "home_location_id = 1"):
        async with database.connection() as connection:
            with pytest.raises(psycopg.errors.CheckViolation):
                await connection.execute(f"update members set {change}".encode())


async def test_the_few_who_have_changed_are_found_by_an_index(
    database: Database, database_url: str, program_id: int
) -> None:
    async with database.transaction() as connection:
        rows = [NewMember(name=f"Member {number}") for number in range(5_000)]
        await members.enrol_batch(connection, program_id, rows, NOW)
        changed = await members.enrol(connection, program_id, name="New", now=LATER)
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("analyze members")
    async with database.connection() as connection:
        # Explained, as when a cursor is declared, it is planned for the time that is asked about.
        explained = await connection.execute(
            """
            explain (analyze, format json)
            select number from members where program_id = %s and updated_at > %s order by number
            """,
            [program_id, NOW],
        )
        row = await explained.fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    assert plan["Actual Rows"] == 1 and changed.number == 5_001
    assert "members_by_change" in str(plan), plan
