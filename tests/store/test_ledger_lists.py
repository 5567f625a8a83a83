"""Lists of holds and of redemptions."""

from datetime import timedelta
from uuid import UUID

from regulars.base.ids import new_id
from regulars.features.ledger import actions
from regulars.features.ledger.model import Hold, HoldStatus, Transfer
from tests.support.ledger import NOW, capture, earn, posted, redeem, refund, release, reserve
from tests.support.ledger_world import LedgerWorld

MINUTE = timedelta(minutes=1)


def ids(holds: list[Hold]) -> list[UUID]:
    return [hold.hold_id for hold in holds]


async def test_holds_are_listed_by_what_they_are_now(world: LedgerWorld) -> None:
    ann, bob = await world.accounts(2)
    pending, captured, released, lapsed, swept, of_bob = (
        reserve(1, account, expires_at=None if minutes is None else NOW + minutes * MINUTE)
        for account, minutes in [(ann, 9), (ann, None), (ann, 9), (ann, 1), (bob, 1), (bob, None)]
    )
    await world.post(earn(10, ann), earn(10, bob), pending, captured, released, lapsed, swept, of_bob)
    await world.post(capture(captured.hold_id, None, ann), release(released.hold_id, ann))
    world.clock.advance(minutes=2)
    await world.do(earn(1, bob))
    every = [of_bob, swept, lapsed, released, captured, pending]
    of_status = {
        HoldStatus.PENDING: [of_bob, pending],
        HoldStatus.CAPTURED: [captured],
        HoldStatus.RELEASED: [released],
        HoldStatus.EXPIRED: [swept, lapsed],
    }

    async with world.database.connection() as connection:

        async def listed(*statuses: HoldStatus, limit: int = 500, before: UUID | None = None) -> list[Hold]:
            rows = await actions.list_holds(
                connection, world.program_id, statuses=statuses, now=world.clock(), limit=limit, before=before
            )
            return [row.hold for row in rows]

        for first in HoldStatus:
            assert ids(await listed(first)) == [command.hold_id for command in of_status[first]]
            assert {hold.status for hold in await listed(first)} == {first}
            for second in HoldStatus:
                expected = [c.hold_id for c in every if c in of_status[first] + of_status[second]]
                assert ids(await listed(first, second)) == expected
        assert await listed() == []
        assert ids(await listed(*HoldStatus)) == [command.hold_id for command in every]
        assert ids(await listed(*HoldStatus, limit=2)) == [command.hold_id for command in every[:2]]
        assert ids(await listed(*HoldStatus, before=lapsed.hold_id)) == [
            command.hold_id for command in every[3:]
        ]
        rows = await actions.list_holds(
            connection,
            world.program_id,
            statuses=list(HoldStatus),
            now=world.clock(),
            member_id=bob.member_id,
        )
        assert [(row.member_id, row.hold.hold_id) for row in rows] == [
            (bob.member_id, of_bob.hold_id),
            (bob.member_id, swept.hold_id),
        ]
        assert await actions.find_hold(connection, world.program_id, new_id(), NOW) is None


async def test_redemptions_are_listed_with_their_refunds(world: LedgerWorld) -> None:
    account, other = await world.accounts(2)
    await world.post(earn(100, account), earn(100, other), redeem(9, other))
    redeemed: list[Transfer] = []
    for amount in (10, 20, 30):
        world.clock.advance(minutes=1)
        redeemed.insert(0, (await world.do(redeem(amount, account))).transfer)
    given_back = [
        posted((await world.post(refund(redeemed[place].transfer_id, amount, account)))[0]).transfer
        for place, amount in [(1, 5), (1, 15), (2, 1)]
    ]

    async with world.database.connection() as connection:
        rows = await actions.list_redemptions(connection, world.program_id, account, limit=10)
        first = await actions.list_redemptions(connection, world.program_id, account, limit=1)
        rest = await actions.list_redemptions(
            connection, world.program_id, account, limit=10, before=redeemed[0].transfer_id
        )
    assert [row.transfer for row in rows] == redeemed
    assert [row.refunds for row in rows] == [(), tuple(given_back[:2]), tuple(given_back[2:])]
    assert [row.redemption.remaining for row in rows] == [30, 0, 9]
    assert (first, rest) == (rows[:1], rows[1:])
