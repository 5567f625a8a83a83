"""A key that is rotated more than once: an end that was announced is never put off."""

from datetime import UTC, datetime, timedelta

import pytest

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.access import actions as access

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "a secret key of the server"
DAY = timedelta(days=1)


async def a_credential(database: Database) -> tuple[int, int, str]:
    """A program, its credential and the credential's first key."""
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug="family", name="Family", currency="GBP", time_zone="UTC", now=NOW
        )
        issued = await access.issue_credential(
            connection, SECRET, program.program_id, name="Till", scopes=["cryptokids:admin"], now=NOW
        )
    return program.program_id, issued.credential.credential_id, issued.key


async def rotate(
    database: Database, program_id: int, credential_id: int, overlap: timedelta, now: datetime = NOW
) -> str:
    async with database.transaction() as connection:
        rotated = await access.rotate_credential(
            connection, SECRET, program_id, credential_id, overlap=overlap, now=now
        )
    return rotated.key


async def works(database: Database, key: str, at: datetime) -> bool:
    async with database.connection() as connection:
        return await access.find_caller(connection, SECRET, key, at) is not None


async def test_a_later_rotation_does_not_prolong_an_earlier_key(database: Database) -> None:
    program_id, credential_id, first = await a_credential(database)
    second = await rotate(database, program_id, credential_id, DAY)
    third = await rotate(database, program_id, credential_id, 10 * DAY)
    ends = {first: NOW + DAY, second: NOW + 10 * DAY}
    for key, end in ends.items():
        assert await works(database, key, end - timedelta(microseconds=1))
        assert not await works(database, key, end)
    assert await works(database, third, NOW + 1000 * DAY)


async def test_a_later_rotation_may_shorten_what_an_earlier_one_left(database: Database) -> None:
    program_id, credential_id, first = await a_credential(database)
    second = await rotate(database, program_id, credential_id, 10 * DAY)
    third = await rotate(database, program_id, credential_id, timedelta(0), NOW + DAY)
    assert [await works(database, key, NOW + DAY) for key in (first, second, third)] == [False, False, True]


async def test_a_key_whose_end_has_come_does_not_come_back(database: Database) -> None:
    program_id, credential_id, first = await a_credential(database)
    await rotate(database, program_id, credential_id, timedelta(0))
    await rotate(database, program_id, credential_id, 5 * DAY, NOW + DAY)
    assert not await works(database, first, NOW + 2 * DAY)


async def test_all_keys_of_a_credential_end_with_it(database: Database) -> None:
    program_id, credential_id, first = await a_credential(database)
    second = await rotate(database, program_id, credential_id, DAY)
    async with database.transaction() as connection:
        await access.revoke_credential(connection, program_id, credential_id, NOW)
    assert [await works(database, key, NOW) for key in (first, second)] == [False, False]
    with pytest.raises(Refused) as refused:
        await rotate(database, program_id, credential_id, DAY)
    assert refused.value.code == "credential_revoked"
