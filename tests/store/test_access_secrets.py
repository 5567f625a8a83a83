"""Secrets among a program's settings on a real PostgreSQL: stored sealed, and sealed where they were not."""

import asyncio

import pytest
import pytest_asyncio

from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.access.model import Program
from regulars.features.access.sealing import SettingSeal
from tests.support.ledger import NOW
from tests.support.sealed import store_as_it_is
from tests.support.stored import everything_stored

SEAL = SettingSeal("a secret key of the test suite, 42 characters")
NAME, OTHER_NAME = "shop.signing_secret", "shop.token_secret"
SECRET, NEW_SECRET = "what the shop signs with", "what the shop signs with from now on"


async def new_program(database: Database, slug: str, seal: SettingSeal | None = SEAL) -> Program:
    async with database.transaction() as connection:
        return await access.create_program(
            connection,
            slug=slug,
            name=slug,
            currency="GBP",
            time_zone="Europe/London",
            settings={"shop.name": "visible", NAME: SECRET},
            seal=seal,
            now=NOW,
        )


async def stored(database: Database, program: Program) -> Program:
    async with database.connection() as connection:
        found = await access.get_program(connection, program.program_id)
    assert found is not None
    return found


@pytest_asyncio.fixture
async def program(database: Database) -> Program:
    return await new_program(database, "shop")


async def test_a_secret_is_sealed_from_the_first_moment(
    database: Database, program: Program, database_url: str
) -> None:
    assert await stored(database, program) == program
    assert SEAL.opened(program) == {"shop.name": "visible", NAME: SECRET}
    async with database.transaction() as connection:
        changed = await access.update_program_settings(
            connection, program.program_id, {NAME: NEW_SECRET, OTHER_NAME: SECRET}, seal=SEAL, now=NOW
        )
    assert SEAL.opened(changed) == {"shop.name": "visible", NAME: NEW_SECRET, OTHER_NAME: SECRET}
    text = everything_stored(database_url)
    assert "visible" in text and SECRET not in text
    async with database.transaction() as connection:
        changed = await access.update_program_settings(
            connection, program.program_id, {OTHER_NAME: None}, resets=[NAME], now=NOW
        )
    assert changed.settings == {"shop.name": "visible", OTHER_NAME: None}


async def test_without_a_seal_no_secret_is_stored(database: Database, program: Program) -> None:
    with pytest.raises(AssertionError):
        await new_program(database, "another", seal=None)
    with pytest.raises(AssertionError):
        async with database.transaction() as connection:
            await access.update_program_settings(
                connection, program.program_id, {NAME: NEW_SECRET, "shop.name": "x"}, now=NOW
            )
    async with database.connection() as connection:
        assert await access.list_programs(connection) == [program]


async def test_secrets_of_programs_differ_where_the_text_is_the_same(
    database: Database, program: Program
) -> None:
    other = await new_program(database, "another")
    assert other.settings[NAME] != program.settings[NAME]
    await store_as_it_is(database, other.program_id, NAME, program.settings[NAME])
    assert SEAL.opened(await stored(database, other))[NAME] == program.settings[NAME]


async def test_secrets_that_were_stored_as_text_are_sealed_once(
    database: Database, program: Program, database_url: str
) -> None:
    other = await new_program(database, "another")
    for each in (program, other):
        await store_as_it_is(database, each.program_id, NAME, SECRET)
        await store_as_it_is(database, each.program_id, OTHER_NAME, NEW_SECRET)
    assert SEAL.opened(await stored(database, program))[NAME] == SECRET

    async def seal() -> int:
        async with database.connection() as connection:
            return await access.seal_plain_secrets(connection, SEAL)

    assert sum(await asyncio.gather(*(seal() for _ in range(3)))) == 4
    text = everything_stored(database_url)
    assert SECRET not in text and NEW_SECRET not in text
    for each in (program, other):
        now_stored = await stored(database, each)
        assert SEAL.opened(now_stored) == {"shop.name": "visible", NAME: SECRET, OTHER_NAME: NEW_SECRET}
    assert await seal() == 0


async def test_a_secret_that_is_set_meanwhile_is_not_put_back(
    database: Database, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process has read the old text when an operator sets a new secret."""
    await store_as_it_is(database, program.program_id, NAME, SECRET)
    await store_as_it_is(database, program.program_id, OTHER_NAME, SECRET)
    from regulars.features.access import store

    select = store.select_programs

    async def select_before_somebody_sets(connection: object) -> list[Program]:
        found = await select(connection)  # type: ignore[arg-type]
        async with database.transaction() as another:
            await access.update_program_settings(
                another, program.program_id, {NAME: NEW_SECRET}, seal=SEAL, now=NOW
            )
        return found

    monkeypatch.setattr(store, "select_programs", select_before_somebody_sets)
    async with database.connection() as connection:
        assert await access.seal_plain_secrets(connection, SEAL) == 1
    opened = SEAL.opened(await stored(database, program))
    assert (opened[NAME], opened[OTHER_NAME]) == (NEW_SECRET, SECRET)
