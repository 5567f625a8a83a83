"""A connection to somebody else's server that is used again and again, and replaced when it fails."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, Protocol, TypeVar

import httpx2

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)


class Client(Protocol[A_co]):
    """What asks, as httpx2's client does and with its errors."""

    def request(self, *arguments: Any, **options: Any) -> Coroutine[Any, Any, A_co]:
        """The answer."""

    async def aclose(self) -> None:
        """Hangs up."""


class LineFailed(Exception):
    """No answer came, twice. The text says why, in a word or two without anything confidential."""


class Line(Generic[A]):
    """Requests over one client, whose connections stay open.

    Servers hang up on what was quiet for long, so a request that the connection fails is sent once more, over
    a new one: send only what may arrive twice. A client that failed takes no more requests, and is closed
    when those under way have ended, so that they are not cut off by another one's timeout.
    """

    def __init__(self, make_client: Callable[[], Client[A]], timeout_seconds: float) -> None:
        self._make_client = make_client
        self._timeout_seconds = timeout_seconds
        self._client: Client[A] | None = None
        self._under_way: dict[Client[A], int] = {}

    async def request(self, method: str, url: str, **options: Any) -> A:
        """The answer, whatever its status. Raises LineFailed."""
        try:
            return await self._ask(method, url, options)
        except TimeoutError:
            # Whoever let us wait once would do so again.
            raise LineFailed("did not answer in time") from None
        except httpx2.TransportError:
            pass
        try:
            return await self._ask(method, url, options)
        except TimeoutError:
            raise LineFailed("did not answer in time") from None
        except httpx2.TransportError as error:
            raise LineFailed(f"cannot be reached ({type(error).__name__})") from error

    async def close(self) -> None:
        """Hangs up; requests under way fail."""
        clients, self._client = [*self._under_way], None
        self._under_way.clear()
        for client in clients:
            await client.aclose()

    async def _ask(self, method: str, url: str, options: dict[str, Any]) -> A:
        client = self._client
        if client is None:
            client = self._client = self._make_client()
            self._under_way[client] = 0
        self._under_way[client] += 1
        try:
            # The client's own timeout counts from the last byte of the connection, whoever it was for.
            async with asyncio.timeout(self._timeout_seconds):
                return await client.request(method, url, **options)
        except (TimeoutError, httpx2.TransportError) as error:
            self._client = None if self._client is client else self._client
            if isinstance(error, httpx2.TimeoutException):
                raise TimeoutError from error
            raise
        finally:
            await self._release(client)

    async def _release(self, client: Client[A]) -> None:
        if client not in self._under_way:
            return
        self._under_way[client] -= 1
        if self._under_way[client] == 0 and client is not self._client:
            del self._under_way[client]
            await client.aclose()
