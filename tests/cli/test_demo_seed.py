"""Making the demo's data on a real database, also when it is interrupted."""

from datetime import UTC, datetime

import pytest

from regulars.base.clock import utc_now
from regulars.db.database import Connection, Database
from regulars.demo.people import LEO, LEO_RFID
from regulars.demo.seed import PEOPLE, seed, state_of
from regulars.features.ledger.actions import Ledger, verify
from regulars.features.members.actions import find, search

NOW = datetime(2026, 3, 14, 15, 9, tzinfo=UTC)

TOTALS = """
select m.handle, a.balance, a.held, a.version, a.credited, a.debited
from accounts a join members m using (program_id, member_id) order by m.handle
"""


class Interrupted(Exception):
    pass


async def totals(connection: Connection) -> list[tuple[object, ...]]:
    return await (await connection.execute(TOTALS)).fetchall()


async def test_an_interrupted_demo_goes_on_where_it_stopped(
    database: Database, other_database: Database
) -> None:
    def stop_at_a_third(part: float) -> None:
        if part > 0.33:
            raise Interrupted

    ledger = Ledger(database, utc_now)
    with pytest.raises(Interrupted):
        await seed(database, ledger, "small", NOW, stop_at_a_third)
    # The next start is on another day and asks for another size; what was begun is what is finished.
    program = await seed(database, ledger, "large", utc_now(), lambda part: None)
    assert state_of(program).complete and state_of(program).size == "small"

    parts: list[float] = []
    undisturbed = Ledger(other_database, utc_now)
    await seed(other_database, undisturbed, "small", NOW, parts.append)
    assert parts == sorted(parts) and parts[-1] == 1.0
    async with database.connection() as one, other_database.connection() as other:
        assert await totals(one) == await totals(other)
        assert await verify(one) == []


async def test_a_finished_demo_is_left_alone(database: Database) -> None:
    ledger = Ledger(database, utc_now)
    program = await seed(database, ledger, "small", NOW, lambda part: None)
    async with database.connection() as connection:
        before = await totals(connection)
        assert len(await search(connection, program.program_id, limit=1000)) == PEOPLE["small"]
        found = await find(connection, program.program_id, "rfid", LEO_RFID)
        assert found is not None and found.handle == LEO.handle
        assert found.created_at < NOW
    again = await seed(database, ledger, "small", utc_now(), lambda part: pytest.fail("something was made"))
    assert again.program_id == program.program_id
    async with database.connection() as connection:
        assert await totals(connection) == before
