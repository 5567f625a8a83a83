"""Credentials and the caches in front of them on a real PostgreSQL."""

import asyncio
import gc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.access.keys import generate_key
from regulars.features.access.model import Caller, IssuedKey

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "a secret key of the server"


@pytest_asyncio.fixture
async def program_id(database: Database) -> int:
    return await new_program(database, "family")


async def new_program(database: Database, slug: str) -> int:
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug=slug, name=slug, currency="GBP", time_zone="UTC", now=NOW
        )
    return program.program_id


async def issue(database: Database, program_id: int, **more: Any) -> IssuedKey:
    async with database.transaction() as connection:
        return await access.issue_credential(
            connection, SECRET, program_id, name="Till", scopes=["cryptokids:admin"], now=NOW, **more
        )


async def caller_of(database: Database, key: str, at: datetime = NOW, secret: str = SECRET) -> Caller | None:
    async with database.connection() as connection:
        return await access.find_caller(connection, secret, key, at)


async def test_a_key_stands_for_its_credential(database: Database, program_id: int) -> None:
    issued = await issue(database, program_id)
    assert await caller_of(database, issued.key) == Caller(
        program_id, issued.credential.credential_id, "Till", frozenset({"cryptokids:admin"}), None, None
    )


async def test_nothing_but_the_very_key_does(database: Database, program_id: int) -> None:
    key = (await issue(database, program_id)).key
    last = "a" if key[-1] != "a" else "b"
    for wrong in (key[:-1] + last, key[:-1], key + "a", key.swapcase(), " " + key, key[:12], "", "\0" * 64):
        assert await caller_of(database, wrong) is None, wrong
    assert await caller_of(database, key, secret="another secret key") is None


async def test_no_row_holds_a_key(database: Database, program_id: int) -> None:
    issued = await issue(database, program_id)
    await bring(database, program_id, "legacy-key-00001")
    async with database.connection() as connection:
        cursor = await connection.execute(
            """
            select (select json_agg(c) from credentials c)::text
                || (select json_agg(s) from credential_secrets s)::text
            """
        )
        row = await cursor.fetchone()
    assert row is not None
    assert issued.key[:12] in row[0]
    assert issued.key[12:20] not in row[0]
    assert "lega" not in row[0]
    assert issued.key not in repr(issued)


async def test_two_keys_with_one_prefix_under_a_race(database: Database, program_id: int) -> None:
    """Ten callers draw keys that begin alike: one keeps its first, the others draw again."""

    def colliding() -> Any:
        same = iter(["SamePrefix00" + generate_key()[12:]])
        return lambda: next(same, None) or generate_key()

    issued = await asyncio.gather(*(issue(database, program_id, new_key=colliding()) for _ in range(10)))
    assert sum(one.key.startswith("SamePrefix00") for one in issued) == 1
    for one in issued:
        caller = await caller_of(database, one.key)
        assert caller is not None and caller.credential_id == one.credential.credential_id


async def test_rotation_overlaps(database: Database, program_id: int) -> None:
    first = await issue(database, program_id)
    credential_id = first.credential.credential_id

    async def rotate(overlap: timedelta, now: datetime) -> str:
        async with database.transaction() as connection:
            rotated = await access.rotate_credential(
                connection, SECRET, program_id, credential_id, overlap=overlap, now=now
            )
        assert rotated.credential.credential_id == credential_id
        return rotated.key

    hour = timedelta(hours=1)
    second = await rotate(24 * hour, NOW)
    third = await rotate(hour, NOW + hour)

    async def working(at: datetime) -> list[bool]:
        keys = (first.key, second, third)
        return [await caller_of(database, key, at) is not None for key in keys]

    assert await working(NOW + hour) == [True, True, True]
    assert await working(NOW + 2 * hour) == [False, False, True]
    # A third rotation without overlap must not lengthen what ends earlier.
    await rotate(timedelta(0), NOW + 3 * hour)
    assert await working(NOW + 3 * hour) == [False, False, False]


async def test_a_revoked_credential_stays_so(database: Database, program_id: int) -> None:
    issued = await issue(database, program_id)
    credential_id = issued.credential.credential_id
    async with database.transaction() as connection:
        await access.revoke_credential(connection, program_id, credential_id, NOW)
        await access.revoke_credential(connection, program_id, credential_id, NOW + timedelta(days=1))
        with pytest.raises(Refused, match="credential_revoked"):
            await access.rotate_credential(
                connection, SECRET, program_id, credential_id, overlap=timedelta(0), now=NOW
            )
        credential = await access.get_credential(connection, program_id, credential_id)
    assert credential is not None and credential.revoked_at == NOW
    assert await caller_of(database, issued.key) is None


async def test_other_programs_credentials_are_not_seen(database: Database, program_id: int) -> None:
    issued = await issue(database, program_id)
    other = await new_program(database, "pub")
    credential_id = issued.credential.credential_id
    async with database.connection() as connection:
        assert await access.get_credential(connection, other, credential_id) is None
        assert await access.list_credentials(connection, other) == []
        with pytest.raises(Refused, match="credential_not_found"):
            await access.revoke_credential(connection, other, credential_id, NOW)
        with pytest.raises(Refused, match="credential_not_found"):
            await access.rotate_credential(
                connection, SECRET, other, credential_id, overlap=timedelta(0), now=NOW
            )
    assert await caller_of(database, issued.key) is not None


async def bring(database: Database, program_id: int, key: str) -> Any:
    async with database.transaction() as connection:
        try:
            return await access.import_credential(
                connection, SECRET, program_id, key, name="Brought", scopes=["loyaltyhub:till"], now=NOW
            )
        except Refused as refusal:
            return refusal.code


