"""All that is due is told in rounds of which two are under way: each once, and none waits for another."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from regulars.db.database import Database, DatabaseUnavailable, TransactionConflict
from regulars.features.passes import actions as passes
from regulars.features.passes import delivery, delivery_round, store_jobs
from regulars.features.passes.model import Delivery, Pass
from regulars.features.passes.model_delivery import Job
from regulars.stand_ins.apple.push_service import Misdeed
from tests.support.passes import PassWorld, pass_world, until

ROUND = 5
CARDS = 23


@pytest_asyncio.fixture
async def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PassWorld]:
    monkeypatch.setattr(delivery, "ROUND", ROUND)
    async with pass_world(database) as world:
        yield world


async def changed_cards(world: PassWorld) -> list[Pass]:
    """Cards of different customers, each on a phone of its own, with something new to show."""
    cards = [await world.registered(f"{number:04x}", f"phone-{number}") for number in range(CARDS)]
    for card in cards:
        await world.change(card)
    return cards


async def deliver_all(world: PassWorld, time_max: timedelta = timedelta(minutes=1)) -> Delivery:
    return await passes.deliver_all(world.database, world.carriers, world.face_of, world.clock, time_max)


async def test_everything_is_told_once_over_one_connection(world: PassWorld) -> None:
    cards = await changed_cards(world)
    assert await deliver_all(world) == Delivery(CARDS, CARDS, 0)
    assert set(world.apple.counts.values()) == {1}
    assert len(world.apple.counts) == CARDS
    assert world.apple.connections == 1
    assert {await world.status(card) for card in cards} == {("sent", 0, None)}
    assert await deliver_all(world) == Delivery(0, 0, 0)


async def test_several_at_once_tell_each_card_once(world: PassWorld) -> None:
    await changed_cards(world)
    deliveries = await asyncio.gather(*(deliver_all(world) for _ in range(4)))
    deliveries.append(await deliver_all(world))
    assert sum(each.sent for each in deliveries) == CARDS
    assert set(world.apple.counts.values()) == {1}
    assert len(world.apple.counts) == CARDS


async def test_the_others_are_told_while_one_phone_hangs(world: PassWorld) -> None:
    await changed_cards(world)
    world.apple.always("0000", Misdeed.HANG)
    telling = asyncio.create_task(deliver_all(world))
    await until(lambda: all_are_told(world))
    assert not telling.done()
    world.apple.always("0000", 200)
    world.apple.hang_up()
    assert await telling == Delivery(CARDS, CARDS, 0)


async def all_are_told(world: PassWorld) -> bool:
    rows = await world.rows("select count(*) from passes where status = 'sent'")
    return rows == [(CARDS - ROUND,)]


async def test_no_round_begins_when_the_time_is_over(world: PassWorld) -> None:
    await changed_cards(world)
    claim = store_jobs.claim

    async def slow(connection: Any, lease_id: UUID, now: datetime, until: datetime, limit: int) -> list[Job]:
        world.wait(seconds=1)
        return await claim(connection, lease_id, now, until, limit)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_jobs, "claim", slow)
        assert await deliver_all(world, timedelta(seconds=2)) == Delivery(2 * ROUND, 2 * ROUND, 0)
    assert await deliver_all(world) == Delivery(CARDS - 2 * ROUND, CARDS - 2 * ROUND, 0)


async def test_a_round_that_fails_does_not_interrupt_the_other_one(world: PassWorld) -> None:
    await changed_cards(world)
    claim, failures = store_jobs.claim, [DatabaseUnavailable("gone for a moment")]

    async def failing(connection: Any, *arguments: Any) -> list[Job]:
        if failures:
            raise failures.pop()
        return await claim(connection, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_jobs, "claim", failing)
        with pytest.raises(DatabaseUnavailable):
            await deliver_all(world)
    assert set(world.apple.counts.values()) == {1}
    assert len(world.apple.counts) == CARDS
    assert await deliver_all(world) == Delivery(0, 0, 0)


async def test_outcomes_that_met_another_transaction_are_put_down_again(world: PassWorld) -> None:
    cards = await changed_cards(world)
    send, conflicts = store_jobs.send_outcomes, [TransactionConflict("a deadlock")] * 2

    def conflicting(*arguments: Any) -> None:
        if conflicts:
            raise conflicts.pop()
        send(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_jobs, "send_outcomes", conflicting)
        assert await deliver_all(world) == Delivery(CARDS, CARDS, 0)
    assert {await world.status(card) for card in cards} == {("sent", 0, None)}


async def test_what_is_not_told_in_time_has_failed_and_the_rest_is_sent(
    world: PassWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = await changed_cards(world)
    world.apple.always("0000", Misdeed.HANG)
    monkeypatch.setattr(delivery_round, "SENDING_SECONDS_MAX", 0.5)
    assert await deliver_all(world) == Delivery(CARDS, CARDS - 1, 1)
    assert (await world.status(cards[0]))[0] == "failed"
    assert await world.rows("select trouble from passes where status = 'failed'") == [("took too long",)]


async def test_phones_beyond_what_is_told_abreast_are_told_too(
    world: PassWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_round, "ABREAST", 3)
    card = await world.registered("00", "phone-0")
    for number in range(1, 20):
        await world.register(card, f"phone-{number}", f"{number:02x}")
    await world.change(card)
    assert await deliver_all(world) == Delivery(1, 1, 0)
    assert set(world.apple.counts.values()) == {1}
    assert len(world.apple.counts) == 20
