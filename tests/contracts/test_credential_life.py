"""Credentials as their owners live with them: hashed at rest, rotated with an overlap, stopped in time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest_asyncio

from regulars.app import create_application, open_services
from regulars.contracts.cryptokids.context import ADMIN_SCOPE, CHILD_SCOPE
from regulars.contracts.cryptokids.router import CONTRACT
from regulars.features.access.actions_credentials import (
    import_credential,
    issue_credential,
    revoke_credential,
    rotate_credential,
)
from regulars.settings_sources import Secret
from tests.support.family import SECRET_KEY, Family, family, ok
from tests.support.ledger import NOW
from tests.support.stored import everything_stored, spellings

STOPPED_SECONDS_MAX = 5.0
BROUGHT_KEY = "a-key-from-an-earlier-deployment"


@pytest_asyncio.fixture
async def home(database_url: str, tmp_path: Path) -> AsyncIterator[Family]:
    """A family in production."""
    async with family(database_url, tmp_path, mode="production") as opened:
        yield opened


@asynccontextmanager
async def second_process(home: Family, **changes: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of another application on the same database, with caches of its own."""
    settings = msgspec.structs.replace(home.services.settings, **changes)
    application = create_application(settings, contracts=[CONTRACT], clock=home.clock)
    async with open_services(settings, home.clock) as services:
        application.state["services"] = services
        transport = httpx2.ASGITransport(app=application)  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=transport, base_url="http://family.test") as client:
            yield client


async def status(client: httpx2.AsyncClient, key: str) -> int:
    """What the key is answered."""
    return (await client.get("/api/members", headers={"X-Admin-Key": key})).status_code


async def seconds_until_refused(client: httpx2.AsyncClient, headers: dict[str, str], path: str) -> float:
    """How long the credential goes on working while it is used all the time."""
    started = time.monotonic()
    while (await client.get(path, headers=headers)).status_code != 401:
        assert time.monotonic() - started < 2 * STOPPED_SECONDS_MAX, "it still works"
        await asyncio.sleep(0.05)
    return time.monotonic() - started


async def issued(home: Family, scope: str = ADMIN_SCOPE) -> tuple[int, str]:
    """A new credential and its key."""
    async with home.database.transaction() as connection:
        made = await issue_credential(
            connection, SECRET_KEY, home.program_id, name="one more", scopes={scope}, now=NOW
        )
    return made.credential.credential_id, made.key


async def revoke(home: Family, credential_id: int) -> None:
    """Every key of the credential stops."""
    async with home.database.transaction() as connection:
        await revoke_credential(connection, home.program_id, credential_id, home.clock())


async def test_no_table_holds_a_key_or_a_digest_that_anybody_could_make(
    home: Family, database_url: str
) -> None:
    await home.earn(10)
    ok(await home.post("/api/holds", {"userId": "leo", "itemId": home.reward_id}, key="leo"), 201)
    async with home.database.transaction() as connection:
        await import_credential(
            connection, SECRET_KEY, home.program_id, BROUGHT_KEY, name="old", scopes={ADMIN_SCOPE}, now=NOW
        )
    assert await status(home.client, BROUGHT_KEY) == 200
    stored = everything_stored(database_url)
    assert "admin's key" in stored
    for key in [*home.keys.values(), BROUGHT_KEY]:
        assert [spelling for spelling in spellings(key) if spelling in stored] == []
    # The first characters find the row of a generated key; those of a brought one may say too much of it.
    assert BROUGHT_KEY[:8] not in stored


async def test_the_stored_digest_depends_on_the_servers_secret(home: Family) -> None:
    another = Secret("another secret key of 42 characters, really")
    async with second_process(home, secret_key=another) as client:
        assert await status(client, home.keys["admin"]) == 401
    assert await status(home.client, home.keys["admin"]) == 200


async def test_both_keys_work_while_a_rotation_overlaps_and_then_only_the_new_one(home: Family) -> None:
    credential_id, old = await issued(home)
    async with home.database.transaction() as connection:
        rotated = await rotate_credential(
            connection,
            SECRET_KEY,
            home.program_id,
            credential_id,
            overlap=timedelta(days=1),
            now=home.clock(),
        )
    assert rotated.credential.credential_id == credential_id
    for hours in (0, 23):
        home.clock.now = NOW + timedelta(hours=hours)
        assert [await status(home.client, key) for key in (old, rotated.key)] == [200, 200]
    home.clock.now = NOW + timedelta(days=1)
    stopped = await seconds_until_refused(home.client, {"X-Admin-Key": old}, "/api/members")
    assert stopped < STOPPED_SECONDS_MAX
    assert await status(home.client, rotated.key) == 200
    answer = await home.post(
        "/ck/earn", {"user_id": "leo", "amount": 1}, key=None, headers={"X-Admin-Key": rotated.key}
    )
    assert ok(answer)["tx"]["actor"] == "one more"


async def test_a_repetition_under_the_new_key_of_a_rotation_is_still_a_repetition(home: Family) -> None:
    credential_id, old = await issued(home)
    body = {"user_id": "leo", "amount": 3, "idempotency_key": "k-1"}
    first = ok(await home.post("/ck/earn", body, key=None, headers={"X-Admin-Key": old}))
    async with home.database.transaction() as connection:
        rotated = await rotate_credential(
            connection, SECRET_KEY, home.program_id, credential_id, overlap=timedelta(0), now=home.clock()
        )
    again = ok(await home.post("/ck/earn", body, key=None, headers={"X-Admin-Key": rotated.key}))
    assert again["txId"] == first["txId"]
    assert await home.balance() == 3


async def test_a_revoked_key_stops_in_every_process_within_five_seconds(home: Family) -> None:
    credential_id, key = await issued(home)
    async with second_process(home) as other:
        assert [await status(client, key) for client in (home.client, other)] == [200, 200]
        await revoke(home, credential_id)
        headers = {"X-Admin-Key": key}
        waits = await asyncio.gather(
            seconds_until_refused(home.client, headers, "/api/members"),
            seconds_until_refused(other, headers, "/api/members"),
        )
    assert max(waits) < STOPPED_SECONDS_MAX
    assert await status(home.client, home.keys["admin"]) == 200


async def test_the_devices_of_an_erased_child_stop_within_five_seconds(home: Family) -> None:
    headers = home.headers("leo")
    assert ok(await home.client.get("/balance/leo", headers=headers)) == {"balance": 0}
    ok(await home.client.delete("/api/members/leo", headers=home.headers()))
    assert await seconds_until_refused(home.client, headers, "/balance/leo") < STOPPED_SECONDS_MAX
    assert ok(await home.client.get("/balance/maya", headers=home.headers("maya"))) == {"balance": 0}


async def test_a_key_that_is_given_out_works_within_five_seconds_although_it_was_refused_before(
    home: Family,
) -> None:
    assert await status(home.client, BROUGHT_KEY) == 401
    async with home.database.transaction() as connection:
        await import_credential(
            connection, SECRET_KEY, home.program_id, BROUGHT_KEY, name="old", scopes={ADMIN_SCOPE}, now=NOW
        )
    started = time.monotonic()
    while await status(home.client, BROUGHT_KEY) != 200:
        assert time.monotonic() - started < STOPPED_SECONDS_MAX
        await asyncio.sleep(0.05)


async def test_a_key_opens_what_its_scope_says_and_no_more(home: Family) -> None:
    _, key = await issued(home, CHILD_SCOPE)
    for headers in ({"X-Admin-Key": key}, {"Authorization": f"Bearer {key}"}):
        answer = await home.client.get("/api/members", headers=headers)
        assert answer.status_code == 401
