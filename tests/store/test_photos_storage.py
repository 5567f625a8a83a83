"""Files of photos in a directory and in object storage: every test here is of both."""

import asyncio
import errno
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import obstore
import pytest

from regulars.base.ids import new_id
from regulars.features.photos.model import OpenedFile, PhotoName, PhotoPurpose, PhotoStorageUnavailable
from regulars.features.photos.rules import file_path
from regulars.features.photos.storage import PhotoStorage
from tests.support.photo_stores import PhotoPlace, silent_server, use_endpoint

LARGE = bytes(range(256)) * 16_384


def path_of(photo_id: UUID, *, thumbnail: bool = False, extension: str = "jpg") -> str:
    return file_path(PhotoPurpose.LOAN, PhotoName(photo_id, extension, is_thumbnail=thumbnail))


@pytest.fixture
def storage(place: PhotoPlace) -> PhotoStorage:
    return PhotoStorage(place.location)


@pytest.fixture
def paths() -> list[str]:
    return [path_of(new_id()), path_of(new_id(), thumbnail=True), path_of(new_id(), extension="webp")]


async def whole(opened: OpenedFile | None) -> bytes | None:
    if opened is None:
        return None
    content = b"".join([chunk async for chunk in opened.chunks])
    assert len(content) == opened.size_bytes
    return content


async def listed(storage: PhotoStorage) -> list[str]:
    return sorted([file.path async for chunk in storage.listing() for file in chunk])


async def test_what_was_written_is_read(storage: PhotoStorage, place: PhotoPlace, paths: list[str]) -> None:
    await storage.write({paths[0]: b"one", paths[1]: LARGE})
    assert await whole(await storage.open(paths[0])) == b"one" == place.read(paths[0])
    assert await whole(await storage.open(paths[1])) == LARGE == place.read(paths[1])


async def test_a_file_that_is_missing(storage: PhotoStorage, paths: list[str]) -> None:
    assert await storage.open(paths[0]) is None
    await storage.write({paths[0]: b"one"})
    assert await storage.open(paths[1]) is None


async def test_a_file_is_written_anew(storage: PhotoStorage, paths: list[str]) -> None:
    await storage.write({paths[0]: LARGE})
    await storage.write({paths[0]: b"two"})
    assert await whole(await storage.open(paths[0])) == b"two"


async def test_what_was_deleted_is_gone(storage: PhotoStorage, place: PhotoPlace, paths: list[str]) -> None:
    await storage.write(dict.fromkeys(paths, b"x"))
    await storage.delete([paths[1], path_of(new_id()), paths[0]])
    assert place.files() == [paths[2]]
    await storage.delete(paths)
    await storage.delete(paths)
    assert place.files() == []


async def test_files_are_listed_with_their_age(storage: PhotoStorage, paths: list[str]) -> None:
    assert await listed(storage) == []
    await storage.write(dict.fromkeys(paths, b"x"))
    assert await listed(storage) == sorted(paths)
    ages = [datetime.now(UTC) - file.modified_at async for chunk in storage.listing() for file in chunk]
    assert len(ages) == 3 and all(abs(age) < timedelta(minutes=1) for age in ages)


async def test_more_files_than_come_at_once(storage: PhotoStorage, place: PhotoPlace) -> None:
    many = sorted(path_of(new_id()) for _ in range(1100))
    for path in many:
        place.put(path)
    chunks = [[file.path for file in chunk] async for chunk in storage.listing()]
    assert len(chunks) > 1 and sorted(path for chunk in chunks for path in chunk) == many


async def test_many_write_at_once(storage: PhotoStorage, place: PhotoPlace) -> None:
    pairs = [{path_of(new_id()): b"full", path_of(new_id(), thumbnail=True): b"small"} for _ in range(20)]
    await asyncio.gather(*map(storage.write, pairs))
    assert place.files() == sorted(path for pair in pairs for path in pair)


async def test_a_slow_reader_gets_everything(place: PhotoPlace, paths: list[str]) -> None:
    """The limit is the storage's. A browser on a slow line takes longer than that for one photo."""
    timeout_seconds = 0.5
    storage = PhotoStorage(place.location, timeout_seconds=timeout_seconds)
    await storage.write({paths[0]: LARGE})
    opened = await storage.open(paths[0])
    assert opened is not None
    received = b""
    async for chunk in opened.chunks:
        if not received:
            await asyncio.sleep(3 * timeout_seconds)
        received += chunk
    assert received == LARGE


async def test_nothing_is_left_of_what_could_not_be_written_whole(
    storage: PhotoStorage, place: PhotoPlace, paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put = obstore.put_async
    calls = count(1)

    async def put_once(*arguments: Any, **options: Any) -> Any:
        if next(calls) == 2:
            raise OSError(errno.ENOSPC, "no space left")
        return await put(*arguments, **options)

    monkeypatch.setattr(obstore, "put_async", put_once)
    with pytest.raises(PhotoStorageUnavailable):
        await storage.write(dict.fromkeys(paths, b"x"))
    assert next(calls) == 3 and place.files() == []
    await storage.write(dict.fromkeys(paths, b"x"))
    assert place.files() == sorted(paths)


@pytest.fixture(params=["file in the way", "closed port", "no bucket"])
def unusable(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PhotoStorage:
    """A storage that fails at once."""
    if request.param == "file in the way":
        (tmp_path / "file").write_text("in the way")
        return PhotoStorage(tmp_path / "file" / "photos")
    url = "http://127.0.0.1:9" if request.param == "closed port" else request.getfixturevalue("moto_url")
    use_endpoint(monkeypatch, url)
    return PhotoStorage("s3://nowhere")


async def test_a_storage_that_cannot_be_used(unusable: PhotoStorage, paths: list[str]) -> None:
    with pytest.raises(PhotoStorageUnavailable):
        await unusable.write({paths[0]: b"x"})
    with pytest.raises(PhotoStorageUnavailable):
        await listed(unusable)


async def test_a_storage_that_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch, paths: list[str]
) -> None:
    """Every use of it ends with PhotoStorageUnavailable, soon after the time that it has."""
    timeout_seconds = 0.5
    with silent_server() as url:
        use_endpoint(monkeypatch, url)
        storage = PhotoStorage("s3://photos", timeout_seconds=timeout_seconds)
        # Writing takes back what it wrote, so it waits twice.
        for use, times in (
            (storage.write({paths[0]: b"x"}), 2),
            (storage.open(paths[0]), 1),
            (storage.delete(paths), 1),
            (listed(storage), 1),
        ):
            started = asyncio.get_running_loop().time()
            with pytest.raises(PhotoStorageUnavailable):
                await use
            assert asyncio.get_running_loop().time() - started < times * timeout_seconds + 1


async def test_files_may_come_and_go_while_they_are_listed(tmp_path: Path) -> None:
    """In a directory; object storage lists what it knows, and moto fails when that goes meanwhile."""
    storage = PhotoStorage(tmp_path / "photos")
    kept = [path_of(new_id()) for _ in range(5)]
    await storage.write(dict.fromkeys(kept, b"x"))

    async def come_and_go() -> None:
        for _ in range(30):
            path = path_of(new_id())
            await storage.write({path: LARGE})
            await storage.delete([path])

    busy = asyncio.gather(*(come_and_go() for _ in range(4)))
    while not busy.done():
        assert set(kept) <= set(await listed(storage))
        assert await storage.delete_unfinished(datetime.now(UTC) - timedelta(hours=1)) == 0
    await busy
    assert await listed(storage) == sorted(kept)
