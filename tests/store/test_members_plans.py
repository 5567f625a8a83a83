"""Finding and changing one member costs the same however many there are.

Connections keep generic plans, so each statement is first planned on empty tables, as on the day of an
installation, or on tables known to be small. There are 40,000 members with three identifiers each when the
connection plans anew, which it does as it ages, without statistics of them, and again when there are some.
"""

from typing import LiteralString
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from msgspec.structs import replace

from regulars.db.database import Connection, Database
from regulars.features.members import actions, store, store_identifiers, store_recognition
from tests.support.enrolment import NOW, enrol, new_program
from tests.support.plans import Values, check, keep_first_plans, plan_anew, plan_for_good, plan_of

COUNT = 40_000
PAGES_MAX = 40
"""A change of a member touches five indexes as well."""

BULK: list[LiteralString] = [
    """
    insert into members (program_id, member_id, number, handle, name, email, created_at, updated_at)
    select %(program_id)s, gen_random_uuid(), n, 'h' || n, 'M' || n, 'm' || n || '@example.com', now(), now()
    from generate_series(1000, %(count)s) n
    """,
    """
    insert into identifiers (program_id, identifier_id, member_id, kind, value, created_at, ended_at)
    select program_id, 3 * number + k, member_id, case k when 2 then 'qr' else 'rfid' end, k || 'F' || number,
        now(), case k when 1 then now() end
    from members, generate_series(0, 2) k
    where number >= 1000
    """,
]

MIDDLE = 39_000
"""The number of whoever is looked for. psycopg prepares a statement anew for numbers above 32,767."""

STATEMENTS: dict[LiteralString, Values] = {
    store.SELECT_BY_IDS: {},
    store.SELECT_BY_NUMBER: {},
    store.SELECT_BY_HANDLE: {"value": f"h{MIDDLE}"},
    store.SELECT_BY_EMAIL: {"value": f"M{MIDDLE}@example.com"},
    store.SELECT_BY_IDENTIFIER: {"value": f"0F{MIDDLE}"},
    store.SELECT_HANDLES: {},
    store.LOCK: {},
    store.LOCK_ALONE: {},
    store.UPDATE: {},
    store.TOUCH_ACTIVE: {},
    store.LIST: {},
    store.INSERT_MEMBERS: {},
    store_identifiers.SELECT_IDENTIFIER: {"value": f"0F{MIDDLE}"},
    store_identifiers.SELECT_OF_MEMBERS: {},
    store_identifiers.SELECT_IN_USE: {},
    store_identifiers.UPDATE_VALUE: {},
    store_identifiers.END: {},
    store_identifiers.INSERT_IDENTIFIERS: {},
    store_identifiers.DELETE_OF_MEMBER: {},
}
"""What psycopg sends for one member, with the values that are not the same for all."""

NOBODY: Values = {
    "member_id": UUID(int=0), "member_ids": [UUID(int=0)], "number": 99_999, "kind": "rfid",
    "value": "nothing",
    "identifier_id": 99_999, "with_ended": True, "with_handle": False,
    "after": 99_999, "limit": 10, "now": NOW, "members": "[]", "identifiers": "[]", "status": "active",
    "handle": None, "name": "New", "email": None, "phone": None, "birth_date": None, "sex": None,
    "updated_at": NOW, "home_location_id": None, "staff": False,
}  # fmt: skip
"""Parameters of every statement, which find nothing."""


@pytest.mark.parametrize(("early", "kinds"), [(0, 0), (5, 0), (50, 1)], ids=["none", "few", "some"])
async def test_plans_made_early_serve_many_members(
    database: Database, database_url: str, early: int, kinds: int
) -> None:
    program_id = await new_program(database, "hub")
    owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with database.connection() as connection, owner:
        await keep_first_plans(connection, owner)
        for number in range(early):
            await enrol(
                database,
                program_id,
                f"early{number}",
                email=f"early{number}@example.com",
                identifiers=[("rfid", f"E{number}", None)] * kinds,
            )
        if early:
            await owner.execute("vacuum analyze")
        for statement in STATEMENTS:
            await plan_for_good(connection, statement, NOBODY | {"program_id": program_id})
        await actions.recognise(connection, program_id, "nobody@example.com", ("rfid", "qr"))
        for bulk in BULK:
            await owner.execute(bulk, {"program_id": program_id, "count": COUNT})
        somebody = await values_of(connection, program_id, MIDDLE)
        await plan_anew(connection)
        for again in ("select 1", "analyze"):
            await owner.execute(again.encode())
            for statement, own in STATEMENTS.items():
                check(statement, await plan_of(connection, statement, somebody | own), PAGES_MAX)
            recognised = store_recognition.SELECT_RECOGNISED
            for code in (f"0F{MIDDLE}", f"2F{MIDDLE}", f"m{MIDDLE}@example.com"):
                texts = {"kinds": '["rfid", "qr"]', "code": code, "email": code}
                check(recognised, await plan_of(connection, recognised, somebody | texts), PAGES_MAX)


async def values_of(connection: Connection, program_id: int, number: int) -> Values:
    """Parameters that find one member of the many, and write what belongs to a new one."""
    member = await actions.get_by_number(connection, program_id, number)
    assert member is not None
    fob, *_ = (await actions.identifiers_of(connection, program_id, [member.member_id]))[member.member_id]
    new = replace(member, member_id=uuid4(), number=COUNT + 100, handle="new", email="new@example.com")
    more = replace(fob, identifier_id=4 * COUNT, value="new")
    return NOBODY | {
        "program_id": program_id,
        "member_id": member.member_id,
        "member_ids": [member.member_id],
        "number": number,
        "identifier_id": fob.identifier_id,
        "after": number,
        "members": msgspec.json.encode([new]).decode(),
        "identifiers": msgspec.json.encode([more]).decode(),
    }
