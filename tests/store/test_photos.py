"""Photos from the request to the page, against PostgreSQL, in a real directory and in object storage."""

import asyncio
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.photos import actions
from regulars.features.photos.actions import PhotoLibrary
from regulars.features.photos.model import PhotoPurpose, PhotoStorageUnavailable, Swept
from regulars.features.photos.rules import file_paths, photo_name, photo_path
from regulars.features.rewards.actions import create_reward, update_reward
from regulars.features.rewards.model import RewardChanges
from tests.support.photo_stores import Directory
from tests.support.photo_world import NOW, PICTURE, PhotoWorld
from tests.support.pictures import BLUE, GREEN, RED, YELLOW, corners, decoded


async def test_a_photo_is_stored_and_shown(photos: PhotoWorld) -> None:
    photo = await photos.store()
    assert (photo.program_id, photo.width, photo.height, photo.used_at) == (photos.program_id, 800, 640, None)
    assert photos.place.files() == sorted(file_paths(photo))
    full = await photos.content(photo_name(photo))
    small = await photos.content(photo_name(photo, thumbnail=True))
    assert full is not None and len(full) == photo.size_bytes
    assert small is not None and len(small) == photo.thumbnail_size_bytes
    assert decoded(full).size == (800, 640) and decoded(small).size == (600, 480)
    assert corners(decoded(small)) == [RED, GREEN, BLUE, YELLOW]
    opened = await actions.open_photo(photos.library, photo_name(photo))
    assert opened is not None and opened.content_type == "image/jpeg"
    async with photos.database.connection() as connection:
        found = await actions.get_photos(connection, photos.program_id, [photo.photo_id, new_id()])
    assert found == {photo.photo_id: photo}


async def test_the_received_file_is_not_kept(photos: PhotoWorld) -> None:
    photo = await photos.store()
    assert all(PICTURE != photos.place.read(path) for path in file_paths(photo))


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
async def test_names_that_lead_nowhere(photos: PhotoWorld, name: str) -> None:
    assert await actions.open_photo(photos.library, name) is None


async def test_a_photo_is_found_for_its_own_purpose_only(photos: PhotoWorld) -> None:
    photo = await photos.store(purpose=PhotoPurpose.LOAN)
    assert await photos.content(photo_name(photo)) is None
    assert await photos.content(photo_name(photo), purpose=PhotoPurpose.LOAN) is not None


async def test_a_refused_photo_leaves_nothing(photos: PhotoWorld) -> None:
    with pytest.raises(Refused):
        await actions.write_photo(photos.library, b"<svg/>", PhotoPurpose.REWARD)
    assert photos.place.files() == []


async def test_photos_are_used_once(photos: PhotoWorld) -> None:
    owner, other = new_id(), new_id()
    ids = [(await photos.store(purpose=PhotoPurpose.LOAN, owner_id=owner)).photo_id for _ in range(2)]

    async def claim(photo_ids: list[UUID], owner_id: UUID, purpose: PhotoPurpose = PhotoPurpose.LOAN) -> str:
        try:
            async with photos.database.transaction() as connection:
                claimed = await actions.claim_photos(
                    connection, photos.program_id, photo_ids, purpose=purpose, owner_id=owner_id, now=NOW
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


async def test_members_take_their_photos_along(photos: PhotoWorld) -> None:
    """Erasure: rows in its transaction, files after it, and the addresses of before find nothing."""
    owner = new_id()
    theirs = [await photos.store(owner_id=owner) for _ in range(2)]
    other = await photos.store(owner_id=new_id())
    async with photos.database.transaction() as connection:
        forgotten = await actions.forget_photos_of(connection, photos.program_id, owner)
    assert {photo.photo_id for photo in forgotten} == {photo.photo_id for photo in theirs}
    await actions.delete_files(photos.library, forgotten)
    await actions.delete_files(photos.library, forgotten)
    assert photos.place.files() == sorted(file_paths(other))
    assert await photos.known([*theirs, other]) == {other.photo_id}
    assert [await photos.content(photo_name(photo)) for photo in theirs] == [None, None]


async def test_the_picture_of_a_reward_is_kept(photos: PhotoWorld) -> None:
    created, updated, unused = [await photos.store() for _ in range(3)]
    async with photos.database.transaction() as connection:
        reward = await create_reward(
            connection, photos.program_id, name="Cinema", cost=1, image_url=photo_path(created), now=NOW
        )
        url = f"https://rewards.example.org{photo_path(updated)}"
        changes = RewardChanges(image_url=url)
        await update_reward(connection, photos.program_id, reward.reward_id, changes, now=NOW)
    swept = await actions.sweep_orphans(photos.library, photos.database, now=NOW + timedelta(days=2))
    assert swept == Swept(1, 0)
    assert photos.place.files() == sorted([*file_paths(created), *file_paths(updated)])
    assert await photos.known([created, updated, unused]) == {created.photo_id, updated.photo_id}


@contextmanager
def file_size_limit(size_bytes: int) -> Iterator[None]:
    """This process can write no file beyond this size, as on a disk that has filled up."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_is_said_so_and_reading_goes_on(database: Database, tmp_path: Path) -> None:
    photos = await PhotoWorld.open(Directory(tmp_path / "photos"), database)
    photo = await photos.store()
    before = photos.place.files()
    with file_size_limit(1000):
        with pytest.raises(PhotoStorageUnavailable):
            await actions.write_photo(photos.library, PICTURE, PhotoPurpose.REWARD)
        assert await photos.content(photo_name(photo)) is not None
    left_over = set(photos.place.files()) - set(before)
    assert all("#" in name for name in left_over), "a file that was cut short must not look like a photo"
    again = await photos.store()
    assert await photos.content(photo_name(again)) is not None
    photos.library.close()


async def test_files_that_cannot_be_deleted_now_hold_up_nobody(photos: PhotoWorld, tmp_path: Path) -> None:
    photo = await photos.store()
    (tmp_path / "file").write_text("in the way")
    broken = PhotoLibrary(tmp_path / "file" / "photos")
    await actions.delete_files(broken, [photo])
    broken.close()
    assert photos.place.files() == sorted(file_paths(photo))


def test_a_server_without_photos_pays_nothing() -> None:
    program = (
        "import sys; from regulars.features.photos.actions import PhotoLibrary; PhotoLibrary('/nowhere');"
        "sys.exit(any(name.split('.')[0] in ('PIL', 'obstore') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
