"""What only object storage can get wrong, as moto plays it; what directories can too is tested for both."""

import pytest

from regulars.features.photos.model import PhotoStorageUnavailable
from regulars.features.photos.storage import PhotoStorage
from tests.support.photo_stores import new_bucket, use_endpoint

PATH = "reward/ab/one.jpg"


async def read(storage: PhotoStorage, path: str) -> bytes | None:
    opened = await storage.open(path)
    return None if opened is None else b"".join([chunk async for chunk in opened.chunks])


async def test_the_folder_in_the_url_is_kept_to(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use_endpoint(monkeypatch, moto_url)
    bucket = new_bucket(moto_url).name
    await PhotoStorage(f"s3://{bucket}/regulars").write({PATH: b"one"})
    assert await read(PhotoStorage(f"s3://{bucket}/regulars"), PATH) == b"one"
    assert await read(PhotoStorage(f"s3://{bucket}/other"), PATH) is None
    assert await read(PhotoStorage(f"s3://{bucket}"), f"regulars/{PATH}") == b"one"
    assert [file async for chunk in PhotoStorage(f"s3://{bucket}/other").listing() for file in chunk] == []


async def test_a_whole_bucket_without_a_folder(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use_endpoint(monkeypatch, moto_url)
    storage = PhotoStorage(f"s3://{new_bucket(moto_url).name}")
    await storage.write({PATH: b"one"})
    assert [file.path async for chunk in storage.listing() for file in chunk] == [PATH]
    await storage.delete([PATH])
    assert await read(storage, PATH) is None


async def test_a_bucket_that_goes_away_and_comes_back(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The storage is asked anew each time; nobody has to start anything."""
    use_endpoint(monkeypatch, moto_url)
    storage = PhotoStorage("s3://photos-for-a-while")
    with pytest.raises(PhotoStorageUnavailable):
        await storage.write({PATH: b"one"})
    new_bucket(moto_url, "photos-for-a-while")
    await storage.write({PATH: b"one"})
    assert await read(storage, PATH) == b"one"
