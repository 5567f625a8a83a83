"""`verify` finds nothing where memberships and the books agree, and each fault that is planted."""

import psycopg
import pytest

from regulars.db.database import Database
from regulars.db.invariants import SHOWN_MAX
from regulars.features.memberships import verify
from regulars.features.memberships.verify import CHECKS
from tests.support.memberships import MembershipWorld

OWNERS, GRANTS, RETURNS = CHECKS

PLANTED = [
    ("update memberships set location_id = 0", OWNERS),
    ("update memberships set member_id = (select min(member_id::text)::uuid from members)", OWNERS),
    ("update membership_periods set granted = granted + 1", GRANTS),
    ("update claims set key = key || '0' where scope = 'membership.grant'", GRANTS),
    ("update membership_periods set taken_back = 0", RETURNS),
    ("update membership_charges set disputed = true", RETURNS),
    ("update membership_charges set refunded_minor = refunded_minor + 500", RETURNS),
    ("delete from membership_charges", RETURNS),
]


async def fill(world: MembershipWorld) -> None:
    """Members with payments that were kept, refunded in part, and disputed; one that the job granted."""
    for _ in range(3):
        subscription = await world.buy(await world.member())
        world.stripe.account.renew(subscription["id"])
        world.stripe.account.refund(world.stripe.account.one("charge")["id"], 400)
    await world.tell_all()
    await world.buy(await world.member())
    created = next(event for event in world.stripe.account.events if "created" in event["type"])
    await world.tell(created)
    assert (await world.grant_due()).rewards_granted == 4


@pytest.mark.parametrize(("fault", "invariant"), PLANTED)
async def test_a_fault_is_found(database: Database, database_url: str, fault: str, invariant: str) -> None:
    async with MembershipWorld.open(database, rewards_per_period=4) as world:
        await fill(world)
        await world.check()
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
            await owner.execute(fault.encode())
        async with database.connection() as connection:
            findings = await verify.verify(connection)
        assert invariant in {finding.invariant for finding in findings}
        assert {finding.program_id for finding in findings} == {world.program.program_id}
        assert len(findings) <= SHOWN_MAX * len(CHECKS)
