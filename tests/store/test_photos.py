"""Photos from the request to the page and to the sweep, against PostgreSQL and a real directory."""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.access.actions import create_program
from regulars.features.photos import actions
from regulars.features.photos.actions import PhotoLibrary
from regulars.features.photos.model import Photo, PhotoPurpose, PhotoStorageUnavailable, Swept
from regulars.features.photos.rules import file_paths, photo_name, photo_path
from regulars.features.photos.storage import PhotoStorage
from regulars.features.rewards.actions import create_reward, update_reward
from regulars.features.rewards.model import RewardChanges
from tests.support.pictures import BLUE, GREEN, RED, YELLOW, corners, decoded, encoded, quarters

NOW = datetime.now(UTC)
PICTURE = encoded(quarters(800, 640), "JPEG")


@pytest_asyncio.fixture
async def program_id(database: Database) -> int:
    async with database.transaction() as connection:
        program = await create_program(
            connection, slug="family", name="Family", currency="GBP", time_zone="UTC", now=NOW
        )
    return program.program_id


@pytest_asyncio.fixture
async def library(tmp_path: Path) -> AsyncIterator[PhotoLibrary]:
    opened = PhotoLibrary(tmp_path / "photos")
    yield opened
    opened.close()


def files(library_path: Path) -> list[str]:
    return sorted(str(path.relative_to(library_path)) for path in library_path.rglob("*") if path.is_file())


async def stored(
    library: PhotoLibrary,
    database: Database,
    program_id: int,
    *,
    purpose: PhotoPurpose = PhotoPurpose.REWARD,
    owner_id: UUID | None = None,
    now: datetime = NOW,
) -> Photo:
    return await actions.store_photo(
        library, database, program_id, PICTURE, purpose=purpose, owner_id=owner_id, now=now
    )


async def content(library: PhotoLibrary, name: str, **options: PhotoPurpose) -> bytes | None:
    opened = await actions.open_photo(library, name, **options)
    if opened is None:
        return None
    received = b"".join([chunk async for chunk in opened.chunks])
    assert len(received) == opened.size_bytes
    return received


async def test_a_photo_is_stored_and_shown(
    library: PhotoLibrary, database: Database, program_id: int, tmp_path: Path
) -> None:
    photo = await stored(library, database, program_id)
    assert (photo.program_id, photo.width, photo.height, photo.used_at) == (program_id, 800, 640, None)
    assert files(tmp_path / "photos") == sorted(file_paths(photo))
    full = await content(library, photo_name(photo))
    small = await content(library, photo_name(photo, thumbnail=True))
    assert full is not None and len(full) == photo.size_bytes
    assert small is not None and len(small) == photo.thumbnail_size_bytes
    assert decoded(full).size == (800, 640) and decoded(small).size == (600, 480)
    assert corners(decoded(small)) == [RED, GREEN, BLUE, YELLOW]
    opened = await actions.open_photo(library, photo_name(photo))
    assert opened is not None and opened.content_type == "image/jpeg"
    async with database.connection() as connection:
        assert await actions.get_photos(connection, program_id, [photo.photo_id, new_id()]) == {
            photo.photo_id: photo
        }


async def test_the_received_file_is_not_kept(
    library: PhotoLibrary, database: Database, program_id: int, tmp_path: Path
) -> None:
    photo = await stored(library, database, program_id)
    assert all(PICTURE != (tmp_path / "photos" / path).read_bytes() for path in file_paths(photo))


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "01920000-0000-7000-8000-0000000000ab.jpg",
        "01920000-0000-7000-8000-0000000000ab.jpg/..",
        "/etc/passwd",
        "a\0.jpg",
    ],
)
async def test_names_that_lead_nowhere(library: PhotoLibrary, name: str) -> None:
    assert await actions.open_photo(library, name) is None


async def test_a_photo_is_found_for_its_own_purpose_only(
    library: PhotoLibrary, database: Database, program_id: int
) -> None:
    photo = await stored(library, database, program_id, purpose=PhotoPurpose.LOAN)
    assert await content(library, photo_name(photo)) is None
    assert await content(library, photo_name(photo), purpose=PhotoPurpose.LOAN) is not None


