"""What a shop or a shopper sends again has no second effect: in a row, at once, or after hanging up."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from random import Random
from typing import Any, LiteralString
from uuid import uuid4

import pytest_asyncio

from tests.support.enrolment import keep_events
from tests.support.http_socket import Answer, HttpSocket
from tests.support.markets import Markets, open_markets
from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

ROUNDS = bounded(1, 15)
LONG_AGO = "2020-01-01T00:00:00Z"
ACTS = ("create", "click", "validate", "attribute", "refund", "cancel")

# All that an act may leave behind, but for when an owner was seen last.
TRACES: tuple[LiteralString, ...] = (
    "select rid, status, clicks, conversions from referrals where program_id = %(program_id)s order by rid",
    "select rid, number, event_id from referral_events where program_id = %(program_id)s order by event_id",
    "select * from referral_conversions where program_id = %(program_id)s order by order_id",
    "select event_id, type, data::text from events where program_id = %(program_id)s order by event_id",
    "select transfer_id from transfers where program_id = %(program_id)s order by transfer_id",
)


@pytest_asyncio.fixture
async def market(server: ServerProcess) -> AsyncIterator[Markets]:
    """A shop of the test's own whose events are wanted."""
    async with open_markets(server, referrals_per_day_max=1000) as market:
        await keep_events(market.database, market.program.program_id)
        yield market


async def request_of(market: Markets, act: str) -> bytes:
    """A request that has not been sent yet, and must work."""
    if act == "create":
        return market.creation(await market.product(), "ann")
    rid = await market.rid("ann")
    if act == "click":
        return market.click(rid, "phone")
    order_id = str(uuid4())
    validation = market.validation(rid, order_id)
    if act == "validate":
        return validation
    await market.ok(validation)
    purchase = market.purchase(rid, order_id, deliveredAt=LONG_AGO)
    if act == "attribute":
        return purchase
    await market.ok(purchase)
    await market.mature()
    return market.give_back(order_id, act)


async def traces(market: Markets) -> list[Any]:
    """What is in the database."""
    return [await market.rows(query) for query in TRACES]


def said(answers: list[Answer], act: str) -> set[tuple[int, str]]:
    """The different answers. A RID that is made again is a conflict with its own data."""
    made = {201: 409} if act == "create" else {}
    return {(made.get(answer.status, answer.status), str(answer.body)) for answer in answers}


async def test_ten_times_in_a_row_and_twenty_at_once(market: Markets) -> None:
    for act in ACTS * ROUNDS:
        request = await request_of(market, act)
        before = await traces(market)
        first = await market.ask(request)
        after = await traces(market)
        assert first.status in (200, 201, 204), act
        assert after != before, act
        answers = [await market.ask(request) for _ in range(9)] + await market.at_once([request] * 20)
        assert said([first, *answers], act) == said([first], act), act
        assert await traces(market) == after, act


async def test_twenty_at_once_that_were_never_sent_before(market: Markets) -> None:
    for act in ACTS * ROUNDS:
        request = await request_of(market, act)
        answers = await market.at_once([request] * 20)
        statuses = Counter(answer.status for answer in answers)
        expected = {201: 1, 409: 19} if act == "create" else {204: 20} if act == "click" else {200: 20}
        assert statuses == expected, act
        assert len(said(answers, act)) == 1, act
        after = await traces(market)
        assert said([await market.ask(request)], act) == said(answers, act)
        assert await traces(market) == after, act


async def test_a_shop_that_hung_up_after_the_commit_and_comes_back(market: Markets) -> None:
    for act in ACTS * ROUNDS:
        request = await request_of(market, act)
        before = await traces(market)
        socket = await HttpSocket.open(market.server.port)
        await socket.send(request)
        async with asyncio.timeout(20):
            while await traces(market) == before:
                await asyncio.sleep(0.005)
        socket.reset()
        after = await traces(market)
        answer = await market.ask(request)
        assert answer.status == {"create": 409, "click": 204}.get(act, 200), act
        assert await traces(market) == after, act


