"""Shoppers and a shop that come at once to a server with two workers: each effect happens once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest_asyncio

from regulars.base.clock import utc_now
from regulars.base.refusals import Refused
from regulars.features.referrals import actions as referrals
from regulars.features.referrals.model import FlagStatus
from tests.support.http_socket import Answer
from tests.support.markets import Markets, open_markets
from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

CROWD = 30
ROUNDS = bounded(2, 60)
LONG_AGO = "2020-01-01T00:00:00Z"


@pytest_asyncio.fixture
async def market(server: ServerProcess) -> AsyncIterator[Markets]:
    """A shop of the test's own."""
    async with open_markets(server, buyers_per_device_max=50) as market:
        yield market


def statuses(answers: list[Answer]) -> dict[int, int]:
    return dict(Counter(answer.status for answer in answers))


async def test_ten_rids_a_day(market: Markets) -> None:
    """N and 50 callers get N."""
    for _ in range(ROUNDS):
        subject = str(uuid4())
        products = [await market.product() for _ in range(60)]
        answers = await market.at_once([market.creation(product, subject) for product in products])
        assert statuses(answers) == {201: 10, 429: 50}
        assert {answer.body["error"]["code"] for answer in answers if answer.status == 429} == {
            "RID_RATE_LIMITED"
        }


async def test_one_rid_for_a_product(market: Markets) -> None:
    for _ in range(ROUNDS):
        product, subject = await market.product(), str(uuid4())
        answers = await market.at_once([market.creation(product, subject)] * CROWD)
        assert statuses(answers) == {201: 1, 409: CROWD - 1}
        assert len({str(answer.body) for answer in answers}) == 1


async def test_one_order_has_one_rid(market: Markets) -> None:
    for _ in range(ROUNDS):
        rids, order_id = [await market.rid() for _ in range(5)], str(uuid4())
        turns = [rids[turn % 5] for turn in range(CROWD)]
        answers = await market.at_once([market.validation(rid, order_id) for rid in turns])
        assert statuses(answers) == {200: CROWD // 5, 409: CROWD - CROWD // 5}
        [winner] = {rid for rid, answer in zip(turns, answers, strict=True) if answer.status == 200}
        answers = await market.at_once([market.purchase(rid, order_id) for rid in turns])
        assert statuses(answers) == {200: CROWD // 5, 409: CROWD - CROWD // 5}
        counted = await market.rows(
            "select rid, conversions from referrals where rid = any(%(rids)s) and conversions > 0", rids=rids
        )
        assert counted == [(winner, 1)]


async def test_orders_that_nobody_asked_about(market: Markets) -> None:
    for _ in range(ROUNDS):
        rids, order_id = [await market.rid() for _ in range(3)], str(uuid4())
        answers = await market.at_once([market.purchase(rids[turn % 3], order_id) for turn in range(CROWD)])
        assert statuses(answers) == {200: CROWD // 3, 409: CROWD - CROWD // 3}


async def test_a_device_clicks_once(market: Markets) -> None:
    rid = await market.rid("ann")
    answers = await market.at_once([market.click(rid, f"device {turn % 3}") for turn in range(CROWD)])
    assert statuses(answers) == {204: CROWD}
    assert (await market.stats(rid))["clicks"] == 3


async def test_an_order_comes_back_once(market: Markets) -> None:
    for _ in range(ROUNDS):
        order_id = await market.order(await market.rid(), deliveredAt=LONG_AGO)
        await until_payable(market, order_id)
        before = await market.credit()
        ways = ["refund", "cancel"] * (CROWD // 2)
        answers = await market.at_once([market.give_back(order_id, way) for way in ways])
        assert statuses(answers) == {200: CROWD}
        assert {answer.body["clawedBack"] for answer in answers} == {True}
        assert await market.credit() == before - 1000


async def until_payable(market: Markets, order_id: str) -> None:
    """The reward is payable, whether this or a job of the server's has made it so."""
    await market.mature()
    [(status,)] = await market.rows(
        "select reward_status from referral_conversions where order_id = %(order_id)s", order_id=order_id
    )
    assert status == "payable"


async def test_maturing_and_refunds_cross(market: Markets) -> None:
    for _ in range(ROUNDS):
        rids = [await market.rid() for _ in range(3)]
        orders = [await market.order(rids[turn % 3], deliveredAt=LONG_AGO) for turn in range(18)]
        requests = [market.give_back(order_id) for order_id in orders[::2]]
        answers, *_ = await asyncio.gather(
            market.at_once(requests), market.mature(), market.mature(), market.mature()
        )
        assert statuses(answers) == {200: 9}
        await market.mature()
        # Some may have matured before the race began, by the server's own job.
        left = await market.rows(
            "select count(*) from referral_conversions where order_id = any(%(orders)s) "
            "and reward_status = 'payable'",
            orders=orders,
        )
        assert left == [(9,)]
        [(payable,)] = await market.rows(
            "select coalesce(sum(reward_amount), 0)::bigint from referral_conversions "
            "where program_id = %(program_id)s and reward_status = 'payable'"
        )
        assert await market.credit() == payable


async def test_a_flag_is_decided_once(server: ServerProcess) -> None:
    async with open_markets(server, buyers_per_device_max=1) as market:
        rid = await market.rid()
        for _ in range(2 + ROUNDS):
            await market.ok(market.validation(rid, str(uuid4()), device="shared"))
        flags = await market.flags()
        acts = [referrals.clear, referrals.block, referrals.claw_back] * 5

        async def decide(act: Any, flag_id: Any) -> Any:
            async with market.database.connection() as connection:
                return await act(connection, market.program.program_id, flag_id, "ann", utc_now)

        for flag in flags:
            outcomes = await asyncio.gather(
                *(decide(act, flag.flag_id) for act in acts), return_exceptions=True
            )
            refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
            assert len(refused) == 10
        assert await market.flags() == []
        decided = [flag for status in FlagStatus for flag in await market.flags(status)]
        assert len(decided) == len(flags) > 0
