"""Files that pages load: kept in memory, compressed once, and cached by browsers until they change."""

import gzip
from functools import cached_property
from hashlib import blake2b
from mimetypes import guess_type
from pathlib import Path

from regulars.http.answers import Answer
from regulars.http.requests import HttpRequest, first_headers

_COMPRESSED_MIN_BYTES = 1024


class Asset:
    """One file."""

    def __init__(self, path: Path) -> None:
        self.content = path.read_bytes()
        self.version = blake2b(self.content, digest_size=8).hexdigest()
        media_type = guess_type(path.name)[0] or "application/octet-stream"
        is_text = media_type.startswith("text/") or media_type == "application/javascript"
        self.media_type = f"{media_type}; charset=utf-8" if is_text else media_type

    @cached_property
    def compressed(self) -> bytes:
        """The content for those who accept gzip."""
        return gzip.compress(self.content, compresslevel=6, mtime=0)


class Assets:
    """The files of some directories by name, served below `prefix`."""

    def __init__(self, prefix: str, *directories: Path, suffixes: tuple[str, ...] = (".css", ".js")) -> None:
        self._prefix = prefix
        self._assets = {
            path.name: Asset(path)
            for directory in directories
            for path in sorted(directory.iterdir())
            if path.suffix in suffixes
        }

    def url(self, name: str) -> str:
        """The address of a file, which changes when the file does."""
        return f"{self._prefix}/{name}?v={self._assets[name].version}"

    def answer(self, request: HttpRequest, name: str) -> Answer | None:
        """The file, or None when there is none of that name."""
        asset = self._assets.get(name)
        if asset is None:
            return None
        headers = first_headers(request.scope)
        tag = b'"%s"' % asset.version.encode()
        # With its version in the address a file never changes; without, the browser asks every time.
        is_versioned = request.scope["query_string"] == b"v=" + asset.version.encode()
        caching = b"public, max-age=31536000, immutable" if is_versioned else b"no-cache"
        common = ((b"cache-control", caching), (b"etag", tag), (b"vary", b"accept-encoding"))
        if headers.get(b"if-none-match") == tag:
            return Answer(304, b"", common)
        media_type = (b"content-type", asset.media_type.encode())
        if len(asset.content) > _COMPRESSED_MIN_BYTES and b"gzip" in headers.get(b"accept-encoding", b""):
            return Answer(200, asset.compressed, (*common, media_type, (b"content-encoding", b"gzip")))
        return Answer(200, asset.content, (*common, media_type))
