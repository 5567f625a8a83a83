"""Kiosks that all have their connection before any of them begins, and what they then do at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from psycopg.errors import DeadlockDetected

from regulars.base.refusals import Refused
from regulars.db.connection import Connection
from regulars.db.database import Database
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import PaidOrder, RequestKey
from regulars.features.ledger import transaction
from tests.support.kiosk import KioskWorld
from tests.support.ledger import ManualClock
from tests.support.soak import bounded

KIOSKS = 20
ROUNDS = bounded(12, 500)

Call = Callable[[Connection], Awaitable[Any]]


@asynccontextmanager
async def open_kiosks(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[KioskWorld]:
    """Two venues whose kiosks have a connection each; whatever they did, the books add up.

    Nobody may wait in a circle: a deadlock would be tried again, a second later, and here it is an error.
    """
    others = tuple(error for error in transaction.RETRYABLE if error is not DeadlockDetected)
    monkeypatch.setattr(transaction, "RETRYABLE", others)
    database = await Database.open(database_url, connections_max=KIOSKS + 2)
    world = await KioskWorld.create(database)
    yield world
    await world.check()
    await database.close()


async def race(world: KioskWorld, calls: Sequence[Call]) -> list[Any]:
    """What each kiosk gets, a refusal by its code: all have their connection before any of them begins."""
    barrier = asyncio.Barrier(len(calls))

    async def kiosk_calls(call: Call) -> Any:
        async with world.database.connection() as connection:
            await barrier.wait()
            try:
                return await call(connection)
            except Refused as refused:
                return refused.code

    return await asyncio.gather(*(kiosk_calls(call) for call in calls))


def earning(world: KioskWorld, order: PaidOrder) -> Call:
    """What the order earns."""
    return lambda connection: kiosk.earn(connection, world.program, world.venue, order, world.clock)


def holding(
    world: KioskWorld, cart: str, member_id: UUID, key: str | None = None, *, elsewhere: bool = False
) -> Call:
    """A reward for the cart, at the other venue if it is to be `elsewhere`."""
    venue = world.other_venue if elsewhere else world.venue
    request = RequestKey("kiosk", key) if key is not None else None
    return lambda connection: kiosk.apply_reward(
        connection, world.program, venue, cart, member_id, 1, request, world.clock
    )


def redeeming(world: KioskWorld, order: PaidOrder, cart: str, clock: ManualClock | None = None) -> Call:
    """What the order redeems of the cart, by another clock if one is given."""
    return lambda connection: kiosk.redeem(
        connection,
        world.program,
        world.venue,
        order.order_id,
        order.payment_event_id,
        cart,
        clock or world.clock,
    )


def refunding(world: KioskWorld, order: PaidOrder, refunded_minor: int) -> Call:
    """So much of the order counts as refunded."""
    return lambda connection: kiosk.take_back_order(
        connection,
        world.program,
        world.venue,
        refunded_minor=refunded_minor,
        order_id=order.order_id,
        clock=world.clock,
    )