async def test_shops_that_hang_up_at_any_moment_and_come_back(market: Markets) -> None:
    random, rid = Random(6), await market.rid("ann")
    orders = [str(uuid4()) for _ in range(bounded(30, 600))]
    purchases = [market.purchase(rid, order_id) for order_id in orders]
    sockets = [await HttpSocket.open(market.server.port) for _ in orders]
    for socket, purchase in zip(sockets, purchases, strict=True):
        await socket.send(purchase if random.random() < 0.5 else purchase[: random.randrange(len(purchase))])
        await asyncio.sleep(random.uniform(0, 0.02))
        socket.reset()
    answers = [await market.ask(purchase) for purchase in purchases]
    assert {answer.status for answer in answers} == {200}
    assert (await market.stats(rid))["conversions"] == len(orders)


async def test_another_total_is_a_conflict_whoever_comes_first(market: Markets) -> None:
    for _ in range(ROUNDS):
        rid, order_id = await market.rid("ann"), str(uuid4())
        await market.ok(market.validation(rid, order_id))
        totals = [market.purchase(rid, order_id, orderTotal=total) for total in (100, 101)]
        answers = await market.at_once(totals * 10)
        assert Counter(answer.status for answer in answers) == {200: 10, 409: 10}
        conflicts = {answer.body["error"]["code"] for answer in answers if answer.status == 409}
        assert conflicts == {"ORDER_ALREADY_ATTRIBUTED"}
        [total] = {answer.body["orderTotal"] for answer in answers if answer.status == 200}
        stats = await market.stats(rid)
        assert (stats["conversions"], stats["gmv"]) == (1, total)


async def test_an_order_that_is_paid_and_comes_back_at_once(market: Markets) -> None:
    """It is either paid first and then given back, or nobody knows yet that there is anything to give."""
    for _ in range(ROUNDS * 5):
        rid, order_id = await market.rid("ann"), str(uuid4())
        crossing = [market.purchase(rid, order_id, deliveredAt=LONG_AGO), market.give_back(order_id)] * 5
        answers = await market.at_once(crossing)
        assert {answer.status for answer in answers[::2]} == {200}
        assert {answer.status for answer in answers[1::2]} <= {200, 404}
        await market.ok(market.give_back(order_id))
        await market.mature()
        assert (await market.stats(rid))["rewards"] == {"pendingHold": 0, "payable": 0, "paid": 0}
        assert await market.credit() == 0


async def test_the_same_order_of_another_shop_is_another_order(
    server: ServerProcess, market: Markets
) -> None:
    async with open_markets(server) as other:
        rid, order_id = await market.rid("ann"), str(uuid4())
        await market.ok(market.validation(rid, order_id))
        await market.ok(market.purchase(rid, order_id))
        assert (await other.ask(other.give_back(order_id))).status == 404
        foreign = await other.ask(other.validation(rid, order_id))
        assert (foreign.status, foreign.body["reason"]) == (409, "RID_EXPIRED")
        theirs = await other.rid("ann")
        assert (await other.ok(other.validation(theirs, order_id)))["valid"]
        assert (await other.ok(other.purchase(theirs, order_id, orderTotal=5)))["orderTotal"] == 5
        assert (await other.ok(other.give_back(order_id)))["rewardStatus"] == "cancelled"
        assert (await market.stats(rid))["rewards"]["pendingHold"] == 1


async def test_what_was_refused_stays_so_and_what_was_wrong_uses_nothing_up(market: Markets) -> None:
    rid, order_id = await market.rid("ann"), str(uuid4())
    refused = market.validation(rid, order_id, buyer="ann")
    for _ in range(10):
        answer = await market.ask(refused)
        assert (answer.status, answer.body["reason"]) == (409, "RID_SELF_PURCHASE_BLOCKED")
    purchase = await market.ask(market.purchase(rid, order_id))
    assert (purchase.status, purchase.body["error"]["code"]) == (409, "RID_SELF_PURCHASE_BLOCKED")
    rid, order_id = await market.rid("ann"), str(uuid4())
    for total in (0, -1, 1.5, "5", True, None, 2**63):
        wrong = await market.ask(market.purchase(rid, order_id, orderTotal=total))
        assert (wrong.status, wrong.body["error"]["code"]) == (400, "VALIDATION_FAILED")
    assert (await market.ok(market.purchase(rid, order_id)))["status"] == "pending_hold"
