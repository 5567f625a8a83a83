"""`verify` finds nothing where kiosks and the ledger agree, and each fault that is planted."""

import asyncio
from collections.abc import Iterator

import pytest

from regulars.db.database import Connection, Database, server_conninfo
from regulars.db.invariants import SHOWN_MAX, Finding
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk import verify
from regulars.features.kiosk.verify import CHECKS
from tests.support.kiosk import KioskWorld
from tests.support.postgres import PostgresServer

EARNED, ONCE, REFUNDED, REDEEMED, RESERVED = CHECKS

ONE_FOR_ALL = """
update paid_orders set earn_id = (select min(earn_id::text)::uuid from paid_orders)
where earn_id is not null
"""
SOMEBODY_ELSE = """
update paid_orders o set member_id = (
    select m.member_id from members m
    where m.program_id = o.program_id and m.member_id <> o.member_id limit 1
)
where earn_id is not null
"""
DISPUTED = """
update paid_orders
set disputes = '[{"dispute_id": "dp", "takes_money": true, "is_closed": false, "told_at": 1}]'
where points_earned > 0 and points_taken_back = 0
"""
UNDONE = "update cart_holds set status = 'expired', order_id = null where order_id is not null"
NOT_CAPTURED = """
update holds set status = 'pending', captured = null, closed_at = null where status = 'captured'
"""

PLANTED: list[tuple[str, str]] = [
    ("update paid_orders set points_earned = points_earned + 1 where points_earned > 0", EARNED),
    ("update paid_orders set earn_id = gen_random_uuid() where earn_id is not null", EARNED),
    (SOMEBODY_ELSE, EARNED),
    (ONE_FOR_ALL, ONCE),
    (
        "update paid_orders set points_taken_back = points_taken_back - 1 where points_taken_back > 0",
        REFUNDED,
    ),
    ("update paid_orders set refunded_minor = 0 where points_taken_back > 0", REFUNDED),
    ("update paid_orders set disputes = '[]' where disputes <> '[]'", REFUNDED),
    (DISPUTED, REFUNDED),
    ("update redeemed_orders set rewards = rewards + 1", REDEEMED),
    (UNDONE, REDEEMED),
    ("update cart_holds set venue_rewards = venue_rewards + 1 where venue_rewards > 0", RESERVED),
    ("update cart_holds set program_hold_id = gen_random_uuid() where program_rewards > 0", RESERVED),
    (UNDONE, RESERVED),
    (NOT_CAPTURED, RESERVED),
    ("update holds set amount = amount + 1", RESERVED),
]
MANY = "update paid_orders set points_taken_back = 1 where points_earned = 5"


async def fill(world: KioskWorld) -> None:
    """Orders that earned, were refunded, and redeemed holds of both kinds, in time and late."""
    ann, bob = await world.customer(), await world.customer()
    await world.give(ann, 1, program_rewards=5)
    for refunded_minor in (0, 100, 999, 12_345):
        order = world.order(12_345, bob)
        await world.earn(order)
        await world.refund(order, refunded_minor)
    disputed = world.order(12_345, bob)
    await world.earn(disputed)
    await world.refund(disputed, 100)
    await world.dispute(disputed)
    await world.earn(world.order(500))
    await world.refund(world.order(500), 100)
    await world.earn(world.order(-500, bob))
    for number in range(4):
        await world.hold(f"cart_{number}", ann)
        if number == 2:
            world.clock.advance(hours=1)
            await kiosk.release_expired(world.database, world.clock)
        if number < 3:
            await world.redeem(world.order(), f"cart_{number}")
    for _ in range(2 * SHOWN_MAX):
        await world.earn(world.order(500, ann))


@pytest.fixture(scope="module")
def books(postgres: PostgresServer) -> Iterator[str]:
    """Kiosks that agree with the ledger."""

    async def prepare() -> None:
        database = await Database.open(url)
        for slug in ("first", "second"):
            await fill(await KioskWorld.create(database, slug))
        await database.close()

    with postgres.migrated_database() as url:
        asyncio.run(prepare())
        yield url


async def found(books: str, *faults: str) -> list[Finding]:
    """What `verify` says with faults planted past the triggers, which are undone afterwards."""
    async with await Connection.connect(books) as connection:
        await connection.execute("alter table cart_holds disable trigger user")
        await connection.execute("alter table holds disable trigger user")
        for fault in faults:
            cursor = await connection.execute(fault.encode())
            assert cursor.rowcount > 0, "the fault was not planted"
        findings = await verify.check(connection)
        await connection.rollback()
    return findings


async def test_what_agrees_has_no_findings(books: str, database: Database) -> None:
    assert await found(books) == []
    async with await Connection.connect(server_conninfo(books), autocommit=True) as connection:
        assert await verify.verify(connection) == []
    async with database.connection() as connection:
        assert await verify.verify(connection) == [], "nothing was sold"


@pytest.mark.parametrize(("fault", "invariant"), PLANTED)
async def test_a_planted_fault_is_found(books: str, fault: str, invariant: str) -> None:
    findings = await found(books, fault)

    assert invariant in {finding.invariant for finding in findings}
    assert {finding.program_id for finding in findings} <= {1, 2}
    assert all(finding.detail for finding in findings)


def test_every_check_is_tried() -> None:
    assert {invariant for _, invariant in PLANTED} == set(CHECKS)


async def test_findings_are_bounded(books: str) -> None:
    findings = [finding for finding in await found(books, MANY) if finding.invariant == REFUNDED]

    assert len(findings) == SHOWN_MAX
