"""Listing very many members: who is in it, in what order, and from when on to ask for what has changed."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from regulars.base.clock import utc_now
from regulars.db.database import Database, DatabaseUnavailable
from regulars.features.members import actions as members
from regulars.features.members import store_listing
from regulars.features.members.listing import UNSEEN_SECONDS_MAX
from regulars.features.members.model import NewIdentifier, NewMember
from regulars.features.members.model_listing import Form, ListedMember, Listing
from tests.support.enrolment import LATER, NOW, enrol, new_program

ALL = Listing(form=Form(identifiers_kind="rfid", code_kind="qr"))
UNSEEN = timedelta(seconds=UNSEEN_SECONDS_MAX)


async def listed(database: Database, program_id: int, wanted: Listing = ALL) -> list[ListedMember]:
    async with database.connection() as connection:
        rows = members.list_many(connection, program_id, wanted, seconds_max=60)
        return [member async for some in rows for member in some]


async def numbers(database: Database, program_id: int, **wanted: Any) -> list[int]:
    return [member.number for member in await listed(database, program_id, replace(ALL, **wanted))]


@pytest.fixture
async def program_id(database: Database) -> int:
    """A program with five members, the second inactive, the fourth erased, beside another program."""
    program_id = await new_program(database, "hub")
    other = await new_program(database, "other")
    for number in range(5):
        await enrol(database, program_id, name=f"M{number + 1}")
        await enrol(database, other, name="Other")
    async with database.transaction() as connection:
        for number in (2, 4):
            member = await members.get_by_number(connection, program_id, number)
            assert member is not None
            if number == 2:
                await members.set_active(connection, program_id, member.member_id, active=False, now=LATER)
            else:
                await members.erase(connection, program_id, member.member_id, LATER)
    return program_id


async def test_members_come_by_number(database: Database, program_id: int) -> None:
    assert await numbers(database, program_id) == [1, 3, 5]
    assert await numbers(database, program_id, with_inactive=True) == [1, 2, 3, 4, 5]
    assert await numbers(database, program_id, with_inactive=True, after=2, limit=2) == [3, 4]
    assert await numbers(database, program_id, after=5) == []
    assert await numbers(database, program_id, limit=1) == [1]
    assert await numbers(database, 999) == []


async def test_what_has_changed_is_what_is_later(database: Database, program_id: int) -> None:
    assert await numbers(database, program_id, with_inactive=True, changed_after=NOW) == [2, 4]
    assert await numbers(database, program_id, changed_after=NOW) == []
    assert await numbers(database, program_id, changed_after=NOW - timedelta(microseconds=1)) == [1, 3, 5]
    assert await numbers(database, program_id, with_inactive=True, changed_after=LATER) == []


async def test_a_text_is_what_is_stored(database: Database) -> None:
    program_id = await new_program(database, "hub")
    identifiers = [
        ("rfid", "F1", "First"), ("card", "C1", None), ("qr", "LH9", None), ("qr", "LH1", None),
        ("rfid", "F2", None),
    ]  # fmt: skip
    at = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
    async with database.transaction() as connection:
        member = await members.enrol(
            connection,
            program_id,
            name='A "B" \\ c',
            email="a@b.c",
            identifiers=identifiers,
            staff=True,
            now=at,
        )
        gone = NewIdentifier("rfid", "F3")
        added = await members.add_identifier(connection, program_id, member.member_id, gone, at)
        await members.end_identifier(connection, program_id, member.member_id, added.identifier_id, at)
    [shown] = await listed(database, program_id)
    assert shown.number == 1
    assert shown.text == (
        rb'{"number":1,"name":"A \"B\" \\ c","email":"a@b.c","code":"LH1","staff":true,'
        b'"home_location_id":null,"updated_at":"2026-03-01T12:00:00.123456Z","identifiers":'
        b'[{"kind":"rfid","value":"F1","label":"First"},{"kind":"rfid","value":"F2","label":null}]}'
    )
    assert "a@b.c" not in repr(shown)
    [bare] = await listed(database, program_id, Listing())
    assert bare.text.endswith(b'"identifiers":[]}')
    assert b'"code":null' in bare.text


async def test_the_form_names_the_keys(database: Database) -> None:
    program_id = await new_program(database, "hub")
    fob = ("rfid", "F1", None)
    async with database.transaction() as connection:
        await members.enrol(connection, program_id, name="M", identifiers=[fob], now=LATER)
    form = Form(
        number="a", name='b"\\%s', email="c", code="d", staff="e", home_location_id="f", updated_at="g",
        time_pattern="YYYY", identifiers="h", identifiers_kind="rfid", kind="i", value="j", label="k",
    )  # fmt: skip
    [shown] = await listed(database, program_id, Listing(form=form))
    assert msgspec.json.decode(shown.text) == {
        "a": 1, 'b"\\%s': "M", "c": None, "d": None, "e": False, "f": None, "g": str(LATER.year),
        "h": [{"i": "rfid", "j": "F1", "k": None}],
    }  # fmt: skip


# A name holds no line break and PostgreSQL no zero; a value may hold everything else.
CONTROL = "".join(map(chr, [*range(1, 10), *range(11, 32), 127, 0x80, 0x2028]))


@pytest.mark.parametrize("text", [CONTROL, "\\N", "\\t\\n", '\\"', "\\\\N", ',"name":"', "%s"])
async def test_texts_are_written_as_msgspec_writes_them(database: Database, text: str) -> None:
    program_id = await new_program(database, "hub")
    async with database.transaction() as connection:
        fobs = [("rfid", "F", "First"), ("qr", "Q", None)]
        await members.enrol(connection, program_id, name="M", identifiers=fobs, now=NOW)
        # Past the rules, which refuse some of it.
        await connection.execute("update members set name = %s", [text])
        await connection.execute("update identifiers set value = %s, label = %s", [text, text])
        await members.enrol(connection, program_id, name="Next", now=NOW)
    shown, following = await listed(database, program_id)
    assert shown.text == msgspec.json.encode(msgspec.json.decode(shown.text))
    read = msgspec.json.decode(shown.text)
    assert (read["name"], read["code"], read["identifiers"][0]["label"]) == (text, text, text)
    assert msgspec.json.decode(following.text)["name"] == "Next"


async def test_who_is_not_active_has_a_number_only(database: Database, program_id: int) -> None:
    shown = await listed(database, program_id, replace(ALL, with_inactive=True))
    assert [(member.number, bool(member.text)) for member in shown] == [
        (1, True), (2, False), (3, True), (4, False), (5, True),
    ]  # fmt: skip


async def test_many_come_in_batches_and_all_of_them(database: Database) -> None:
    program_id = await new_program(database, "hub")
    async with database.transaction() as connection:
        rows = [NewMember(name=f"M{number}") for number in range(2 * store_listing.ROWS_AT_ONCE + 1)]
        await members.enrol_batch(connection, program_id, rows, NOW)
    async with database.connection() as connection:
        sizes = [len(some) async for some in members.list_many(connection, program_id, ALL, seconds_max=60)]
    assert sizes == [store_listing.ROWS_AT_ONCE, store_listing.ROWS_AT_ONCE, 1]
    assert await numbers(database, program_id) == list(range(1, len(rows) + 1))


async def test_a_listing_leaves_others_their_turn(database: Database) -> None:
    """Also when PostgreSQL is ahead, so that no line has to be waited for."""
    program_id = await new_program(database, "hub")
    batches = 10
    async with database.transaction() as connection:
        rows = [NewMember(name="M") for _ in range(batches * store_listing.ROWS_AT_ONCE)]
        await members.enrol_batch(connection, program_id, rows, NOW)
    turns, longest, since_turn = 0, 0, 0

    async def another() -> None:
        nonlocal turns, since_turn
        while True:
            turns, since_turn = turns + 1, 0
            await asyncio.sleep(0)

    task = asyncio.create_task(another())
    async with database.connection() as connection:
        async for _ in members.list_many(connection, program_id, ALL, seconds_max=60):
            since_turn += 1
            longest = max(longest, since_turn)
    task.cancel()
    assert turns >= batches
    assert longest <= 2


async def test_who_is_enrolled_with_an_old_date_has_changed_now(database: Database) -> None:
    """Members who are taken over from elsewhere bring the day they joined, and tills ask since yesterday."""
    program_id = await new_program(database, "hub")
    async with database.transaction() as connection:
        rows = [NewMember(name="M", created_at=NOW - timedelta(days=900)), NewMember(name="M")]
        old, new = await members.enrol_batch(connection, program_id, rows, NOW)
    assert (old.created_at, old.updated_at) == (NOW - timedelta(days=900), NOW)
    assert (new.created_at, new.updated_at) == (NOW, NOW)
    shown = await listed(database, program_id, replace(ALL, changed_after=NOW - timedelta(days=1)))
    assert [member.number for member in shown] == [1, 2]


async def test_a_listing_that_is_left_leaves_the_connection_usable(database: Database) -> None:
    program_id = await new_program(database, "hub")
    async with database.transaction() as connection:
        rows = [NewMember(name="M" * 200) for _ in range(20_000)]
        await members.enrol_batch(connection, program_id, rows, NOW)
    for _ in range(12):
        async with (
            database.connection() as connection,
            aclosing(members.list_many(connection, program_id, ALL, seconds_max=60)) as rows_listed,
        ):
            await anext(rows_listed)
    async with database.connection() as connection:
        cursor = await connection.execute("select current_setting('statement_timeout'), current_user")
        assert await cursor.fetchone() == ("30s", "regulars_server")


async def test_a_listing_ends_when_its_time_is_over(database: Database) -> None:
    program_id = await new_program(database, "hub")
    async with database.transaction() as connection:
        rows = [NewMember(name="M" * 200) for _ in range(20_000)]
        await members.enrol_batch(connection, program_id, rows, NOW)
    with pytest.raises(DatabaseUnavailable):
        async with database.connection() as connection:
            _ = [some async for some in members.list_many(connection, program_id, ALL, seconds_max=0.005)]


async def test_all_is_settled_up_to_a_while_ago(database: Database) -> None:
    now = utc_now()
    async with database.connection() as connection:
        assert await members.settled_at(connection, now) == now - UNSEEN
        cursor = await connection.execute("select current_user")
        assert await cursor.fetchone() == ("regulars_server",)


async def test_nothing_is_settled_from_the_oldest_transaction_that_writes(database: Database) -> None:
    program_id = await new_program(database, "hub")
    began = utc_now()
    async with database.transaction() as writing:
        await members.enrol(writing, program_id, name="Late", now=began)
        async with database.transaction() as reading, database.connection() as connection:
            await reading.execute("select 1")
            later = utc_now() + timedelta(hours=1)
            # Told by the age of the transaction, so a clock that goes before the database's does no harm.
            settled = await members.settled_at(connection, later)
            assert timedelta(0) < later - UNSEEN - settled < timedelta(seconds=20)
            assert await numbers(database, program_id) == []
    assert await numbers(database, program_id, changed_after=settled - timedelta(hours=1)) == [1]
    async with database.connection() as connection:
        assert await members.settled_at(connection, later) == later - UNSEEN
