"""Members, their identifiers and erasure on a real PostgreSQL."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.members import actions as members
from regulars.features.members.model import Member, NewIdentifier, NewMember, ProfileChanges, Status

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


async def new_program(database: Database, slug: str) -> int:
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug=slug, name=slug, currency="GBP", time_zone="UTC", now=NOW
        )
    return program.program_id


@pytest_asyncio.fixture
async def program_id(database: Database) -> int:
    return await new_program(database, "family")


@pytest_asyncio.fixture
async def other_program_id(database: Database) -> int:
    return await new_program(database, "pub")


async def enrol(database: Database, program_id: int, handle: str | None = None, **more: Any) -> Member:
    identifiers = [*more.pop("identifiers", []), *([("handle", handle, None)] if handle else [])]
    async with database.transaction() as connection:
        return await members.enrol(
            connection, program_id, name=more.pop("name", "Leo"), identifiers=identifiers, now=NOW, **more
        )


async def find(database: Database, program_id: int, kind: str, value: str) -> Member | None:
    async with database.connection() as connection:
        return await members.find(connection, program_id, kind, value)


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
