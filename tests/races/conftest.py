"""Fixtures of the tests in which several ledgers post to one database, or several workers answer."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest
import pytest_asyncio

from regulars.db.database import Database
from regulars.features.ledger.actions import Ledger
from tests.support.ledger_world import LedgerWorld
from tests.support.market_endpoints import PRIVATE, MarketEndpoints
from tests.support.markets import Markets, open_markets
from tests.support.server_process import ServerProcess, running_server
from tests.support.site import Site, copied_site
from tests.support.till import Till
from tests.support.webhook_endpoints import Receiver, receiving


@pytest_asyncio.fixture
async def world(database: Database, database_url: str) -> AsyncIterator[LedgerWorld]:
    """A program and a ledger; whatever the test did, the books must add up afterwards."""
    world = await LedgerWorld.create(database, database_url)
    yield world
    await world.ledger.close()
    assert await world.findings() == []


@pytest_asyncio.fixture
async def rival(world: LedgerWorld) -> AsyncIterator[Ledger]:
    """A second ledger on connections of its own, as another process has it."""
    database = await Database.open(world.database_url)
    rival = Ledger(database, world.clock)
    yield rival
    await rival.close()
    await database.close()


@pytest.fixture(scope="session")
def server(site_model: Site) -> Iterator[ServerProcess]:
    """A server with two workers; whatever the tests did to it, its books add up afterwards."""
    with copied_site(site_model) as site, running_server(site) as server:
        yield server
        site.verify()


@pytest.fixture(scope="session")
def teller(site_model: Site) -> Iterator[ServerProcess]:
    """One that also does its jobs, and may tell receivers on this machine what happens."""
    with copied_site(site_model) as site, running_server(site, jobs=True, **PRIVATE) as server:
        yield server
        site.verify()


@pytest_asyncio.fixture
async def till(server: ServerProcess) -> AsyncIterator[Till]:
    """A client of the program without limits."""
    with closing(Till(server)) as till:
        yield till


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A server that takes webhooks in, well or badly."""
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture
async def market(teller: ServerProcess) -> AsyncIterator[Markets]:
    """A shop of the test's own, in which a device with two buyers is fraud."""
    async with open_markets(teller, buyers_per_device_max=1) as market:
        yield market


@pytest.fixture
def endpoints(market: Markets) -> MarketEndpoints:
    """What the shop's endpoints are looked after with."""
    return MarketEndpoints(market)
