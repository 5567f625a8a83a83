"""The server is killed while orders are told: each is there once, with one reward, or not yet.

The shop repeats each request until it is answered, and is told the same.
"""

import asyncio
from contextlib import closing
from random import Random
from uuid import uuid4

from tests.support.http_socket import Broken
from tests.support.markets import Markets, open_markets
from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded
from tests.support.till import Till

pytestmark = as_long_as_asked

LONG_AGO = "2020-01-01T00:00:00Z"
CLIENTS = 4


async def until_answered(till: Till, request: bytes) -> dict[str, object]:
    """The body of the answer, however often the server goes away."""
    while True:
        try:
            answer = await till.ask(request)
        except (OSError, *Broken):
            # The server is being started; the next attempt meets it or the next refusal.
            await asyncio.sleep(0.02)
            continue
        if answer.status == 503:
            continue
        assert answer.status == 200, answer
        body: dict[str, object] = answer.body
        return body


async def write(market: Markets, rid: str, stop: asyncio.Event, journal: dict[str, str | None]) -> None:
    """Orders are asked about, paid, and every third one comes back; what was answered is written down."""
    with closing(Till(market.server)) as till:
        while not stop.is_set():
            order_id = str(uuid4())
            assert (await until_answered(till, market.validation(rid, order_id)))["valid"]
            purchase = market.purchase(rid, order_id, deliveredAt=LONG_AGO)
            assert (await until_answered(till, purchase))["orderId"] == order_id
            journal[order_id] = "paid"
            if len(journal) % 3 == 0:
                back = await until_answered(till, market.give_back(order_id))
                assert back["rewardStatus"] == "cancelled"
                journal[order_id] = "returned"


async def test_the_server_is_killed_while_orders_are_told(server: ServerProcess) -> None:
    random = Random(7)
    async with open_markets(server, referrals_per_day_max=1000) as market:
        rid, stop = await market.rid("ann"), asyncio.Event()
        journal: dict[str, str | None] = {}
        writers = [asyncio.create_task(write(market, rid, stop, journal)) for _ in range(CLIENTS)]
        for _ in range(bounded(2, 40)):
            await until_told(journal, len(journal) + random.randint(10, 60))
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        await until_told(journal, len(journal) + 20)
        stop.set()
        await asyncio.gather(*writers)
        await market.mature()
        expected = {
            order_id: "cancelled" if told == "returned" else "payable" for order_id, told in journal.items()
        }
        stored = await market.rows(
            "select order_id, reward_status from referral_conversions where rid = %(rid)s", rid=rid
        )
        assert dict(stored) == expected
        assert (await market.stats(rid))["conversions"] == len(journal)
        kept = sum(told == "paid" for told in journal.values())
        assert await market.credit() == 1000 * kept


async def until_told(journal: dict[str, str | None], number: int) -> None:
    """So many orders were told."""
    while len(journal) < number:
        await asyncio.sleep(0.01)
