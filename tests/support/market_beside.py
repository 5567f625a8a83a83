"""A second process of the shop's application, and an issuer whose keys change or cannot be had."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from regulars.contracts.fittwin.router import CONTRACT
from tests.support.market import Market, published_keys, serving


class Issuer:
    """The server of the shop's issuer. While `is_down` nobody reaches it."""

    def __init__(self) -> None:
        self.is_down = False
        self.asked = 0

    async def fetch(self, url: str) -> bytes:
        """The issuer's keys. Raises OSError."""
        self.asked += 1
        if self.is_down:
            raise ConnectionRefusedError(url)
        return await published_keys(url)


@asynccontextmanager
async def beside(opened: Market, issuer: Issuer | None = None, **changes: Any) -> AsyncIterator[Market]:
    """Another process on the same database, with caches of its own and these settings of the server's."""
    server = replace(opened.services.settings, **changes)
    fetch = published_keys if issuer is None else issuer.fetch
    async with serving(server, [CONTRACT], opened.clock, fetch) as other:
        for name in ("program_id", "other_program_id", "key", "other_key", "product_id", "numbers"):
            setattr(other, name, getattr(opened, name))
        yield other