async def test_a_refused_photo_leaves_nothing(library: PhotoLibrary, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        await actions.write_photo(library, b"<svg/>", PhotoPurpose.REWARD)
    assert not (tmp_path / "photos").exists()


async def test_photos_are_used_once(library: PhotoLibrary, database: Database, program_id: int) -> None:
    owner, other = new_id(), new_id()
    photos = [
        await stored(library, database, program_id, purpose=PhotoPurpose.LOAN, owner_id=owner)
        for _ in range(2)
    ]
    ids = [photo.photo_id for photo in photos]

    async def claim(photo_ids: list[UUID], owner_id: UUID, purpose: PhotoPurpose = PhotoPurpose.LOAN) -> str:
        try:
            async with database.transaction() as connection:
                claimed = await actions.claim_photos(
                    connection, program_id, photo_ids, purpose=purpose, owner_id=owner_id, now=NOW
                )
        except Refused as refused:
            return refused.code
        assert [photo.photo_id for photo in claimed] == photo_ids
        assert all(photo.used_at == NOW for photo in claimed)
        return "claimed"

    assert await claim(ids, other) == "photo_not_usable"
    assert await claim(ids, owner, PhotoPurpose.REWARD) == "photo_not_usable"
    assert await claim([*ids, new_id()], owner) == "photo_not_found"
    outcomes = await asyncio.gather(*(claim(ids if turn % 2 else ids[::-1], owner) for turn in range(8)))
    assert sorted(outcomes) == ["claimed", *["photo_not_usable"] * 7]


async def test_members_take_their_photos_along(
    library: PhotoLibrary, database: Database, program_id: int, tmp_path: Path
) -> None:
    owner = new_id()
    theirs = [await stored(library, database, program_id, owner_id=owner) for _ in range(2)]
    other = await stored(library, database, program_id, owner_id=new_id())
    async with database.transaction() as connection:
        forgotten = await actions.forget_photos_of(connection, program_id, owner)
    assert {photo.photo_id for photo in forgotten} == {photo.photo_id for photo in theirs}
    await actions.delete_files(library, forgotten)
    await actions.delete_files(library, forgotten)
    assert files(tmp_path / "photos") == sorted(file_paths(other))


async def test_the_picture_of_a_reward_is_kept(
    library: PhotoLibrary, database: Database, program_id: int, tmp_path: Path
) -> None:
    created, updated, unused = [await stored(library, database, program_id) for _ in range(3)]
    async with database.transaction() as connection:
        reward = await create_reward(
            connection, program_id, name="Cinema", cost=1, image_url=photo_path(created), now=NOW
        )
        url = f"https://rewards.example.org{photo_path(updated)}"
        await update_reward(connection, program_id, reward.reward_id, RewardChanges(image_url=url), now=NOW)
    swept = await actions.sweep_orphans(library, database, now=NOW + timedelta(days=2))
    assert swept == Swept(1, 0)
    assert files(tmp_path / "photos") == sorted([*file_paths(created), *file_paths(updated)])
    async with database.connection() as connection:
        assert await actions.get_photos(connection, program_id, [unused.photo_id]) == {}


async def test_the_sweep_takes_what_is_left_over_and_nothing_else(
    library: PhotoLibrary, database: Database, program_id: int, tmp_path: Path
) -> None:
    directory = tmp_path / "photos"
    kept = await stored(library, database, program_id)
    lost = await actions.write_photo(library, PICTURE, PhotoPurpose.LOAN)
    young = await actions.write_photo(library, PICTURE, PhotoPurpose.REWARD)
    unfinished = directory / f"{file_paths(lost)[0]}#1"
    unfinished.write_bytes(b"half")
    (directory / "readme.txt").write_text("not ours")
    for path in (*file_paths(kept), *file_paths(lost), "readme.txt", str(unfinished.relative_to(directory))):
        os.utime(directory / path, (NOW.timestamp() - 7200,) * 2)
    assert await actions.sweep_orphans(library, database, now=NOW) == Swept(0, 3)
    assert files(directory) == sorted([*file_paths(kept), *file_paths(young), "readme.txt"])
    assert await actions.sweep_orphans(library, database, now=NOW) == Swept(0, 0)


async def test_two_sweeps_share_the_work(
    library: PhotoLibrary,
    database: Database,
    program_id: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(actions, "SWEEP_CHUNK", 2)
    for _ in range(5):
        await stored(library, database, program_id, now=NOW - timedelta(days=2))
    swept = await asyncio.gather(*(actions.sweep_orphans(library, database, now=NOW) for _ in range(2)))
    assert sum(sweep.photos for sweep in swept) == 5
    assert files(tmp_path / "photos") == []


async def test_a_row_that_never_came_leaves_files_for_the_sweep(
    library: PhotoLibrary, database: Database, tmp_path: Path
) -> None:
    with pytest.raises(Exception, match="foreign key"):
        await stored(library, database, 987654)
    assert len(files(tmp_path / "photos")) == 2
    swept = await actions.sweep_orphans(library, database, now=NOW + timedelta(hours=2))
    assert swept == Swept(0, 2) and files(tmp_path / "photos") == []


@contextmanager
def file_size_limit(size_bytes: int) -> Iterator[None]:
    """This process can write no file beyond this size, as on a disk that has filled up."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_is_said_so_and_reading_goes_on(
    library: PhotoLibrary, database: Database, program_id: int, tmp_path: Path
) -> None:
    photo = await stored(library, database, program_id)
    before = files(tmp_path / "photos")
    with file_size_limit(1000):
        with pytest.raises(PhotoStorageUnavailable):
            await actions.write_photo(library, PICTURE, PhotoPurpose.REWARD)
        assert await content(library, photo_name(photo)) is not None
    left_over = set(files(tmp_path / "photos")) - set(before)
    assert all("#" in name for name in left_over), "a file that was cut short must not look like a photo"
    again = await stored(library, database, program_id)
    assert await content(library, photo_name(again)) is not None


async def test_a_storage_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    storage = PhotoStorage(tmp_path / "file" / "photos")
    with pytest.raises(PhotoStorageUnavailable):
        await storage.write({"reward/ab/x.jpg": b"x"})
    with pytest.raises(PhotoStorageUnavailable):
        await storage.open("reward/ab/x.jpg")


async def test_files_that_cannot_be_deleted_now_hold_up_nobody(
    library: PhotoLibrary, database: Database, program_id: int, tmp_path: Path
) -> None:
    photo = await stored(library, database, program_id)
    (tmp_path / "file").write_text("in the way")
    broken = PhotoLibrary(tmp_path / "file" / "photos")
    await actions.delete_files(broken, [photo])
    broken.close()
    assert len(files(tmp_path / "photos")) == 2


def test_a_server_without_photos_pays_nothing() -> None:
    program = (
        "import sys; from regulars.features.photos.actions import PhotoLibrary; PhotoLibrary('/nowhere');"
        "sys.exit(any(name.split('.')[0] in ('PIL', 'obstore') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
