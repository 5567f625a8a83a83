"""How many photos may wait to be used: counted in the database, so exact however many ask at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import psycopg
import pytest
import pytest_asyncio

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.access.actions import create_program
from regulars.features.photos import actions, store
from regulars.features.photos.model import PhotoPurpose, PhotoQuota, WrittenPhoto
from tests.support.photo_stores import Directory
from tests.support.photo_world import NOW, PhotoWorld
from tests.support.plans import check, keep_first_plans, plan_anew, plan_for_good, plan_of

QUOTA = PhotoQuota(of_owner_max=20, of_program_max=1000)
DAY = timedelta(days=1)
PAGES_MAX = 60
FILL = """
insert into photos (
    program_id, photo_id, purpose, extension, width, height, size_bytes, thumbnail_size_bytes,
    owner_id, created_at, used_at
)
select %(program_id)s, gen_random_uuid(), 'loan', 'jpg', 1, 1, 1, 1, %(owner_id)s, %(now)s, %(used_at)s
from generate_series(1, %(count)s)
"""


@pytest_asyncio.fixture
async def world(tmp_path: Path, database: Database) -> AsyncIterator[PhotoWorld]:
    world = await PhotoWorld.open(Directory(tmp_path / "photos"), database)
    yield world
    world.library.close()


async def recorded(
    world: PhotoWorld,
    owner_id: UUID | None,
    quota: PhotoQuota | None = QUOTA,
    *,
    purpose: PhotoPurpose = PhotoPurpose.LOAN,
    now: datetime = NOW,
) -> UUID | int:
    """The id of a photo that was recorded, whose files do not matter, or how long to wait in seconds."""
    written = WrittenPhoto(
        photo_id=new_id(),
        purpose=purpose,
        extension="jpg",
        width=1,
        height=1,
        size_bytes=1,
        thumbnail_size_bytes=1,
    )
    try:
        async with world.database.transaction() as connection:
            photo = await actions.record_photo(
                connection, world.program_id, written, owner_id=owner_id, quota=quota, now=now
            )
    except Refused as refused:
        return int(refused.details["retry_after_seconds"])
    return photo.photo_id


async def use(world: PhotoWorld, photo_id: UUID, owner_id: UUID) -> None:
    async with world.database.transaction() as connection:
        await actions.claim_photos(
            connection,
            world.program_id,
            [photo_id],
            purpose=PhotoPurpose.LOAN,
            owner_id=owner_id,
            now=NOW,
        )


def outcomes(results: list[UUID | int]) -> Counter[str]:
    return Counter("recorded" if isinstance(result, UUID) else "refused" for result in results)


async def test_exactly_as_many_as_a_member_may_keep(world: PhotoWorld) -> None:
    member = new_id()
    results = await asyncio.gather(*(recorded(world, member) for _ in range(70)))
    assert outcomes(results) == {"recorded": 20, "refused": 50}
    assert {result for result in results if isinstance(result, int)} == {int(DAY.total_seconds())}


async def test_exactly_as_many_as_a_program_may_keep(world: PhotoWorld) -> None:
    """Whoever knows many members gets no further than with one."""
    quota = msgspec.structs.replace(QUOTA, of_program_max=30)
    members = [new_id() for _ in range(8)]
    results = await asyncio.gather(*(recorded(world, members[n % 8], quota) for n in range(80)))
    assert outcomes(results) == {"recorded": 30, "refused": 50}


async def test_two_programs_do_not_share_a_quota(world: PhotoWorld) -> None:
    async with world.database.transaction() as connection:
        other = await create_program(
            connection, slug="other", name="Other", currency="GBP", time_zone="UTC", now=NOW
        )
    quota = PhotoQuota(of_owner_max=2, of_program_max=2)
    elsewhere = msgspec.structs.replace(world, program_id=other.program_id)
    member = new_id()
    results = await asyncio.gather(*(recorded(each, member, quota) for each in (world, elsewhere) * 5))
    assert outcomes(results[::2]) == {"recorded": 2, "refused": 3} == outcomes(results[1::2])


async def test_using_a_photo_makes_room_at_once(world: PhotoWorld) -> None:
    member, quota = new_id(), PhotoQuota(of_owner_max=2, of_program_max=100)
    first, second = await recorded(world, member, quota), await recorded(world, member, quota)
    assert isinstance(first, UUID) and isinstance(second, UUID)
    assert await recorded(world, member, quota) == 86_400
    assert isinstance(await recorded(world, new_id(), quota), UUID)
    await use(world, first, member)
    assert isinstance(await recorded(world, member, quota), UUID)
    assert await recorded(world, member, quota) == 86_400


async def test_the_wait_is_until_the_oldest_is_a_day_old(world: PhotoWorld) -> None:
    member, quota = new_id(), PhotoQuota(of_owner_max=2, of_program_max=100)
    await recorded(world, member, quota)
    await recorded(world, member, quota, now=NOW + timedelta(hours=5))
    later = NOW + timedelta(hours=20, milliseconds=500)
    assert await recorded(world, member, quota, now=later) == 4 * 3600
    assert await recorded(world, member, quota, now=NOW + DAY - timedelta(milliseconds=1)) == 1
    assert isinstance(await recorded(world, member, quota, now=NOW + DAY), UUID)


async def test_pictures_of_rewards_are_counted_apart(world: PhotoWorld) -> None:
    quota = PhotoQuota(of_owner_max=1, of_program_max=1)
    assert isinstance(await recorded(world, None, None, purpose=PhotoPurpose.REWARD), UUID)
    assert isinstance(await recorded(world, new_id(), quota), UUID)
    assert await recorded(world, new_id(), quota) == 86_400
    assert isinstance(await recorded(world, new_id(), None), UUID)


async def test_uploads_beyond_the_quota_leave_no_files(world: PhotoWorld) -> None:
    member, quota = new_id(), PhotoQuota(of_owner_max=3, of_program_max=100)

    async def upload() -> str:
        try:
            await world.store(purpose=PhotoPurpose.LOAN, owner_id=member, quota=quota)
        except Refused as refused:
            return refused.code
        return "stored"

    assert Counter(await asyncio.gather(*(upload() for _ in range(8)))) == {"stored": 3, "photo_quota": 5}
    assert len(world.place.files()) == 6


async def test_who_is_over_the_quota_costs_no_decoding(
    world: PhotoWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, quota = new_id(), PhotoQuota(of_owner_max=1, of_program_max=100)
    await recorded(world, member, quota)
    decoded: list[bytes] = []

    async def decode(received: bytes) -> None:
        decoded.append(received)

    monkeypatch.setattr(world.library.decoder, "decode", decode)
    with pytest.raises(Refused, match="photo_quota"):
        await world.store(purpose=PhotoPurpose.LOAN, owner_id=member, quota=quota)
    assert decoded == []


@pytest.mark.parametrize("planned", ["on empty tables", "anew"])
async def test_counting_reads_nothing_but_what_is_unused(
    world: PhotoWorld, database_url: str, planned: str
) -> None:
    """Twenty thousand photos that loans use cost nothing, not even when all are of one member."""
    owner_id = new_id()
    values = {"program_id": world.program_id, "owner_id": owner_id, "purpose": "loan", "since": NOW - DAY}
    owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with world.database.connection() as connection, owner:
        await keep_first_plans(connection, owner)
        if planned == "on empty tables":
            await plan_for_good(connection, store.COUNT_UNUSED, values)
        for used_at, count in ((NOW, 20_000), (None, 100)):
            await owner.execute(FILL, values | {"now": NOW, "used_at": used_at, "count": count})
        await owner.execute("vacuum analyze photos")
        if planned == "anew":
            await plan_anew(connection)
            await plan_for_good(connection, store.COUNT_UNUSED, values)
        check(store.COUNT_UNUSED, await plan_of(connection, store.COUNT_UNUSED, values), PAGES_MAX)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({}, PhotoQuota(20, 1000)),
        ({"photos.unused_per_member": 5, "photos.unused_per_program": 7}, PhotoQuota(5, 7)),
        ({"photos.unused_per_member": 0, "photos.unused_per_program": 10**9}, PhotoQuota(1, 100_000)),
        ({"photos.unused_per_member": "many"}, PhotoQuota(20, 1000)),
    ],
)
def test_a_program_sets_its_quota(stored: dict[str, object], expected: PhotoQuota) -> None:
    assert actions.quota_of(stored) == expected
