"""What holds of every customer, whatever is bought, held, redeemed and returned in whatever order."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from uuid import UUID

import pytest
from msgspec import Struct

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import PaidOrder, RedeemStatus
from tests.support.kiosk import KioskWorld
from tests.support.postgres import PostgresServer
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

LIVES = bounded(40, 2_000)
STEPS = 30


class Bought(Struct):
    """An order, how much of it was returned so far, and whether a bank has the money."""

    order: PaidOrder
    refunded_minor: int = 0
    is_disputed: bool = False


class Life:
    """A customer who buys, holds, redeems and returns as it comes, and what that must lead to."""

    def __init__(self, world: KioskWorld, member_id: UUID, random: Random) -> None:
        self.world, self.member_id, self.random = world, member_id, random
        self.bought: list[Bought] = []
        self.redeemed = 0
        self.seconds = 1

    def cart(self) -> str:
        """One of two carts, which nobody else has."""
        return f"{self.member_id}-{self.random.randint(1, 2)}"

    async def step(self) -> None:
        """One thing that happens; afterwards the customer's worth is what it must be."""
        await self.random.choice(
            [self.buy, self.buy, self.give_back, self.dispute, self.hold, self.pay_with_hold, self.wait]
        )()
        await self.check()

    async def buy(self) -> None:
        order = self.world.order(self.random.choice([99, 5_050, 10_000, 23_500]), self.member_id)
        self.bought.append(Bought(order))
        earned = await self.world.earn(order)
        assert earned.points_earned == order.total_minor // 100

    async def give_back(self) -> None:
        if self.bought:
            bought = self.random.choice(self.bought)
            bought.refunded_minor = self.random.randint(bought.refunded_minor, bought.order.total_minor)
            assert await self.world.refund(bought.order, bought.refunded_minor)

    async def dispute(self) -> None:
        """A dispute begins, goes on or is over; what was told before is told once more afterwards."""
        if self.bought:
            bought = self.random.choice(self.bought)
            self.seconds += 1
            bought.is_disputed = self.random.random() < 0.5
            status = "open" if bought.is_disputed else "won"
            await self.world.dispute(bought.order, status, at=self.seconds)
            await self.world.dispute(bought.order, self.random.choice(["open", "won"]), at=self.seconds - 1)

    async def hold(self) -> None:
        with suppress(Refused):
            await self.world.hold(self.cart(), self.member_id)

    async def pay_with_hold(self) -> None:
        order = self.world.order(100)
        redeemed = await self.world.redeem(order, self.cart())
        if redeemed.status is RedeemStatus.REDEEMED:
            self.redeemed += redeemed.rewards_redeemed

    async def wait(self) -> None:
        self.world.clock.advance(minutes=self.random.choice([1, 16]))
        if self.random.random() < 0.5:
            await kiosk.release_expired(self.world.database, self.world.clock)

    async def return_everything(self) -> None:
        for bought in self.bought:
            bought.refunded_minor = bought.order.total_minor
            assert await self.world.refund(bought.order)

    async def check(self) -> None:
        """Nothing is negative, and points and rewards, less what is owed, are what was kept and not spent."""
        points, rewards = await self.world.has(self.member_id)
        held, owed = await self.world.held(self.member_id), await self.world.owed(self.member_id)
        assert points >= 0 and 0 <= held <= rewards and owed >= 0
        kept = sum(points_kept(bought) for bought in self.bought)
        assert points + 100 * rewards - owed == kept - 100 * self.redeemed
        assert points < 100, "a hundred points are a reward"
        assert owed == 0 or points == 0


def points_kept(bought: Bought) -> int:
    """What of an order's points is still paid for, in fractions: the part of them that was not returned."""
    total = bought.order.total_minor
    if bought.is_disputed:
        return 0
    return (total // 100) * (total - bought.refunded_minor) // total


@pytest.fixture(scope="module")
def lives(postgres: PostgresServer) -> Iterator[str]:
    """A database of this module's own."""
    with postgres.migrated_database() as url:
        yield url


async def test_nothing_is_won_by_returning_and_nothing_gets_lost(lives: str) -> None:
    database = await Database.open(lives)
    world = await KioskWorld.create(database)
    try:
        for seed in range(LIVES):
            life = Life(world, await world.customer(), Random(seed))
            for _ in range(STEPS):
                await life.step()
            await return_and_look(life)
        await world.check()
    finally:
        await database.close()


async def return_and_look(life: Life) -> None:
    """After a full refund of everything nothing is left but the debt of what was spent."""
    await life.return_everything()
    await life.check()
    # Whatever was held is free by now, and goes with the next thing that happens.
    life.world.clock.advance(minutes=16)
    with pytest.raises(Refused, match="insufficient_rewards"):
        await life.world.hold("another", life.member_id)
    await life.check()
    assert await life.world.has(life.member_id) == (0, 0)
    assert await life.world.owed(life.member_id) == 100 * life.redeemed


def test_many_lives_at_once_share_the_books(lives: str) -> None:
    """Customers who live side by side on several connections do not disturb each other's sums."""

    async def live(database: Database, world: KioskWorld, seed: int) -> None:
        life = Life(world, await world.customer(), Random(1000 + seed))
        for _ in range(STEPS):
            await life.step()

    async def all_of_them() -> None:
        database = await Database.open(lives)
        world = await KioskWorld.create(database, "crowd")
        await asyncio.gather(*(live(database, world, seed) for seed in range(8)))
        await world.check()
        await database.close()

    asyncio.run(all_of_them())
