"""Where photo files are kept: a directory, or object storage such as S3 or R2 by URL.

One location belongs to one database: the sweep deletes photo files that its database does not know.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from regulars.features.photos.model import (
    OpenedFile,
    PhotoStorageUnavailable,
    StoredFile,
)
from regulars.features.photos.rules import file_attributes
from regulars.features.photos.storage_directory import delete_unfinished, finished_files, make_durable

if TYPE_CHECKING:
    from obstore.store import ObjectStore, S3Store

TIMEOUT_SECONDS = 20.0
CONNECT_TIMEOUT_SECONDS = 5.0
SLOW_READER_SECONDS_MAX = 300.0
CHUNK_BYTES = 64 * 1024
ADDRESSES_MAX = 5_000
"""How many signed addresses are remembered, half a kilobyte each."""

LISTED = 500

_LOCAL_URLS = ("file:", "memory:")
T = TypeVar("T")


class PhotoStorage:
    """Files by path. Every failure but a missing file is PhotoStorageUnavailable.

    `location` is a directory, which is made when missing, or a URL (`s3://bucket/path`); credentials
    come from the environment as each cloud defines it (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT` …).
    `timeout_seconds` is how long the storage may take for one file, or for the next part of it.
    """

    def __init__(self, location: str | Path, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        text = str(location)
        self._url = text if "://" in text else None
        self._directory = None if self._url else Path(text)
        self._timeout_seconds = timeout_seconds
        self._addresses: OrderedDict[str, tuple[int, str]] = OrderedDict()

    @property
    def signs_addresses(self) -> bool:
        """Whether files have an address of their own, which `address` signs, so that browsers reach them."""
        if self._url is None:
            return False
        from obstore.store import AzureStore, GCSStore, S3Store

        return isinstance(self._store, S3Store | GCSStore | AzureStore)

    @cached_property
    def _store(self) -> "ObjectStore":
        # Made at first use: a server that handles no photos need not load what they take.
        from obstore.store import LocalStore, from_url

        if self._directory is not None:
            return LocalStore(self._directory, mkdir=True)
        assert self._url is not None
        if self._url.startswith(_LOCAL_URLS):
            return from_url(self._url)
        timeout = timedelta(seconds=self._timeout_seconds)
        return from_url(
            self._url,
            client_options={
                "read_timeout": timeout,
                # Of a whole file, which slow readers take their time with; every await has its own limit.
                "timeout": timedelta(seconds=max(SLOW_READER_SECONDS_MAX, self._timeout_seconds)),
                "connect_timeout": min(timeout, timedelta(seconds=CONNECT_TIMEOUT_SECONDS)),
                # Only an endpoint that the operator gives as http:// is reached that way.
                "allow_http": True,
            },
            retry_config={"max_retries": 2, "retry_timeout": timeout},
        )

    def address(self, path: str, *, lifetime: timedelta, window: int) -> str:
        """The storage's own address of the file, which works for `lifetime` without a key.

        Signed here: the storage is not asked, and does not say whether the file exists. The same text is
        given throughout one `window`, whichever number that has.
        """
        import obstore

        known = self._addresses.get(path)
        if known is not None and known[0] == window:
            return known[1]
        with _failures():
            signed = obstore.sign(cast("S3Store", self._store), "GET", path, lifetime)
        self._addresses[path] = (window, signed)
        self._addresses.move_to_end(path)
        if len(self._addresses) > ADDRESSES_MAX:
            self._addresses.popitem(last=False)
        return signed

    async def write(self, files: Mapping[str, bytes]) -> None:
        """Every file is there, whole, safe from a power cut; a call that fails takes back what it wrote.

        The paths are those of `rules.file_path`, which say what browsers are told about the files.
        """
        import obstore

        written: list[str] = []
        try:
            with _failures():
                async with asyncio.timeout(self._timeout_seconds):
                    for path, content in files.items():
                        # What a directory holds, this server shows, and says about it what is right.
                        attributes = file_attributes(path) if self.signs_addresses else None
                        # Before the file is there: one that was given up may arrive all the same.
                        written.append(path)
                        await obstore.put_async(
                            self._store, path, content, attributes=attributes, use_multipart=False
                        )
                    if self._directory is not None:
                        await asyncio.to_thread(make_durable, self._directory, written)
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
                async with asyncio.timeout(self._timeout_seconds):
                    result = await obstore.get_async(self._store, path)
            except FileNotFoundError:
                return None
        chunks = self._in_time(result.stream(min_chunk_size=CHUNK_BYTES))
        return OpenedFile(result.meta["size"], (bytes(chunk) async for chunk in chunks))

    async def delete(self, paths: Sequence[str]) -> None:
        """None of the files is there any more."""
        import obstore

        with _failures():
            for path in paths:
                try:
                    async with asyncio.timeout(self._timeout_seconds):
                        await obstore.delete_async(self._store, path)
                except FileNotFoundError:
                    continue

    async def listing(self) -> AsyncIterator[list[StoredFile]]:
        """Every file, some hundreds at a time. One that comes or goes meanwhile may be among them or not."""
        import obstore

        if self._directory is not None:
            with _failures():
                files = await asyncio.to_thread(finished_files, self._directory)
            for number in range(0, len(files), LISTED):
                yield files[number : number + LISTED]
            return
        with _failures():
            listed = obstore.list(self._store, chunk_size=LISTED)
        async for chunk in self._in_time(listed):
            yield [StoredFile(entry["path"], entry["last_modified"]) for entry in chunk]

    async def delete_unfinished(self, before: datetime) -> int:
        """How many files were deleted that a process was writing when it was killed, before that time."""
        if self._directory is None:
            return 0
        with _failures():
            return await asyncio.to_thread(delete_unfinished, self._directory, before)

    async def _in_time(self, stream: AsyncIterable[T]) -> AsyncIterator[T]:
        """What the stream gives, each part in time; how long the reader takes in between does not count."""
        parts = aiter(stream)
        while True:
            with _failures():
                try:
                    async with asyncio.timeout(self._timeout_seconds):
                        part = await anext(parts)
                except StopAsyncIteration:
                    return
            yield part


@contextmanager
def _failures() -> Iterator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError, NotImplementedError) as error:
        # A message of the storage may name buckets and paths, so it is chained and not repeated.
        raise PhotoStorageUnavailable(f"the photo storage failed ({type(error).__name__})") from error
