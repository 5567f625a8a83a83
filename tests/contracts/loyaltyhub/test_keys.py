"""Keys of hotels as their owners live with them: 64 characters, hashed, rotated with an overlap, stopped."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

from regulars.features.access import actions as access
from regulars.features.access.actions_credentials import revoke_credential, rotate_credential
from tests.support.hotel_requests import open_bar
from tests.support.hotels import BASE, HIGH_STREET, NUMBER_FOUR, SECRET_KEY, Hotels, beside, ok, refused
from tests.support.ledger import NOW
from tests.support.stored import everything_stored, spellings

STOPPED_SECONDS_MAX = 5.0


async def status(hub: Hotels, key: str) -> int:
    """What the key is answered."""
    body = {"identifier": "F1"}
    answer = await hub.client.post(f"{BASE}/identify", json=body, headers={"X-API-Key": key})
    return answer.status_code


async def seconds_until(hub: Hotels, key: str, wanted: int) -> float:
    """How long it takes until the key is answered this, while it is used all the time."""
    started = time.monotonic()
    while await status(hub, key) != wanted:
        assert time.monotonic() - started < 2 * STOPPED_SECONDS_MAX, f"it is never answered {wanted}"
        await asyncio.sleep(0.05)
    return time.monotonic() - started


async def set_active(hub: Hotels, hotel: str, active: bool) -> None:
    """Switches a hotel as the operator does, who tells no server of it."""
    async with hub.database.transaction() as connection:
        await access.update_location(
            connection, hub.program_id, hub.location_ids[hotel], active=active, now=NOW
        )


async def test_keys_have_64_characters_and_no_table_has_a_key(hub: Hotels, database_url: str) -> None:
    await open_bar(hub)
    for hotel in (HIGH_STREET, NUMBER_FOUR):
        assert await status(hub, hub.keys[hotel]) == 200
    stored = everything_stored(database_url)
    assert HIGH_STREET in stored
    for key in hub.keys.values():
        assert len(key) == 64
        assert [spelling for spelling in spellings(key) if spelling in stored] == []


async def test_both_keys_work_while_a_rotation_overlaps_and_then_only_the_new_one(hub: Hotels) -> None:
    await open_bar(hub)
    credential_id, old = await hub.new_key(location_id=hub.location_ids[HIGH_STREET])
    async with hub.database.transaction() as connection:
        new = await rotate_credential(
            connection, SECRET_KEY, hub.program_id, credential_id, overlap=timedelta(days=1), now=NOW
        )
    for hours in (0, 23):
        hub.clock.now = NOW + timedelta(hours=hours)
        assert [await status(hub, key) for key in (old, new.key)] == [200, 200]
    hub.clock.now = NOW + timedelta(days=1)
    assert await seconds_until(hub, old, 401) < STOPPED_SECONDS_MAX
    assert await status(hub, new.key) == 200


async def test_the_new_key_of_a_rotation_is_the_same_till(hub: Hotels) -> None:
    """What it registers is at home in the same hotel, and its tickets are those of before."""
    await open_bar(hub)
    credential_id, old = await hub.new_key(location_id=hub.location_ids[NUMBER_FOUR])
    sale = {"customer_id": 42, "total_amount": 5, "ticket_id": "T-1"}

    async def sell(key: str) -> int:
        answer = await hub.client.post(f"{BASE}/transaction", json=sale, headers={"X-API-Key": key})
        return int(ok(answer, 201)["transaction_id"])

    first = await sell(old)
    async with hub.database.transaction() as connection:
        new = await rotate_credential(
            connection, SECRET_KEY, hub.program_id, credential_id, overlap=timedelta(0), now=NOW
        )
    assert await sell(new.key) == first
    hub.keys["renewed"] = new.key
    assert (await hub.register(hotel="renewed"))["home_hotel"] == NUMBER_FOUR


async def test_a_revoked_key_stops_in_every_process_within_five_seconds(
    hub: Hotels, database_url: str, tmp_path: Path
) -> None:
    await open_bar(hub)
    credential_id, key = await hub.new_key(location_id=hub.location_ids[HIGH_STREET])
    async with beside(hub, database_url, tmp_path / "other") as other:
        assert [await status(process, key) for process in (hub, other)] == [200, 200]
        async with hub.database.transaction() as connection:
            await revoke_credential(connection, hub.program_id, credential_id, hub.clock())
        waits = [seconds_until(process, key, 401) for process in (hub, other)]
        assert max(await asyncio.gather(*waits)) < STOPPED_SECONDS_MAX
    assert await status(hub, hub.keys[HIGH_STREET]) == 200


async def test_a_hotel_is_switched_off_and_on_in_every_process_within_five_seconds(
    hub: Hotels, database_url: str, tmp_path: Path
) -> None:
    await open_bar(hub)
    key, next_door = hub.keys[NUMBER_FOUR], hub.keys[HIGH_STREET]
    async with beside(hub, database_url, tmp_path / "other") as other:
        assert [await status(process, key) for process in (hub, other)] == [200, 200]
        for active, wanted in ((False, 403), (True, 200)):
            await set_active(hub, NUMBER_FOUR, active)
            waits = [seconds_until(process, key, wanted) for process in (hub, other)]
            assert max(await asyncio.gather(*waits)) < STOPPED_SECONDS_MAX
            assert await status(other, next_door) == 200


async def test_every_key_of_a_hotel_that_is_switched_off_is_told_so(hub: Hotels) -> None:
    _, second = await hub.new_key(location_id=hub.location_ids[NUMBER_FOUR])
    await hub.close_hotel(NUMBER_FOUR)
    for key in (hub.keys[NUMBER_FOUR], second):
        answer = await hub.client.get(f"{BASE}/sync", headers={"X-API-Key": key})
        refused(answer, 403, "hotel_inactive", "Hotel is inactive")
