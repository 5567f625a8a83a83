"""Photo files in S3, as moto plays it."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.request import Request, urlopen

import pytest
from moto.server import ThreadedMotoServer

from regulars.features.photos.model import PhotoStorageUnavailable
from regulars.features.photos.storage import PhotoStorage

PATHS = ["reward/ab/one.jpg", "reward/cd/two.jpg"]


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    urlopen(Request(f"{url}/photos", method="PUT")).close()
    use(monkeypatch, url)
    yield url
    server.stop()


def use(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT", url)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


async def read(storage: PhotoStorage, path: str) -> bytes | None:
    opened = await storage.open(path)
    return None if opened is None else b"".join([chunk async for chunk in opened.chunks])


async def test_files_come_and_go(endpoint: str) -> None:
    storage = PhotoStorage("s3://photos/regulars")
    large = bytes(range(256)) * 1000
    await storage.write({PATHS[0]: b"one", PATHS[1]: large})
    assert await read(storage, PATHS[0]) == b"one"
    assert await read(storage, PATHS[1]) == large
    assert await read(storage, "reward/ab/none.jpg") is None
    listed = [file async for chunk in storage.listing() for file in chunk]
    assert sorted(file.path for file in listed) == PATHS
    assert all(abs(file.modified_at - datetime.now(UTC)) < timedelta(minutes=1) for file in listed)
    assert await storage.delete_unfinished(datetime.now(UTC)) == 0
    await storage.delete([*PATHS, "reward/ab/none.jpg"])
    assert [file async for chunk in storage.listing() for file in chunk] == []


async def test_the_folder_in_the_url_is_kept_to(endpoint: str) -> None:
    await PhotoStorage("s3://photos/regulars").write({PATHS[0]: b"one"})
    assert await read(PhotoStorage("s3://photos/other"), PATHS[0]) is None
    assert await read(PhotoStorage("s3://photos"), f"regulars/{PATHS[0]}") == b"one"


async def test_a_missing_bucket(endpoint: str) -> None:
    with pytest.raises(PhotoStorageUnavailable):
        await PhotoStorage("s3://nowhere").write({PATHS[0]: b"one"})


async def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        use(monkeypatch, f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(PhotoStorageUnavailable):
            await PhotoStorage("s3://photos").write({PATHS[0]: b"one"})
        with pytest.raises(PhotoStorageUnavailable):
            await PhotoStorage("s3://photos").open(PATHS[0])
