"""The server is killed while orders are told: each is there once, with one reward, or not yet.

The shop repeats each request until it is answered, and is told the same.
"""

import asyncio
from contextlib import closing
from random import Random
from uuid import uuid4

from tests.crash.test_kill_postgres import DEATHS, HEALED_SECONDS_MAX, until_postgres_answers
from tests.support.enrolment import keep_events
from tests.support.http_socket import Broken
from tests.support.markets import Markets, open_markets
from tests.support.referrals_book import referrals_book
from tests.support.server_process import ServerProcess, running_server
from tests.support.site import Site
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


async def test_postgres_dies_while_shoppers_and_shop_go_on(site: Site) -> None:
    """RIDs, clicks, orders, returns and the job: told to come back, healthy soon, and each of them once."""
    with running_server(site) as server:
        async with open_markets(server, referrals_per_day_max=1000) as market, referrals_book(market) as book:
            await keep_events(market.database, market.program.program_id, ["referral.*"])
            async with book.writing():
                for turn in range(bounded(len(DEATHS), 24)):
                    await book.until_answered(150)
                    DEATHS[turn % len(DEATHS)](site)
                    await asyncio.to_thread(until_postgres_answers, site)
                    await book.heals_within(HEALED_SECONDS_MAX)
                await book.until_answered(50)
            assert book.put_off > 0, "nobody noticed"
            assert book.matured > 0
            await asyncio.to_thread(server.wait_until_ready, HEALED_SECONDS_MAX)
        await asyncio.to_thread(site.verify)


async def test_what_was_told_before_a_restart_is_told_after_it(server: ServerProcess) -> None:
    """Orders that were paid, refunded, cancelled or refused, and RIDs: the same answers and no effect."""
    async with open_markets(server) as market:
        product, rid = await market.product(), await market.rid()
        kept, back, gone = [await market.order(rid) for _ in range(3)]
        other = await market.rid()
        requests = [
            market.creation(product), market.validation(rid, kept), market.validation(other, kept),
            market.purchase(rid, kept), market.purchase(rid, kept, orderTotal=1),
            market.purchase(other, kept), market.give_back(back, "refund"),
            market.give_back(gone, "cancel"), market.give_back(gone, "refund"),
        ]  # fmt: skip
        await market.ok(requests[0])
        before = [await market.ask(request) for request in requests]
        assert [answer.status for answer in before] == [409, 200, 409, 200, 409, 409, 200, 200, 200]
        rows = await market.rows("select * from referral_conversions where program_id = %(program_id)s")

        assert await asyncio.to_thread(server.stop) == 0
        await asyncio.to_thread(server.start)
        await market.until_known()

        for request, first in zip(requests, before, strict=True):
            answers = await market.at_once([request] * 20)
            assert {(answer.status, str(answer.body)) for answer in answers} == {
                (first.status, str(first.body))
            }
        assert sorted(rows) == sorted(
            await market.rows("select * from referral_conversions where program_id = %(program_id)s")
        )


async def until_told(journal: dict[str, str | None], number: int) -> None:
    """So many orders were told."""
    while len(journal) < number:
        await asyncio.sleep(0.01)
