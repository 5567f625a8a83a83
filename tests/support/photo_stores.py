"""Places that photos are kept in: a directory, and S3 as moto plays it, which must be no different to use."""

import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

ACCOUNT = "123456789012"
"""The account that moto takes every caller for."""


class PhotoPlace(ABC):
    """One place, looked at past the code that is tested."""

    location: str

    @abstractmethod
    def files(self) -> list[str]:
        """The paths of all files in it, sorted."""

    @abstractmethod
    def read(self, path: str) -> bytes:
        """What the file holds."""

    @abstractmethod
    def put(self, path: str, content: bytes = b"x") -> None:
        """Puts a file there, as somebody else would."""

    @abstractmethod
    def written_at(self, path: str, at: datetime) -> None:
        """Makes the place believe that the file was written then."""


class Directory(PhotoPlace):
    """A directory."""

    def __init__(self, directory: Path) -> None:
        self.location = str(directory)
        self._directory = directory

    def files(self) -> list[str]:
        found = [path for path in self._directory.rglob("*") if path.is_file()]
        return sorted(str(path.relative_to(self._directory)) for path in found)

    def read(self, path: str) -> bytes:
        return (self._directory / path).read_bytes()

    def put(self, path: str, content: bytes = b"x") -> None:
        (self._directory / path).parent.mkdir(parents=True, exist_ok=True)
        (self._directory / path).write_bytes(content)

    def written_at(self, path: str, at: datetime) -> None:
        os.utime(self._directory / path, (at.timestamp(),) * 2)


class Bucket(PhotoPlace):
    """A folder in a bucket of moto's."""

    FOLDER = "regulars"

    def __init__(self, url: str, name: str) -> None:
        self.location = f"s3://{name}/{self.FOLDER}"
        self.name = name
        self._url = url
        urlopen(Request(f"{url}/{name}", method="PUT")).close()

    @property
    def _keys(self) -> dict[str, "object"]:
        return dict(s3_backends[ACCOUNT]["aws"].buckets[self.name].keys.items())

    def files(self) -> list[str]:
        return sorted(key.removeprefix(f"{self.FOLDER}/") for key in self._keys)

    def read(self, path: str) -> bytes:
        return bytes(self._keys[f"{self.FOLDER}/{path}"].value)  # type: ignore[attr-defined]

    def put(self, path: str, content: bytes = b"x") -> None:
        target = f"{self._url}/{self.name}/{self.FOLDER}/{path}"
        urlopen(Request(target, data=content, method="PUT")).close()

    def written_at(self, path: str, at: datetime) -> None:
        self._keys[f"{self.FOLDER}/{path}"].last_modified = at.replace(tzinfo=None)  # type: ignore[attr-defined]


@contextmanager
def moto_server() -> Iterator[str]:
    """The address of an S3 that is played by moto."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def use_endpoint(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Object storage is at this address from now on."""
    monkeypatch.setenv("AWS_ENDPOINT", url)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test-secret")


def new_bucket(url: str, name: str | None = None) -> Bucket:
    """An empty bucket."""
    return Bucket(url, name or f"photos-{uuid4().hex[:12]}")


@contextmanager
def silent_server() -> Iterator[str]:
    """The address of a server that takes every connection and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
