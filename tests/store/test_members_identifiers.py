"""Fobs and the like, origins and the caches on a real PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.members import actions as members
from regulars.features.members.model import Identifier, Member, NewIdentifier, Replacement

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
DAY = timedelta(days=1)


@pytest_asyncio.fixture
async def program_id(database: Database) -> int:
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug="hotels", name="Hotels", currency="GBP", time_zone="UTC", now=NOW
        )
    return program.program_id


@pytest_asyncio.fixture
async def john(database: Database, program_id: int) -> Member:
    return await enrol(database, program_id, "john", "ABC123456")


@pytest_asyncio.fixture
async def jane(database: Database, program_id: int) -> Member:
    return await enrol(database, program_id, "jane", "DEF789012")


async def enrol(database: Database, program_id: int, handle: str, fob: str) -> Member:
    identifiers = [("handle", handle, None), ("rfid", fob, "Primary RFID Fob")]
    async with database.transaction() as connection:
        return await members.enrol(connection, program_id, name=handle, identifiers=identifiers, now=NOW)


async def add(database: Database, member: Member, value: str, label: str | None = None) -> Identifier | str:
    async with database.transaction() as connection:
        try:
            return await members.add_identifier(
                connection, member.program_id, member.member_id, NewIdentifier("rfid", value, label), LATER
            )
        except Refused as refusal:
            return refusal.code


async def replace(database: Database, member: Member, identifier_id: int, value: str) -> Replacement | str:
    async with database.transaction() as connection:
        try:
            return await members.replace_identifier(
                connection, member.program_id, member.member_id, identifier_id, value, LATER
            )
        except Refused as refusal:
            return refusal.code


async def fobs(database: Database, member: Member, with_ended: bool = False) -> list[Identifier]:
    async with database.connection() as connection:
        found = await members.identifiers_of(
            connection, member.program_id, [member.member_id], with_ended=with_ended
        )
    return found.get(member.member_id, [])


async def owner(database: Database, program_id: int, fob: str) -> UUID | None:
    async with database.connection() as connection:
        member = await members.find(connection, program_id, "rfid", fob)
    return member.member_id if member else None


async def updated_at(database: Database, member: Member) -> datetime:
    async with database.connection() as connection:
        found = await members.get(connection, member.program_id, member.member_id)
    assert found is not None
    return found.updated_at


async def test_a_second_fob(database: Database, john: Member) -> None:
    added = await add(database, john, "NEWRFID789", "Wife's fob")
    assert isinstance(added, Identifier)
    assert (added.identifier_id, added.label) == (2, "Wife's fob")
    assert await fobs(database, john) == [(await fobs(database, john))[0], added]
    assert await owner(database, john.program_id, "NEWRFID789") == john.member_id
    assert await updated_at(database, john) == LATER
    async with database.connection() as connection:
        assert await members.find_identifier(connection, john.program_id, "rfid", "NEWRFID789") == added
        assert await members.find_identifier(connection, john.program_id, "rfid", "\0") is None


async def test_a_fob_in_use_is_refused(database: Database, john: Member, jane: Member) -> None:
    assert await add(database, john, "DEF789012") == "identifier_taken"
    assert await add(database, john, "ABC123456") == "identifier_taken"
    assert await add(database, john, "  ") == "invalid_identifier"
    assert await updated_at(database, john) == LATER, "the transaction was committed, the refusal apart"


async def test_a_replaced_fob_stops_and_stays_in_the_history(database: Database, john: Member) -> None:
    replaced = await replace(database, john, 1, "REPLACEMENT123")
    assert isinstance(replaced, Replacement)
    assert (replaced.old_value, replaced.identifier.value) == ("ABC123456", "REPLACEMENT123")
    assert (replaced.identifier.identifier_id, replaced.identifier.label) == (1, "Primary RFID Fob")
    assert await owner(database, john.program_id, "ABC123456") is None
    assert await owner(database, john.program_id, "REPLACEMENT123") == john.member_id
    assert await fobs(database, john) == [replaced.identifier]
    history = [(one.value, one.created_at, one.ended_at) for one in await fobs(database, john, True)]
    assert history == [("REPLACEMENT123", LATER, None), ("ABC123456", NOW, LATER)]
    assert await updated_at(database, john) == LATER
    # The lost fob may turn up again, with anybody.
    assert isinstance(await add(database, john, "ABC123456"), Identifier)


async def test_what_is_not_replaced(database: Database, john: Member, jane: Member) -> None:
    assert await replace(database, john, 2, "X") == "identifier_not_found"
    assert await replace(database, john, 99, "X") == "identifier_not_found"
    assert await replace(database, john, 1, "DEF789012") == "identifier_taken"
    assert await replace(database, john, 1, "") == "invalid_identifier"
    same = await replace(database, john, 1, "ABC123456")
    assert isinstance(same, Replacement) and same.old_value == "ABC123456"
    assert len(await fobs(database, john, True)) == 1


async def test_an_ended_fob(database: Database, john: Member) -> None:
    async def end() -> None:
        async with database.transaction() as connection:
            await members.end_identifier(connection, john.program_id, john.member_id, 1, LATER)

    await end()
    assert await owner(database, john.program_id, "ABC123456") is None
    assert [one.ended_at for one in await fobs(database, john, True)] == [LATER]
    with pytest.raises(Refused, match="identifier_not_found"):
        await end()


async def test_an_inactive_member_gets_no_fob(database: Database, john: Member) -> None:
    async with database.transaction() as connection:
        await members.set_active(connection, john.program_id, john.member_id, False, NOW)
    assert await add(database, john, "X") == "member_not_found"
    assert await replace(database, john, 1, "X") == "member_not_found"


async def test_a_pass_knows_its_location(database: Database, program_id: int, john: Member) -> None:
    async with database.transaction() as connection:
        venue = await access.create_location(connection, program_id, slug="venue_001", name="V", now=NOW)
        await members.add_identifier(
            connection,
            program_id,
            john.member_id,
            NewIdentifier("pass", "ab" * 24, location_id=venue.location_id),
            NOW,
        )
        found = await members.find_identifier(connection, program_id, "pass", "ab" * 24)
    assert found is not None and found.location_id == venue.location_id


async def test_thirty_who_want_one_fob(database: Database, program_id: int) -> None:
    people = [await enrol(database, program_id, f"m{number}", f"F{number}") for number in range(30)]
    answers = await asyncio.gather(*(add(database, person, "WANTED") for person in people))
    assert sum(isinstance(answer, Identifier) for answer in answers) == 1
    assert answers.count("identifier_taken") == 29


async def test_adding_races_with_replacing(database: Database, program_id: int) -> None:
    people = [await enrol(database, program_id, f"m{number}", f"F{number}") for number in range(20)]
    answers = await asyncio.gather(
        *(add(database, person, "WANTED") for person in people[:10]),
        *(
            replace(database, person, number, "WANTED")
            for number, person in enumerate(people, 1)
            if number > 10
        ),
    )
    assert answers.count("identifier_taken") == 19
    winner = await owner(database, program_id, "WANTED")
    holders = [person for person in people if "WANTED" in {one.value for one in await fobs(database, person)}]
    assert [person.member_id for person in holders] == [winner]


async def test_one_fob_replaced_by_many_at_once_keeps_every_step(database: Database, john: Member) -> None:
    answers = await asyncio.gather(*(replace(database, john, 1, f"R{number}") for number in range(10)))
    assert all(isinstance(answer, Replacement) for answer in answers)
    steps = {(a.old_value, a.identifier.value) for a in answers if isinstance(a, Replacement)}
    old, new = {step[0] for step in steps}, {step[1] for step in steps}
    current = (await fobs(database, john))[0].value
    assert len(old) == 10 and old | {current} == new | {"ABC123456"}, "each replaced another's value"


async def remember(database: Database, program_id: int, address: str, agent: str, at: datetime) -> UUID:
    async with database.connection() as connection:
        return await members.remember_origin(connection, program_id, address, agent, at)


async def test_an_origin_is_remembered_once_a_day(database: Database, program_id: int) -> None:
    first = await remember(database, program_id, "10.0.0.1", "kiosk/1", NOW)
    assert await remember(database, program_id, "10.0.0.1", "kiosk/1", LATER) == first
    others = {
        await remember(database, program_id, "10.0.0.1", "kiosk/1", NOW + DAY),
        await remember(database, program_id, "10.0.0.2", "kiosk/1", NOW),
        await remember(database, program_id, "10.0.0.1", "kiosk/2", NOW),
    }
    assert len(others | {first}) == 4
    async with database.connection() as connection:
        found = await members.origins_of(connection, program_id, [first, uuid4()])
        assert await members.origins_of(connection, program_id, []) == {}
    assert [(one.address, one.user_agent) for one in found.values()] == [("10.0.0.1", "kiosk/1")]


async def test_any_header_can_be_remembered(database: Database, program_id: int) -> None:
    origin_id = await remember(database, program_id, "\0" + "a" * 99, "x\ud800\n" + "ü" * 999, NOW)
    async with database.connection() as connection:
        found = (await members.origins_of(connection, program_id, [origin_id]))[origin_id]
    assert (len(found.address), len(found.user_agent)) == (63, 298)


async def test_origins_are_forgotten_by_the_day(database: Database, program_id: int) -> None:
    old = await remember(database, program_id, "10.0.0.1", "kiosk/1", NOW - 2 * DAY)
    new = await remember(database, program_id, "10.0.0.1", "kiosk/1", NOW)
    async with database.connection() as connection:
        assert await members.forget_origins(connection, NOW - DAY) == 1
        assert await members.forget_origins(connection, NOW) == 0
        assert list(await members.origins_of(connection, program_id, [old, new])) == [new]


async def test_origins_are_forgotten_in_portions(database: Database, program_id: int) -> None:
    for number in range(5):
        await remember(database, program_id, f"10.0.0.{number}", "", NOW - 9 * DAY)
    async with database.connection() as connection:
        assert [await members.forget_origins(connection, NOW, limit=2) for _ in range(4)] == [2, 2, 1, 0]


class CountingDatabase:
    """A database that counts how often a connection is borrowed."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.borrowed = 0

    def connection(self) -> Any:
        self.borrowed += 1
        return self.database.connection()