@pytest.mark.parametrize("key", ["legacy-key-00001", "legacy-key-00002", "K" * 64, "k" * 512])
async def test_a_brought_key_works(database: Database, program_id: int, key: str) -> None:
    await bring(database, program_id, "legacy-key-00000")
    brought = await bring(database, program_id, key)
    caller = await caller_of(database, key)
    assert caller is not None and caller.credential_id == brought.credential_id
    assert key[:6] not in brought.secrets[0].prefix


async def test_a_brought_key_is_taken_once_under_a_race(database: Database, program_id: int) -> None:
    other = await new_program(database, "pub")
    answers = await asyncio.gather(
        *(bring(database, program, "legacy-key-00001") for program in [program_id, other] * 10)
    )
    assert answers.count("key_taken") == 19
    async with database.connection() as connection:
        listed = [await access.list_credentials(connection, program) for program in (program_id, other)]
    assert sum(map(len, listed)) == 1, "a refused key leaves no credential behind"


async def test_which_keys_are_not_brought(database: Database, program_id: int) -> None:
    issued = await issue(database, program_id)
    assert await bring(database, program_id, issued.key) == "key_taken"
    assert await bring(database, program_id, "too-short") == "invalid_key"
    assert await bring(database, program_id, "with a space in it") == "invalid_key"


@pytest.mark.parametrize(
    ("name", "scopes", "code"), [(" ", ["a:b"], "invalid_name"), ("Till", ["admin"], "invalid_scope")]
)
async def test_what_is_not_issued(
    database: Database, program_id: int, name: str, scopes: list[str], code: str
) -> None:
    async with database.connection() as connection:
        with pytest.raises(Refused, match=code):
            await access.issue_credential(connection, SECRET, program_id, name=name, scopes=scopes, now=NOW)


async def test_credentials_are_listed_page_by_page(database: Database, program_id: int) -> None:
    issued = [(await issue(database, program_id)).credential for _ in range(5)]
    async with database.connection() as connection:
        first = await access.list_credentials(connection, program_id, limit=3)
        rest = await access.list_credentials(connection, program_id, after=first[-1].credential_id, limit=3)
    assert first + rest == issued
    assert all(len(credential.secrets) == 1 for credential in issued)


class CountingDatabase:
    """A database that counts how often a connection is borrowed."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.borrowed = 0

    def connection(self) -> Any:
        self.borrowed += 1
        return self.database.connection()


async def test_a_cached_key_is_answered_without_the_database(database: Database, program_id: int) -> None:
    issued = await issue(database, program_id)
    counting: Any = CountingDatabase(database)
    cache = access.CredentialCache(counting, SECRET)
    assert cache.cached(issued.key) is None
    callers = await asyncio.gather(*(cache.resolve(issued.key) for _ in range(200)))
    assert {caller.credential_id for caller in callers if caller} == {issued.credential.credential_id}
    assert len(callers) == 200 and None not in callers
    assert counting.borrowed == 1
    assert cache.cached(issued.key) == callers[0]
    # No await reaches the event loop: a coroutine that never pauses ends at its first step.
    with pytest.raises(StopIteration):
        cache.resolve(issued.key).send(None)


async def test_a_wrong_key_is_asked_once_and_a_senseless_one_never(
    database: Database, program_id: int
) -> None:
    counting: Any = CountingDatabase(database)
    cache = access.CredentialCache(counting, SECRET)
    for _ in range(3):
        assert await cache.resolve(generate_key()[:-1]) is None
    wrong = generate_key()
    for _ in range(3):
        assert await cache.resolve(wrong) is None
    assert counting.borrowed == 4
    for senseless in ("", "short", "x" * 513):
        assert await cache.resolve(senseless) is None
    assert counting.borrowed == 4


async def test_revocation_acts_when_the_answer_has_aged(database: Database, program_id: int) -> None:
    issued = await issue(database, program_id)
    cache = access.CredentialCache(database, SECRET, lifetime_seconds=0.2)
    assert await cache.resolve(issued.key) is not None
    async with database.transaction() as connection:
        await access.revoke_credential(connection, program_id, issued.credential.credential_id, NOW)
    await asyncio.sleep(0.25)
    assert await cache.resolve(issued.key) is None


async def test_the_cache_keeps_no_key(database: Database, program_id: int) -> None:
    issued = await issue(database, program_id)
    cache = access.CredentialCache(database, SECRET)
    await cache.resolve(issued.key)
    await asyncio.sleep(0)

    def holds(value: Any, depth: int = 0) -> bool:
        if value == issued.key or value == issued.key.encode():
            return True
        if depth > 6 or value is database:
            return False
        return any(
            holds(inner, depth + 1) for inner in gc.get_referents(value) if not isinstance(inner, type)
        )

    assert not holds(vars(cache)["_callers"].__dict__)


async def test_the_program_cache(database: Database, program_id: int) -> None:
    counting: Any = CountingDatabase(database)
    cache = access.ProgramCache(counting)
    assert cache.cached(program_id) is None
    programs = await asyncio.gather(*(cache.get(program_id) for _ in range(50)))
    assert counting.borrowed == 1
    assert cache.cached(program_id) == programs[0]
    assert await cache.get(999) is None
    assert await cache.default_program_id() == program_id
    async with database.transaction() as connection:
        await access.update_program_settings(connection, program_id, {"a.b": 1}, now=NOW)
    cache.forget(program_id)
    changed = await cache.get(program_id)
    assert changed is not None and changed.settings == {"a.b": 1}
