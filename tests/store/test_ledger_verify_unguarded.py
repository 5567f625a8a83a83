"""Faults that the tables' own constraints refuse are found by `verify` as well, should those be gone one day.

In each of them everything else still agrees with itself, so that nothing but the invariant in question tells.
"""

import pytest

from regulars.db.database import Connection
from regulars.features.ledger.verify import check
from tests.support.ledger import earn, redeem, refund, reserve
from tests.support.ledger_world import LedgerWorld

CONSTRAINTS = {
    "accounts": (
        "balance_is_credited_less_debited", "balance_is_not_negative", "held_is_part_of_balance",
    ),
    "transfers": ("balance_after_is_not_negative",),
    "redemptions": ("refunds_do_not_exceed_the_redeem",),
}  # fmt: skip
HELD = "I2 held is the sum of the pending holds"
BALANCE = "I1 balance is the sum of the transfers"
REFUNDS = "I6 refunds stay within their redeem"

FAULTS: list[tuple[str, tuple[str, ...], str]] = [
    (
        "a balance below zero",
        (
            "update transfers set amount = -14 where verb = 'redeem'",
            "update transfers set balance_after = balance_after - 10 where version >= 2",
            "update redemptions set redeemed = 14",
            "update accounts set balance = balance - 10, debited = 14",
            "update holds set amount = 0",
            "update accounts set held = 0",
        ),
        HELD,
    ),
    (
        "more held than there is",
        ("update holds set amount = 9", "update accounts set held = 9"),
        HELD,
    ),
    (
        "more given back than was redeemed",
        (
            "update transfers set amount = 5, balance_after = balance_after + 3 where verb = 'refund'",
            "update transfers set balance_after = balance_after + 3 where version > 3",
            "update redemptions set refunded = 5",
            "update accounts set balance = balance + 3, credited = credited + 3",
        ),
        REFUNDS,
    ),
    ("more credited than was", ("update accounts set credited = credited + 1",), BALANCE),
    ("more debited than was", ("update accounts set debited = debited + 1",), BALANCE),
]


@pytest.mark.parametrize(("faults", "invariant"), [fault[1:] for fault in FAULTS], ids=[f[0] for f in FAULTS])
async def test_a_fault_that_no_constraint_keeps_out_is_found(
    world: LedgerWorld, faults: tuple[str, ...], invariant: str
) -> None:
    account = await world.account()
    await world.post(earn(10, account), redeem(4, account))
    redeem_id = (await world.state(account)).redemptions[0].transfer_id
    await world.post(refund(redeem_id, 2, account), reserve(1, account))
    async with await Connection.connect(world.database_url) as connection:
        for table in ("transfers", "holds"):
            await connection.execute(f"alter table {table} disable trigger user".encode())
        for table, names in CONSTRAINTS.items():
            for name in names:
                await connection.execute(f"alter table {table} drop constraint {name}".encode())
        assert await check(connection) == []
        for fault in faults:
            cursor = await connection.execute(fault.encode())
            assert cursor.rowcount > 0, "the fault was not planted"
        found = {finding.invariant for finding in await check(connection)}
        await connection.rollback()
    assert found == {invariant}
