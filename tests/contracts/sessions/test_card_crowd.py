"""Phones that were all told at the same moment fetch their cards at the same moment."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.contracts.sessions.test_cards import downloaded
from tests.support.kiosks import PASS_TYPE, Kiosks, carrying, kiosks

PHONES = 12
"""Three for each of the server's database connections."""


@pytest_asyncio.fixture
async def narrow_shop(database_url: str, tmp_path: Path) -> AsyncIterator[Kiosks]:
    """A shop with cards for Apple Wallet, whose server has four connections and soon gives up on a fifth."""
    async with kiosks(database_url, tmp_path, acquire_timeout_seconds=1.0, **carrying()) as opened:
        yield opened


async def test_phones_do_not_wait_for_each_other(narrow_shop: Kiosks) -> None:
    shop = narrow_shop
    card = await downloaded(shop, (await shop.enrol())["wallet_token"])
    proof = {"Authorization": f"ApplePass {card['authenticationToken']}"}
    address = f"/wallet/apple/v1/passes/{PASS_TYPE}/{card['serialNumber']}"
    answers = await asyncio.gather(*(shop.client.get(address, headers=proof) for _ in range(PHONES)))
    assert Counter(answer.status_code for answer in answers) == {200: PHONES}
