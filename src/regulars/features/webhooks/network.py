"""The way out: connections go to the very address that was looked up and found to be public.

Looking a name up once to check it and again to connect would let whoever answers for the name give two
answers. The name stays what TLS verifies and what the request is for.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import httpcore2

from regulars.features.webhooks.rules_addresses import is_public

RESOLVERS = 64
"""Names are looked up in so many threads, because one that nobody answers for takes its thread for long."""

CONNECT_SECONDS_MAX = 10.0


class AddressRefused(Exception):
    """The host's name leads to where webhooks do not go."""


class Network(httpcore2.AsyncNetworkBackend):
    """Opens connections for all endpoints of a process. Use it in one event loop, and close it."""

    def __init__(self, *, is_private_allowed: bool = False, authority: str | None = None) -> None:
        """`authority` is a certificate (PEM) that is trusted instead of the system's; for a stand-in only."""
        self.is_private_allowed = is_private_allowed
        self._authority = authority
        self._resolvers = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="webhook-names")
        self._backend = httpcore2.AnyIOBackend()

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """How certificates are verified. Made when it is first needed, which takes a while."""
        return ssl.create_default_context(cadata=self._authority)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the first of the host's addresses that takes it.

        Raises AddressRefused if any of them is not public, and ConnectError and ConnectTimeout of httpcore2.
        """
        failure: httpcore2.NetworkError | httpcore2.TimeoutException | None = None
        for address in await self._addresses(host, port):
            try:
                return await self._backend.connect_tcp(
                    address, port, timeout or CONNECT_SECONDS_MAX, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError("the name has no address")

    def close(self) -> None:
        """Looks no more names up."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._resolvers, _look_up, host, port)
        except OSError as error:
            raise httpcore2.ConnectError(f"the name cannot be looked up: {error.strerror}") from error
        if not self.is_private_allowed and not all(is_public(address) for address in found):
            raise AddressRefused
        return found


def _look_up(host: str, port: int) -> Sequence[str]:
    """The host's addresses as numbers, in the order that the system prefers, each once."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(0, "it is no name") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
