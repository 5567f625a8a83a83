"""What is left over is swept, from a directory and from object storage, and nothing else is."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from regulars.base.ids import new_id
from regulars.db.database import Database
from regulars.features.photos import actions
from regulars.features.photos.model import Photo, PhotoPurpose, Swept, WrittenPhoto
from regulars.features.photos.rules import file_paths
from tests.support.photo_stores import Directory
from tests.support.photo_world import NOW, PICTURE, PhotoWorld
from tests.support.photo_writer import photo_writer


async def sweep(photos: PhotoWorld, later: timedelta = timedelta(0)) -> Swept:
    return await actions.sweep_orphans(photos.library, photos.database, now=datetime.now(UTC) + later)


async def write(photos: PhotoWorld) -> WrittenPhoto:
    return await actions.write_photo(photos.library, PICTURE, PhotoPurpose.LOAN)


async def test_files_without_a_row_are_swept_after_an_hour(photos: PhotoWorld) -> None:
    kept = await photos.store(purpose=PhotoPurpose.LOAN)
    lost = await write(photos)
    for path in ("readme.txt", f"backup/ab/{new_id()}.jpg", "loan/ab/notes.txt"):
        photos.place.put(path)
    everything = photos.place.files()
    assert await sweep(photos) == Swept(0, 0)
    assert await sweep(photos, timedelta(minutes=59)) == Swept(0, 0)
    assert photos.place.files() == everything
    assert await sweep(photos, timedelta(minutes=61)) == Swept(0, 2)
    assert photos.place.files() == sorted(set(everything) - set(file_paths(lost)))
    assert await sweep(photos, timedelta(minutes=61)) == Swept(0, 0)
    assert await photos.known([kept]) == {kept.photo_id}


async def test_a_storage_whose_clock_is_slow_takes_nothing_from_a_request(photos: PhotoWorld) -> None:
    """The files look older than they are, and the request that wrote them has not committed yet."""
    written = await write(photos)
    for path in file_paths(written):
        photos.place.written_at(path, NOW - timedelta(days=3))
    assert await sweep(photos, timedelta(minutes=30)) == Swept(0, 0)
    async with photos.database.transaction() as connection:
        photo = await actions.record_photo(connection, photos.program_id, written, now=NOW)
    assert await sweep(photos, timedelta(hours=2)) == Swept(0, 0)
    assert photos.place.files() == sorted(file_paths(photo))


async def test_a_storage_whose_clock_is_fast_keeps_files_for_longer(photos: PhotoWorld) -> None:
    written = await write(photos)
    for path in file_paths(written):
        photos.place.written_at(path, NOW + timedelta(hours=5))
    assert await sweep(photos, timedelta(hours=2)) == Swept(0, 0)
    assert await sweep(photos, timedelta(hours=7)) == Swept(0, 2)


async def test_what_nothing_uses_is_swept_after_a_day(photos: PhotoWorld) -> None:
    owner_id = new_id()
    used, unused = [await photos.store(purpose=PhotoPurpose.LOAN, owner_id=owner_id) for _ in range(2)]
    async with photos.database.transaction() as connection:
        await actions.claim_photos(
            connection,
            photos.program_id,
            [used.photo_id],
            purpose=PhotoPurpose.LOAN,
            owner_id=owner_id,
            now=NOW,
        )
    assert await sweep(photos, timedelta(hours=23)) == Swept(0, 0)
    assert await sweep(photos, timedelta(hours=25)) == Swept(1, 0)
    assert photos.place.files() == sorted(file_paths(used))
    assert await photos.known([used, unused]) == {used.photo_id}


async def test_two_sweeps_share_the_work(photos: PhotoWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "SWEEP_CHUNK", 2)
    for _ in range(5):
        await photos.store(now=NOW - timedelta(days=2))
    lost = [await write(photos) for _ in range(3)]
    # moto looks at a file when it is listed first, and fails when it is deleted meanwhile.
    assert sum([len(chunk) async for chunk in photos.library.storage.listing()]) == 16
    swept = await asyncio.gather(*(sweep(photos, timedelta(hours=2)) for _ in range(2)))
    assert sum(each.photos for each in swept) == 5 and len(lost) == 3
    assert photos.place.files() == []


async def test_a_row_that_never_came_leaves_files_for_the_sweep(photos: PhotoWorld) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        await actions.store_photo(
            photos.library, photos.database, 987654, PICTURE, purpose=PhotoPurpose.LOAN, now=NOW
        )
    assert len(photos.place.files()) == 2
    assert await sweep(photos, timedelta(hours=2)) == Swept(0, 2)
    assert photos.place.files() == []


async def test_a_process_that_is_killed_between_file_and_row(photos: PhotoWorld) -> None:
    kept = await photos.store(purpose=PhotoPurpose.LOAN)
    with photo_writer(photos.place.location) as writer:
        paths = await asyncio.to_thread(writer.write)
        writer.kill()
    assert photos.place.files() == sorted([*paths, *file_paths(kept)])
    assert await sweep(photos, timedelta(hours=2)) == Swept(0, 2)
    assert photos.place.files() == sorted(file_paths(kept))


async def test_a_sweep_beside_uploads_takes_none_of_them(photos: PhotoWorld) -> None:
    """Also one that believes everything to be old: whatever is committed keeps its files."""
    stored: list[Photo] = []

    async def upload() -> None:
        for _ in range(4):
            photo = await photos.store(purpose=PhotoPurpose.LOAN)
            stored.append(photo)

    uploading = asyncio.gather(upload(), upload())
    while not uploading.done():
        await sweep(photos)
    await uploading
    assert photos.place.files() == sorted(path for photo in stored for path in file_paths(photo))


async def test_a_file_that_was_never_finished_is_swept(database: Database, tmp_path: Path) -> None:
    """Object storage has none: there a file is there as a whole or not at all."""
    photos = await PhotoWorld.open(Directory(tmp_path / "photos"), database)
    kept = await photos.store()
    unfinished = f"{file_paths(kept)[0]}#1"
    photos.place.put(unfinished, b"half")
    photos.place.written_at(unfinished, NOW - timedelta(hours=2))
    assert await sweep(photos) == Swept(0, 1)
    assert photos.place.files() == sorted(file_paths(kept))
    photos.library.close()
