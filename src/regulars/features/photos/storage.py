"""Where photo files are kept: a directory, or object storage such as S3 or R2 by URL.

One location belongs to one database: the sweep deletes photo files that its database does not know.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from regulars.features.photos.model import (
    OpenedFile,
    PhotoStorageUnavailable,
    StoredFile,
)

if TYPE_CHECKING:
    from obstore.store import ObjectStore

TIMEOUT_SECONDS = 20
CHUNK_BYTES = 64 * 1024
_UNFINISHED = re.compile(r".+#\d+")
"""What obstore names a file that it has not finished writing."""


class PhotoStorage:
    """Files by path. Every failure but a missing file is PhotoStorageUnavailable.

    `location` is a directory, which is made when missing, or a URL (`s3://bucket/path`); credentials
    come from the environment as each cloud defines it (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT` …).
    """

    def __init__(self, location: str | Path) -> None:
        text = str(location)
        self._url = text if "://" in text else None
        self._directory = None if self._url else Path(text)

    @cached_property
    def _store(self) -> "ObjectStore":
        # Made at first use: a server that handles no photos need not load what they take.
        from obstore.store import LocalStore, from_url

        if self._directory is not None:
            return LocalStore(self._directory, mkdir=True)
        assert self._url is not None
        if self._url.startswith(("file:", "memory:")):
            return from_url(self._url)
        return from_url(
            self._url,
            client_options={
                "timeout": timedelta(seconds=TIMEOUT_SECONDS),
                "connect_timeout": timedelta(seconds=5),
                # Only an endpoint that the operator gives as http:// is reached that way.
                "allow_http": True,
            },
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=TIMEOUT_SECONDS)},
        )

    async def write(self, files: Mapping[str, bytes]) -> None:
        """Every file is there, whole, safe from a power cut; a call that fails takes back what it wrote."""
        import obstore

        written: list[str] = []
        try:
            with _failures():
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    for path, content in files.items():
                        await obstore.put_async(self._store, path, content, use_multipart=False)
                        written.append(path)
                    if self._directory is not None:
                        await asyncio.to_thread(_make_durable, self._directory, written)
        except PhotoStorageUnavailable:
            # A full disk would otherwise fill further with what nobody can use. The sweep gets the rest.
            with suppress(PhotoStorageUnavailable):
                await self.delete(written)
            raise

    async def open(self, path: str) -> OpenedFile | None:
        """The file being read, None when there is none."""
        import obstore

        with _failures():
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    result = await obstore.get_async(self._store, path)
            except FileNotFoundError:
                return None
        return OpenedFile(result.meta["size"], _chunks(result.stream(min_chunk_size=CHUNK_BYTES)))

    async def delete(self, paths: Sequence[str]) -> None:
        """None of the files is there any more."""
        import obstore

        with _failures():
            for path in paths:
                try:
                    async with asyncio.timeout(TIMEOUT_SECONDS):
                        await obstore.delete_async(self._store, path)
                except FileNotFoundError:
                    continue

    async def listing(self) -> AsyncIterator[list[StoredFile]]:
        """Every file, some hundreds at a time."""
        import obstore

        with _failures():
            async for chunk in obstore.list(self._store, chunk_size=500):
                yield [StoredFile(entry["path"], entry["last_modified"]) for entry in chunk]

    async def delete_unfinished(self, before: datetime) -> int:
        """How many files were deleted that a process was writing when it was killed, before that time."""
        if self._directory is None:
            return 0
        with _failures():
            return await asyncio.to_thread(_delete_unfinished, self._directory, before.timestamp())


async def _chunks(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    with _failures():
        async for chunk in stream:
            yield bytes(chunk)


@contextmanager
def _failures() -> Iterator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError, NotImplementedError) as error:
        # A message of the storage may name buckets and paths, so it is chained and not repeated.
        raise PhotoStorageUnavailable(f"the photo storage failed ({type(error).__name__})") from error


def _make_durable(root: Path, paths: Sequence[str]) -> None:
    """Waits until the files and the names that lead to them are on the disk.

    A row that is committed survives a power cut, so its files have to, and obstore does not see to it.
    """
    files = [root / path for path in paths]
    for file in files:
        _sync(file)
    if os.name == "nt":
        return
    folders = {folder for file in files for folder in file.parents if folder.is_relative_to(root)}
    for folder in sorted(folders, reverse=True):
        _sync(folder)


def _sync(path: Path) -> None:
    # Windows lets only a file be synced that is open for writing.
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _delete_unfinished(directory: Path, before: float) -> int:
    deleted = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            file = Path(folder, name)
            if _UNFINISHED.fullmatch(name) and file.stat().st_mtime < before:
                file.unlink(missing_ok=True)
                deleted += 1
    return deleted
