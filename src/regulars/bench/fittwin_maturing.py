"""Giving owners all rewards whose hold is over, beside one statement that writes the same rows."""

import asyncio
import time

import psutil
import psycopg

from regulars.base.clock import utc_now
from regulars.bench.fittwin_ground import ShopGround
from regulars.bench.measure import Measured
from regulars.bench.report import Row
from regulars.bench.scratch import ID_AT
from regulars.bench.sweep import Sweep
from regulars.db.database import Database
from regulars.features.referrals import actions as referrals

SAMPLE_SECONDS = 0.1

# What giving a reward writes: the owner's account, a transfer for each reward, and the rewards' new state.
BARE = """
with due as materialized (
    select order_id, owner_id, reward_amount,
        row_number() over (partition by owner_id order by hold_until, order_id) as version,
        sum(reward_amount) over (partition by owner_id order by hold_until, order_id) as balance
    from referral_conversions
    where program_id = %(program_id)s and reward_status = 'pending_hold' and hold_until <= now()
),
opened as (
    insert into accounts (program_id, account_id, member_id, asset, balance, credited, version, updated_at)
    select %(program_id)s, gen_random_uuid(), owner_id, 'credit:USD', max(balance), max(balance),
        max(version), now()
    from due group by owner_id
    returning account_id, member_id
),
marked as (
    update referral_conversions c set reward_status = 'payable', payable_at = now()
    from due d where c.program_id = %(program_id)s and c.order_id = d.order_id
)
insert into transfers (program_id, transfer_id, account_id, version, verb, action, amount, balance_after,
    counterparty, source, effective_at, created_at)
select %(program_id)s, pg_temp.id_at(now()), o.account_id, d.version, 'earn', 'referral_reward',
    d.reward_amount, d.balance, 'issuance', 'referrals', now(), now()
from due d join opened o on o.member_id = d.owner_id
"""


async def measure_bare(ground: ShopGround) -> Measured:
    """The rate in rewards a second of one statement that writes them all, as the database's owner may."""
    async with await psycopg.AsyncConnection.connect(ground.conninfo, autocommit=True) as owner:
        await owner.execute(ID_AT)
        began = time.perf_counter()
        await owner.execute(BARE, {"program_id": ground.program_id})
        return _measured(ground.rewards, time.perf_counter() - began)


async def measure_maturing(ground: ShopGround, bare: Measured, sweep: Sweep) -> tuple[list[Row], list[str]]:
    """The rows of the job, beside the bare statement's, and a note of its memory.

    Raises RuntimeError when the job does not give every reward once.
    """
    database = await Database.open(ground.conninfo)
    process = psutil.Process()
    before = largest = process.memory_full_info().uss
    began = time.perf_counter()
    with sweep.console.status("maturing") as status:
        job = asyncio.create_task(
            referrals.mature_due(
                database,
                utc_now,
                lambda run: status.update(f"maturing: {run.checked:,} of {ground.rewards:,}"),
            )
        )
        while not job.done():
            await asyncio.wait([job], timeout=SAMPLE_SECONDS)
            largest = max(largest, process.memory_full_info().uss)
        run = await job
    matured = _measured(ground.rewards, time.perf_counter() - began)
    again = await referrals.mature_due(database, utc_now)
    await database.close()
    if (run.given, again.given) != (ground.rewards, 0):
        raise RuntimeError(f"{ground.rewards:,} rewards were due: first {run}, then {again}")
    rows = [
        Row("bare INSERT … SELECT", 1, bare),
        Row("maturing rewards", 1, matured, bare.rate),
    ]
    times, megabytes = bare.rate / matured.rate, (largest - before) / 1e6
    note = (
        f"maturing took {times:.1f} times as long as the bare rows; its process grew by {megabytes:.0f} MB "
        "at most; again it gave none"
    )
    return rows, [note]


def _measured(count: int, seconds: float) -> Measured:
    return Measured(count / seconds, 1000 * seconds, 1000 * seconds)