async def test_the_handle_cache(database: Database, program_id: int, john: Member) -> None:
    counting: Any = CountingDatabase(database)
    cache = members.HandleCache(counting)
    assert cache.cached(program_id, "john") is None
    answers = await asyncio.gather(*(cache.member_id(program_id, " John ") for _ in range(50)))
    assert answers == [john.member_id] * 50
    assert cache.cached(program_id, "john") == john.member_id
    assert counting.borrowed == 1
    assert cache.cached(program_id + 1, "john") is None
    assert await cache.member_id(program_id + 1, "john") is None
    assert await cache.member_id(program_id, "\0") is None


async def test_the_handle_cache_sees_a_new_member_at_once(database: Database, program_id: int) -> None:
    cache = members.HandleCache(database)
    assert await cache.member_id(program_id, "john") is None
    john = await enrol(database, program_id, "john", "F")
    assert await cache.member_id(program_id, "john") == john.member_id


async def test_the_handle_cache_forgets(database: Database, program_id: int, john: Member) -> None:
    cache = members.HandleCache(database)
    await cache.member_id(program_id, "john")
    async with database.transaction() as connection:
        await members.erase(connection, program_id, john.member_id, NOW)
    cache.forget(program_id, " JOHN")
    assert await cache.member_id(program_id, "john") is None
    again = await enrol(database, program_id, "john", "F")
    assert await cache.member_id(program_id, "john") == again.member_id


async def test_the_origin_cache_costs_one_statement_a_day(database: Database, program_id: int) -> None:
    counting: Any = CountingDatabase(database)
    cache = members.OriginCache(counting)

    async def ask(at: datetime) -> UUID:
        return await cache.origin_id(program_id, "10.0.0.1", None, at)

    first = await asyncio.gather(*(ask(NOW) for _ in range(20)))
    assert len(set(first)) == 1 and counting.borrowed == 1
    assert await ask(NOW + DAY) != first[0]
    assert counting.borrowed == 2
