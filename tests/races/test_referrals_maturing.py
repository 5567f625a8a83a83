"""Rewards become payable once, however many processes give them and are killed, and whatever crosses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Any

import psycopg
import pytest

from regulars.base.clock import utc_now
from regulars.bench.fittwin_ground import REWARD, prepare_shop
from regulars.db.database import Database
from regulars.features.ledger import verify as ledger_verify
from regulars.features.referrals import actions as referrals
from regulars.features.referrals import verify
from regulars.features.referrals.model import Flag, FlagStatus
from regulars.features.referrals.model_settings import policy_of
from tests.races.held_process import held_process
from tests.races.maturing_worker import Task
from tests.support.enrolment import keep_events
from tests.support.markets import Markets, open_markets
from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

WORKER = "tests.races.maturing_worker"
LONG_AGO = "2020-01-01T00:00:00Z"
ORDERS_EACH = 5

# What each owner has of rewards, of transfers for them, of events about them, and in credit.
BY_OWNER = """
with rewards as (
    select owner_id, count(*) as number from referral_conversions where reward_status = 'payable' group by 1
),
booked as (
    select a.member_id as owner_id, count(*) as number, count(distinct t.metadata->>'order_id') as orders,
        max(a.balance) as balance
    from transfers t join accounts a using (program_id, account_id)
    where t.action = 'referral_reward'
    group by 1
),
told as (
    select o.owner_id, count(*) as number
    from events e join referral_conversions o on o.order_id = e.data->>'orderId'
    where e.type = 'referral.reward_payable'
    group by 1
)
select r.number, b.number, b.orders, t.number, b.balance
from rewards r full join booked b using (owner_id) full join told t using (owner_id)
"""


async def until_given(conninfo: str, number: int) -> None:
    """So many rewards are payable."""
    async with (
        asyncio.timeout(60),
        await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection,
    ):
        while await _count(connection) < number:
            await asyncio.sleep(0.002)


async def _count(connection: psycopg.AsyncConnection) -> int:
    cursor = await connection.execute(
        "select count(*) from referral_conversions where reward_status = 'payable'"
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("chunk", [7, 100])
async def test_processes_are_killed_and_others_go_on(
    database: Database, database_url: str, chunk: int
) -> None:
    owners = bounded(200, 2000)
    ground = await prepare_shop(database_url, owners=owners, orders_each=ORDERS_EACH, are_due=True)
    await keep_events(database, ground.program_id, ["referral.reward_payable"])
    task, deaths = Task(database_url, chunk), bounded(3, 20)
    for death in range(deaths):
        async with AsyncExitStack() as stack:
            workers = [await stack.enter_async_context(held_process(WORKER, task)) for _ in range(2)]
            for worker in workers:
                await worker.go()
            await until_given(database_url, ground.rewards * (death + 1) // (deaths + 2))
            for worker in workers:
                await worker.kill()
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(held_process(WORKER, task)) for _ in range(3)]
        for worker in workers:
            await worker.go()
        given = sum([await worker.count() for worker in workers])
    assert 0 < given < ground.rewards, "both the dead and their heirs have given some"
    assert (await referrals.mature_due(database, utc_now)).given == 0
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        by_owner = await (await connection.execute(BY_OWNER)).fetchall()
        told = await (await connection.execute("select count(*) from events")).fetchall()
    each = (ORDERS_EACH, ORDERS_EACH, ORDERS_EACH, ORDERS_EACH, ORDERS_EACH * REWARD)
    assert by_owner == [each] * owners
    assert told == [(ground.rewards,)]
    async with database.connection() as connection:
        assert await verify.verify(connection) == []
        assert await ledger_verify.verify(connection) == []


ACTS = {
    referrals.clear: FlagStatus.CLEARED,
    referrals.block: FlagStatus.BLOCKED,
    referrals.claw_back: FlagStatus.CLAWED_BACK,
}


async def test_maturing_refunds_and_decisions_cross(server: ServerProcess) -> None:
    """A reward is there in the end if its order did not come back and its flag was cleared, and not else."""
    random = Random(3)
    async with open_markets(server, buyers_per_device_max=1) as market:
        await keep_events(market.database, market.program.program_id, ["referral.*"])
        for _ in range(bounded(3, 60)):
            rid = await market.rid()
            flagged = await flagged_orders(market, rid, 12)
            plain = [await market.order(rid, deliveredAt=LONG_AGO) for _ in range(6)]
            back = random.sample([*flagged, *plain], 9)
            decided = dict(zip(flagged, random.choices([*ACTS], k=len(flagged)), strict=True))
            decisions = [decide(market, flagged[order], act) for order, act in decided.items()]
            returns = [market.give_back(order, random.choice(["refund", "cancel"])) for order in back]
            async with maturing(market):
                answers, _ = await asyncio.gather(market.at_once(returns), asyncio.gather(*decisions))
            assert {answer.status for answer in answers} == {200}
            await market.mature()
            kept = {order for order, act in decided.items() if act is referrals.clear} | set(plain)
            expected = {order: order in kept and order not in back for order in [*flagged, *plain]}
            await agree(market, expected)


async def flagged_orders(market: Markets, rid: str, number: int) -> dict[str, Flag]:
    """Orders that were paid and are flagged, all from one device, which an order before made known."""
    device, orders = f"shared by {rid}", [f"{rid}-{turn}" for turn in range(number + 1)]
    for order_id in orders:
        await market.ok(market.validation(rid, order_id, device=device))
        await market.ok(market.purchase(rid, order_id, deliveredAt=LONG_AGO))
    flags = {flag.order_id: flag for flag in await market.flags()}
    await market.ok(market.give_back(orders[0]))
    return {order_id: flags[order_id] for order_id in orders[1:]}


@asynccontextmanager
async def maturing(market: Markets) -> AsyncIterator[None]:
    """The job is done again and again, three times at once, and has been once when the block begins."""
    over, runs = asyncio.Event(), 0

    async def mature_on() -> None:
        nonlocal runs
        while not over.is_set():
            await market.mature()
            runs += 1

    jobs = [asyncio.create_task(mature_on()) for _ in range(3)]
    while not runs:
        await asyncio.sleep(0.001)
    try:
        yield
    finally:
        over.set()
        await asyncio.gather(*jobs)


async def decide(market: Markets, flag: Flag, act: object) -> None:
    """An operator's decision about a flag."""
    async with market.database.connection() as connection:
        decided: Flag = await act(connection, market.program.program_id, flag.flag_id, "ann", utc_now)  # type: ignore[operator]
    assert decided.status is ACTS[act]  # type: ignore[index]


