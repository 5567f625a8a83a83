"""`verify` finds nothing where everything agrees, and each fault that is planted."""

import psycopg
import pytest

from regulars.db.database import Database
from regulars.db.invariants import SHOWN_MAX
from regulars.features.referrals import actions as referrals
from regulars.features.referrals import verify
from regulars.features.referrals.verify import CHECKS
from tests.support.referrals import Shop

FIGURES, EVENTS, CREDITED, TAKEN, CLAWED, BLOCKED = CHECKS
UNGUARDED = """
alter table referral_conversions disable trigger user;
alter table referral_conversions drop constraint moments_fit_the_reward_status;
alter table referral_conversions drop constraint only_what_was_given_is_taken_back;
alter table referral_conversions drop constraint an_end_has_a_cause;
alter table fraud_flags disable trigger user;
alter table transfers disable trigger user;
"""
"""What would refuse some of the faults."""

MATURED_ALONE = """
update referral_conversions set payable_at = now(), reward_status = 'payable'
where reward_status = 'pending_hold'
"""
BEGUN_AGAIN = """
update referral_conversions
set reward_status = 'pending_hold', ended_at = null, ended_as = null, taken_back = false, payable_at = null
where reward_status = 'cancelled'
"""
HELD_AFTER_A_BLOCK = """
update referral_conversions
set reward_status = 'pending_hold', ended_at = null, ended_as = null where order_id = 'blocked'
"""
HELD_AGAIN = """
update referral_conversions set reward_status = 'pending_hold', payable_at = null
where reward_status = 'payable'
"""

PLANTED = [
    ("update referrals set clicks = clicks + 1, events = events + 1", FIGURES),
    ("update referrals set gmv = gmv + 1", FIGURES),
    ("delete from referral_events where number = 1", FIGURES),
    ("delete from referral_events where type = 'conversion'", EVENTS),
    ("update referral_events set order_total = order_total + 1 where type = 'conversion'", EVENTS),
    (MATURED_ALONE, CREDITED),
    ("update referral_conversions set payable_at = null where order_id = 'given'", CREDITED),
    ("delete from transfers where action = 'referral_reward'", CREDITED),
    ("update referral_conversions set taken_back = false", TAKEN),
    ("delete from transfers where action = 'referral_clawback'", TAKEN),
    ("update referral_conversions set reward_status = 'payable' where order_id = 'clawed'", CLAWED),
    (HELD_AFTER_A_BLOCK, BLOCKED),
]


async def fill(shop: Shop) -> None:
    """Orders that are held, given, taken back, clawed back and blocked."""
    shop.set(buyers_per_device_max=1)
    referral = await shop.referral()
    await shop.click(referral.rid)
    await shop.buy(referral.rid, "first", device="shared")
    await shop.buy(referral.rid, "clawed", device="shared")
    await shop.buy(referral.rid, "given")
    await shop.buy(referral.rid, "returned")
    [flag] = await shop.flags()
    await shop.decide(referrals.claw_back, flag)
    await shop.buy(referral.rid, "blocked", device="shared")
    [flag] = await shop.flags()
    await shop.decide(referrals.block, flag)
    shop.clock.advance(days=31)
    await shop.mature()
    await shop.give_back("returned")
    held = await shop.referral()
    await shop.buy(held.rid, "held")


@pytest.mark.parametrize(("fault", "invariant"), PLANTED)
async def test_a_fault_is_found(database: Database, database_url: str, fault: str, invariant: str) -> None:
    shop = await Shop.create(database)
    await fill(shop)
    await shop.check()
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
        await owner.execute((UNGUARDED + fault).encode())
    async with database.connection() as connection:
        findings = await verify.verify(connection)
    assert invariant in {finding.invariant for finding in findings}
    assert {finding.program_id for finding in findings} == {shop.program_id}
    assert len(findings) <= SHOWN_MAX * len(CHECKS)


@pytest.mark.parametrize(
    "change",
    [
        BEGUN_AGAIN,
        HELD_AGAIN,
        "update referral_conversions set reward_amount = reward_amount + 1",
        "update referral_conversions set taken_back = false where taken_back",
        "update fraud_flags set status = 'open', decided_at = null, decided_by = null",
        "update referral_events set order_total = 1 where type = 'conversion'",
        "delete from referral_events",
        "delete from referral_conversions",
        "delete from referrals",
        "delete from fraud_flags",
        "delete from products",
    ],
)
async def test_the_server_cannot_rewrite_history(database: Database, change: str) -> None:
    shop = await Shop.create(database)
    await fill(shop)
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.IntegrityConstraintViolation)):
        async with database.connection() as connection:
            await connection.execute(change.encode())
    await shop.check()
