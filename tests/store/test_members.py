"""Members on a real PostgreSQL: how they enrol, change and are found."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.members import actions as members
from regulars.features.members.model import Member, NewIdentifier, NewMember, ProfileChanges, Status
from tests.support.enrolment import LATER, NOW, enrol, find, new_program


@pytest_asyncio.fixture
async def program_id(database: Database) -> int:
    return await new_program(database, "family")


@pytest_asyncio.fixture
async def other_program_id(database: Database) -> int:
    return await new_program(database, "pub")


async def test_a_member_reads_as_it_was_enrolled(database: Database, program_id: int) -> None:
    enrolled = await enrol(
        database,
        program_id,
        " Leo ",
        name=" Leo Fox ",
        email="Leo@Example.com",
        phone="+447700900000",
        birth_date=date(2015, 5, 15),
        sex="m",
        identifiers=[("rfid", "ABC123456", "Primary RFID Fob")],
    )
    async with database.connection() as connection:
        assert await members.get(connection, program_id, enrolled.member_id) == enrolled
        assert await members.get_by_number(connection, program_id, 1) == enrolled
        found = await members.identifiers_of(connection, program_id, [enrolled.member_id])
    assert (enrolled.number, enrolled.handle, enrolled.name) == (1, "leo", "Leo Fox")
    assert [(one.identifier_id, one.kind, one.value, one.label) for one in found[enrolled.member_id]] == [
        (1, "rfid", "ABC123456", "Primary RFID Fob")
    ]


@pytest.mark.parametrize(
    ("kind", "value", "is_found"),
    [
        ("handle", " LEO ", True),
        ("handle", "le", False),
        ("handle", "le\0o", False),
        ("email", "leo@EXAMPLE.com", True),
        ("email", "leo@example.co", False),
        ("rfid", "ABC123456", True),
        ("rfid", "abc123456", False),
        ("qr", "ABC123456", False),
        ("phone", "+447700900000", True),
        ("phone", "07700900000", False),
    ],
)
async def test_who_is_found(
    database: Database, program_id: int, other_program_id: int, kind: str, value: str, is_found: bool
) -> None:
    enrolled = await enrol(
        database,
        program_id,
        "leo",
        email="Leo@Example.com",
        identifiers=[("rfid", "ABC123456", None), ("phone", "+447700900000", None)],
    )
    assert await find(database, program_id, kind, value) == (enrolled if is_found else None)
    assert await find(database, other_program_id, kind, value) is None


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"identifiers": [("handle", "LEO", None)]}, "handle"),
        ({"email": "LEO@example.com"}, "email"),
        ({"identifiers": [("qr", "NEW", None), ("rfid", "ABC", None)]}, "rfid"),
        ({"identifiers": [("card", "TWICE", None), ("card", "TWICE", None)]}, "card"),
    ],
)
async def test_what_is_taken_is_refused_and_the_transaction_goes_on(
    database: Database, program_id: int, other_program_id: int, more: dict[str, Any], kind: str
) -> None:
    first: dict[str, Any] = {
        "email": "leo@example.com",
        "identifiers": [("handle", "leo", None), ("rfid", "ABC", None)],
    }
    await enrol(database, program_id, **first)
    async with database.transaction() as connection:
        with pytest.raises(Refused) as refusal:
            await members.enrol(connection, program_id, name="Two", now=NOW, **more)
        again = await members.enrol(connection, program_id, name="Three", now=NOW)
    assert (refusal.value.code, refusal.value.details) == ("identifier_taken", {"kind": kind})
    assert again.number == 2, "a refused member uses no number up"
    await enrol(database, other_program_id, **first)


async def test_a_batch_is_enrolled_in_order_or_not_at_all(database: Database, program_id: int) -> None:
    rows = [
        NewMember(
            name=f"Member {number}",
            handle=f"m{number}",
            identifiers=(NewIdentifier("rfid", f"R{number}"), NewIdentifier("qr", f"Q{number}")),
            created_at=NOW - timedelta(days=number),
        )
        for number in range(1, 501)
    ]
    async with database.transaction() as connection:
        enrolled = await members.enrol_batch(connection, program_id, rows, NOW)
        stored = await members.get_many(connection, program_id, [one.member_id for one in enrolled])
        assert await members.enrol_batch(connection, program_id, [], NOW) == []
        with pytest.raises(Refused, match="identifier_taken"):
            await members.enrol_batch(connection, program_id, [NewMember(), NewMember(handle="m7")], NOW)
        assert len(await members.search(connection, program_id, limit=1000)) == 500
    assert [one.handle for one in enrolled] == [row.handle for row in rows]
    assert list(stored.values()) == sorted(enrolled, key=lambda one: list(stored).index(one.member_id))
    assert enrolled[6].created_at == NOW - timedelta(days=7)
    found = await find(database, program_id, "qr", "Q7")
    assert found == enrolled[6]


async def test_profiles_change_in_part(database: Database, program_id: int) -> None:
    leo = await enrol(database, program_id, "leo", email="leo@example.com", sex="m")
    await enrol(database, program_id, "maya", email="maya@example.com")

    async def update(changes: ProfileChanges, member_id: UUID = leo.member_id) -> Member | str:
        async with database.transaction() as connection:
            try:
                return await members.update(connection, program_id, member_id, changes, LATER)
            except Refused as refusal:
                assert await members.get(connection, program_id, leo.member_id), "the transaction goes on"
                return refusal.code

    changed = await update(ProfileChanges(name="Leopold", sex=None))
    assert isinstance(changed, Member)
    assert (changed.name, changed.sex, changed.email) == ("Leopold", None, "leo@example.com")
    assert (changed.created_at, changed.updated_at) == (NOW, LATER)
    async with database.connection() as connection:
        assert await members.get(connection, program_id, leo.member_id) == changed
    assert await update(ProfileChanges(email="MAYA@example.com")) == "identifier_taken"
    assert await update(ProfileChanges(phone="07700900000")) == "invalid_phone"
    assert await update(ProfileChanges(name="x"), uuid4()) == "member_not_found"


async def test_an_inactive_member_comes_back_unless_the_address_has_gone(
    database: Database, program_id: int
) -> None:
    leo = await enrol(database, program_id, "leo", email="leo@example.com")

    async def set_active(active: bool) -> Member:
        async with database.transaction() as connection:
            return await members.set_active(connection, program_id, leo.member_id, active, LATER)

    inactive = await set_active(False)
    assert (inactive.status, inactive.updated_at) == (Status.INACTIVE, LATER)
    assert await find(database, program_id, "handle", "leo") == inactive
    assert await find(database, program_id, "email", "leo@example.com") is None
    assert (await set_active(True)).status == Status.ACTIVE
    await set_active(False)
    await enrol(database, program_id, email="leo@example.com")
    with pytest.raises(Refused, match="identifier_taken"):
        await set_active(True)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["Leo Fox", "Maya 100%", "Zoë_A", "Übel"]),
        ("  ", ["Leo Fox", "Maya 100%", "Zoë_A", "Übel"]),
        ("fox", ["Leo Fox"]),
        ("FOX", ["Leo Fox"]),
        ("MAYA", ["Maya 100%"]),
        ("example", ["Leo Fox"]),
        ("77009", ["Zoë_A"]),
        ("%", ["Maya 100%"]),
        ("_", ["Zoë_A"]),
        ("ÜBEL", ["Übel"]),
        ("\\", []),
        ("foxleo", []),
        ("nul\0", []),
        ("gone", []),
    ],
)
async def test_what_a_search_finds(
    database: Database, program_id: int, other_program_id: int, text: str, names: list[str]
) -> None:
    await enrol(database, program_id, "leo", name="Leo Fox", email="l@example.com")
    await enrol(database, program_id, "maya-1", name="Maya 100%")
    await enrol(database, program_id, name="Zoë_A", phone="+447700900000")
    await enrol(database, program_id, name="Übel")
    gone = await enrol(database, program_id, "gone", name="Gone")
    await enrol(database, other_program_id, "leo", name="Leo Foxtrot")
    async with database.transaction() as connection:
        await members.erase(connection, program_id, gone.member_id, NOW)
        found = await members.search(connection, program_id, text)
    assert [member.name for member in found] == names


async def test_a_search_goes_on_where_the_page_ended(database: Database, program_id: int) -> None:
    enrolled = [await enrol(database, program_id, f"leo{number}") for number in range(5)]
    async with database.connection() as connection:
        first = await members.search(connection, program_id, "leo", limit=2)
        second = await members.search(connection, program_id, "leo", limit=2, after=first[-1].number)
        third = await members.search(connection, program_id, "leo", limit=2, after=second[-1].number)
    assert first + second + third == enrolled


async def test_handles_of_many(database: Database, program_id: int, other_program_id: int) -> None:
    leo, maya = await enrol(database, program_id, "leo"), await enrol(database, program_id, "maya")
    nameless = await enrol(database, program_id)
    foreign = await enrol(database, other_program_id, "leo")
    wanted = [leo.member_id, maya.member_id, nameless.member_id, foreign.member_id, uuid4()]
    async with database.connection() as connection:
        assert await members.handles_of(connection, program_id, wanted) == {
            leo.member_id: "leo",
            maya.member_id: "maya",
        }
        assert await members.handles_of(connection, program_id, []) == {}
