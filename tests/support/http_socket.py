"""HTTP by hand on a socket: requests that are held back, released together, or never read."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

ANSWER_SECONDS_MAX = 60.0

Broken = (ConnectionError, asyncio.IncompleteReadError, TimeoutError)
"""What a client meets when the server, or the way to it, goes away."""


class Answer(msgspec.Struct, frozen=True):
    """What the server said. Header names are in lower case; `body` is None where there was none."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def error(self) -> str | None:
        """The error word of a refusal."""
        word: str | None = self.body.get("error") if isinstance(self.body, dict) else None
        return word


def post_bytes(path: str, body: Any, headers: Mapping[str, str]) -> bytes:
    """A POST as it goes over the wire."""
    return _request_bytes("POST", path, headers, msgspec.json.encode(body))


def get_bytes(path: str, headers: Mapping[str, str]) -> bytes:
    """A GET as it goes over the wire."""
    return _request_bytes("GET", path, headers, b"")


def delete_bytes(path: str, headers: Mapping[str, str]) -> bytes:
    """A DELETE as it goes over the wire."""
    return _request_bytes("DELETE", path, headers, b"")


class HttpSocket:
    """One connection to the server, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "HttpSocket":
        """A new connection. Raises OSError when nobody listens."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    @property
    def local_port(self) -> int:
        """The client's end, by which the server's end is found."""
        port: int = self._writer.get_extra_info("sockname")[1]
        return port

    async def send(self, data: bytes) -> None:
        """Sends bytes, a whole request or a part of one."""
        self._writer.write(data)
        await self._writer.drain()

    async def receive(self) -> Answer:
        """The next answer. Raises one of `Broken` when it does not arrive in full."""
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            head = await self._reader.readuntil(b"\r\n\r\n")
            status_line, *lines = head.decode("latin-1").rstrip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            raw = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(status_line.split()[1]), headers, msgspec.json.decode(raw) if raw else None)

    async def ask(self, request: bytes) -> Answer:
        """The answer to a request."""
        await self.send(request)
        return await self.receive()

    def close(self) -> None:
        """Hangs up."""
        self._writer.close()

    def reset(self) -> None:
        """Hangs up at once and rudely, as a program that is killed does."""
        self._writer.transport.abort()


def _request_bytes(method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: regulars.test", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
