"""A running server whose endpoints lead to its own machine makes no connection, however they say so."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from tests.support.market_endpoints import PRIVATE, MarketEndpoints
from tests.support.markets import Markets, open_markets
from tests.support.own_names import OwnNames, own_names
from tests.support.server_process import ServerProcess, running_server
from tests.support.site import Site, copied_site

REFUSAL = "leads to an address that webhooks do not go to"
PUBLIC = "93.184.216.34"

# What each of them means when the endpoint is added, and when it is told.
NAMES = {
    "rebound.test": (PUBLIC, "127.0.0.1"),
    "rebound6.test": ("2606:4700::1111", "::1"),
    "mapped.test": (PUBLIC, "::ffff:127.0.0.1"),
    "either.test": (PUBLIC, f"{PUBLIC} 127.0.0.1"),
    "metadata.test": (PUBLIC, "169.254.169.254"),
    "inside.test": (PUBLIC, "10.0.0.1"),
}
# Numbers that are no addresses by the book, which the system's resolver takes for this machine all the same.
NUMBERS = ("127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0")
WORDS = ("localhost", "LOCALHOST")
# What an endpoint may have been added with while it was allowed.
OLD = (
    "http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "https://[::1]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/", "http://localhost:{port}/",
)  # fmt: skip


class Listener(msgspec.Struct):
    """Whoever connects to this machine at a port, by either protocol, is counted."""

    port: int
    connections: int = 0


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """A listener at all addresses of this machine."""
    taken = socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    listener = Listener(taken.getsockname()[1])

    def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        listener.connections += 1
        writer.close()

    server = await asyncio.start_server(count, sock=taken)
    try:
        yield listener
    finally:
        server.close()


@pytest.fixture
def names() -> Iterator[OwnNames]:
    with own_names() as names:
        yield names


@pytest.fixture
def server(site_model: Site, names: OwnNames) -> Iterator[ServerProcess]:
    """A server as it comes, which delivers by itself and knows the test's names."""
    with copied_site(site_model) as copy:
        site = Site(copy.directory, copy.keys, tuple(names.prefix))
        with running_server(site, jobs=True) as server:
            yield server


async def typed(market: Markets, *arguments: str, **settings: str) -> str:
    """What a command of the operator says, on both streams."""
    site = market.server.site
    outcome = await asyncio.to_thread(
        site.command, "webhooks", *arguments, "--program", market.program.slug, **settings
    )
    return outcome.stdout + outcome.stderr


async def test_no_name_of_this_machine_gets_a_connection(server: ServerProcess, names: OwnNames) -> None:
    names.mean({name: before for name, (before, _) in NAMES.items()})
    async with listening() as listener, open_markets(server) as market:
        endpoints = MarketEndpoints(market)
        assert "endpoint 1 is told of" in await typed(market, "add", f"https://rebound.test:{listener.port}/")
        hosts = [*list(NAMES)[1:], *NUMBERS, *WORDS]
        for host in hosts:
            await endpoints.add(f"https://{host}:{listener.port}/")
        for url in OLD:
            await endpoints.add(url.format(port=listener.port))
        names.mean({name: after for name, (_, after) in NAMES.items()})
        assert REFUSAL in await typed(market, "test", "1")

        await market.ok(market.click(await market.rid(), "phone"))

        for number in range(1, 2 + len(hosts) + len(OLD)):
            [delivery] = await endpoints.until_logged(
                number, lambda log: [each.attempts for each in log] == [1]
            )
            assert (delivery.trouble, delivery.answer_status) == (REFUSAL, None), hosts[number - 2]
        assert listener.connections == 0
        # The names do lead there: where it is allowed, somebody connects.
        await typed(market, "test", "1", **PRIVATE)
        assert listener.connections == 1