async def agree(market: Markets, expected: dict[str, bool]) -> None:
    """Just these orders have rewards, each that was given was told once, and credit is as much."""
    rows = await market.rows(
        "select c.order_id, c.reward_status, c.payable_at is not null, ("
        " select count(*) from events e where e.program_id = c.program_id"
        " and e.type = 'referral.reward_payable' and e.data->>'orderId' = c.order_id"
        ") from referral_conversions c where c.program_id = %(program_id)s and c.order_id = any(%(orders)s)",
        orders=list(expected),
    )
    assert {order_id: status == "payable" for order_id, status, _, _ in rows} == expected
    assert {status for _, status, _, _ in rows} <= {"payable", "cancelled"}
    assert [told for _, _, _, told in rows] == [int(was_given) for _, _, was_given, _ in rows]
    [(payable,)] = await market.rows(
        "select count(*) from referral_conversions "
        "where program_id = %(program_id)s and reward_status = 'payable'"
    )
    assert await market.credit() == REWARD * payable


async def test_orders_that_are_paid_while_their_rid_is_blocked(server: ServerProcess) -> None:
    """A RID that was revoked for fraud gives nothing, whichever came first: the order, or the block."""
    statuses: list[tuple[Any, ...]] = []
    async with open_markets(server) as market:
        for _ in range(bounded(3, 60)):
            rid = await market.rid()
            orders = [f"{rid}-{turn}" for turn in range(20)]
            for order_id in orders[::2]:
                await market.ok(market.validation(rid, order_id))
            flag = await flag_of(market, rid)
            purchases = [market.purchase(rid, order_id, deliveredAt=LONG_AGO) for order_id in orders]
            answers, _ = await asyncio.gather(
                market.at_once(purchases), decide(market, flag, referrals.block)
            )
            assert {answer.status for answer in answers} <= {200, 409}
            await market.mature()
            statuses += await market.rows(
                "select distinct reward_status from referral_conversions "
                "where program_id = %(program_id)s and reward_status is not null"
            )
        # Those that came later are refused, and have no reward at all.
        assert set(statuses) <= {("cancelled",)}
        assert await market.credit() == 0


async def flag_of(market: Markets, rid: str) -> Flag:
    """A flag that is about the whole RID."""
    async with market.database.connection() as connection:
        await referrals.flag_flood(
            connection, market.program.program_id, rid, policy_of(market.program), utc_now()
        )
    [flag] = [flag for flag in await market.flags() if flag.rid == rid and flag.order_id is None]
    return flag
