"""Fixtures of the tests that speak to the contract over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from regulars.stand_ins.stripe.stand_in import StripeStandIn
from tests.support.kiosks import Kiosks, kiosks, selling


@pytest_asyncio.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Kiosks]:
    """Two venues of one program, and one of another."""
    async with kiosks(database_url, tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def stripe_shop(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[Kiosks, StripeStandIn]]:
    """The same with memberships for sale, at a Stripe of our own."""
    with selling() as (stripe, settings):
        async with kiosks(database_url, tmp_path, **settings) as opened:
            yield opened, stripe
