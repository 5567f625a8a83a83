"""A server that the tests of a module mistreat one after the other."""

from collections.abc import Iterator

import pytest

from tests.support.server_process import ServerProcess, running_server
from tests.support.site import Site, copied_site
from tests.support.small_site import SmallSite, small_site


@pytest.fixture(scope="module")
def survivor(site_model: Site) -> Iterator[ServerProcess]:
    """A server with two workers; whatever was done to it, its books add up afterwards."""
    with copied_site(site_model) as site, running_server(site) as server:
        yield server
        site.verify()


@pytest.fixture
def server(survivor: ServerProcess) -> ServerProcess:
    """The same, running, whatever the test before has left of it."""
    if survivor.returncode is not None:
        survivor.start()
    return survivor


@pytest.fixture
def full(site_model: Site) -> Iterator[SmallSite]:
    """The whole data directory on a small disk."""
    with small_site(site_model) as small:
        yield small
