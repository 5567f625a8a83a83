"""Updates reach Apple's phones: over one connection, the newest state only, again when it failed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from regulars.db.database import Database
from regulars.features.passes import actions as passes
from regulars.features.passes.model import CardFace, Delivery, Pass
from regulars.features.passes.rules import ATTEMPTS_MAX, DELAYS
from regulars.stand_ins.apple.push_service import Misdeed, Push
from tests.support.passes import TOPIC, PassWorld, pass_world

NOTHING = Delivery(0, 0, 0)
SENT = Delivery(1, 1, 0)
FAILED = Delivery(1, 0, 1)
IMPATIENT = 0.3


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[PassWorld]:
    async with pass_world(database) as world:
        yield world


async def test_a_change_is_pushed_to_the_phones_that_have_the_pass(world: PassWorld) -> None:
    card = await world.registered("aa")
    await world.register(card, "phone-2", "bb")
    await world.registered("cc", "phone-3")
    assert await world.deliver() == NOTHING
    await world.change(card)
    assert await world.deliver() == SENT
    assert await world.status(card) == ("sent", 0, None)
    assert sorted(world.apple.pushes, key=lambda push: push.token) == [
        Push("aa", TOPIC, b"{}", 1),
        Push("bb", TOPIC, b"{}", 1),
    ]
    assert await world.deliver() == NOTHING


async def test_a_change_that_nobody_wants_to_know_is_sent(world: PassWorld) -> None:
    card = await world.issue()
    await world.change(card)
    assert await world.deliver() == SENT
    assert world.apple.pushes == []
    assert world.apple.connections == 0


async def test_one_connection_for_all(world: PassWorld) -> None:
    cards = [await world.registered(f"{number:02x}", f"phone-{number}") for number in range(40)]
    for _ in range(3):
        for card in cards:
            await world.change(card)
        assert await world.deliver() == Delivery(40, 40, 0)
    assert len(world.apple.pushes) == 120
    assert world.apple.connections == 1


async def test_several_changes_are_one_push(world: PassWorld) -> None:
    card = await world.registered("aa")
    for _ in range(5):
        await world.change(card)
    assert await world.deliver() == SENT
    assert world.apple.counts == {"aa": 1}


async def test_fifty_at_a_time_the_oldest_first(world: PassWorld) -> None:
    cards = [await world.registered(f"{number:04x}", f"phone-{number}") for number in range(60)]
    for card in reversed(cards):
        world.wait(seconds=1)
        await world.change(card)
    assert await world.deliver() == Delivery(50, 50, 0)
    assert set(world.apple.counts) == {f"{number:04x}" for number in range(10, 60)}
    assert await world.deliver() == Delivery(10, 10, 0)
    assert set(world.apple.counts) == {f"{number:04x}" for number in range(60)}


async def test_what_changes_while_it_is_being_told_is_told_again(world: PassWorld) -> None:
    card = await world.registered("aa")
    await world.change(card)
    world.apple.always("aa", Misdeed.HANG)
    telling = asyncio.create_task(world.deliver())
    await world.apple.arrived.wait()
    assert (await world.status(card))[0] == "processing"
    await world.change(card)
    assert (await world.status(card))[0] == "processing"
    world.apple.always("aa", 200)
    world.apple.hang_up()
    assert await telling == SENT
    assert await world.status(card) == ("queued", 0, world.now)
    assert await world.deliver() == SENT
    assert await world.deliver() == NOTHING


async def test_410_forgets_the_phone(world: PassWorld) -> None:
    card = await world.registered("aa")
    await world.register(card, "phone-2", "bb")
    world.apple.arrange("aa", 410)
    await world.change(card)
    assert await world.deliver() == SENT
    await world.change(card)
    assert await world.deliver() == SENT
    assert world.apple.counts == {"aa": 1, "bb": 2}
    assert await world.rows("select count(*) from pass_registrations") == [(1,)]


async def test_410_does_not_forget_a_phone_that_came_back_meanwhile(world: PassWorld) -> None:
    card = await world.registered("aa")
    await world.change(card)
    world.apple.always("aa", Misdeed.HANG)
    telling = asyncio.create_task(world.deliver())
    await world.apple.arrived.wait()
    await world.register(card, push_token="bb")
    world.apple.always("aa", 410)
    world.apple.hang_up()
    assert await telling == SENT
    await world.change(card)
    assert await world.deliver() == SENT
    assert world.apple.counts["bb"] == 1


@pytest.mark.parametrize("answer", [429, 500, 503, 403, 400, 404])
async def test_whatever_else_is_answered_is_tried_again(world: PassWorld, answer: int) -> None:
    card = await world.registered("aa")
    world.apple.arrange("aa", answer)
    await world.change(card)
    assert await world.deliver() == FAILED
    assert await world.status(card) == ("failed", 1, world.now + DELAYS[0])
    assert await world.rows("select trouble from passes") == [(f"apple answered {answer}",)]
    world.wait(seconds=29)
    assert await world.deliver() == NOTHING
    world.wait(seconds=1)
    assert await world.deliver() == SENT
    assert await world.status(card) == ("sent", 0, None)
    assert await world.rows("select trouble, count(*) from pass_registrations, passes group by trouble") == [
        (None, 1)
    ]


async def test_the_delays_grow_until_nobody_tries_any_more(world: PassWorld) -> None:
    card = await world.registered("aa")
    world.apple.otherwise = 500
    await world.change(card)
    for attempt in range(1, ATTEMPTS_MAX):
        assert await world.deliver() == FAILED
        status, attempts, due_at = await world.status(card)
        delay = DELAYS[min(attempt, len(DELAYS)) - 1]
        assert (status, attempts, due_at) == ("failed", attempt, world.now + delay)
        world.now += delay
    assert await world.deliver() == FAILED
    assert await world.status(card) == ("failed", ATTEMPTS_MAX, None)
    world.wait(days=100)
    assert await world.deliver() == NOTHING
    # The next change gives it another chance.
    world.apple.otherwise = 200
    await world.change(card)
    assert await world.status(card) == ("queued", 0, world.now)
    assert await world.deliver() == SENT


async def test_429_is_tried_again_when_it_asks_for_it(world: PassWorld) -> None:
    card = await world.registered("aa")
    world.apple.retry_after = "600"
    world.apple.arrange("aa", 429)
    await world.change(card)
    assert await world.deliver() == FAILED
    assert await world.status(card) == ("failed", 1, world.now + timedelta(minutes=10))


async def test_a_change_does_not_hurry_what_failed_and_goes_along_with_it(world: PassWorld) -> None:
    card = await world.registered("aa")
    world.apple.arrange("aa", 500)
    await world.change(card)
    await world.deliver()
    due = world.now + DELAYS[0]
    world.wait(seconds=10)
    await world.change(card)
    assert await world.status(card) == ("failed", 1, due)
    world.wait(seconds=20)
    assert await world.deliver() == SENT
    assert await world.deliver() == NOTHING


async def test_only_the_phone_that_failed_is_told_again(world: PassWorld) -> None:
    card = await world.registered("aa")
    await world.register(card, "phone-2", "bb")
    world.apple.arrange("bb", 500)
    await world.change(card)
    assert await world.deliver() == FAILED
    world.wait(minutes=1)
    assert await world.deliver() == SENT
    assert world.apple.counts == {"aa": 1, "bb": 2}


async def test_one_that_cannot_be_told_does_not_keep_the_others_from_it(
    world: PassWorld, caplog: pytest.LogCaptureFixture
) -> None:
    cards = [await world.registered(f"{number:02x}", f"phone-{number}") for number in range(3)]
    for card in cards:
        await world.saved(card)
        await world.change(card)

    async def broken(card: Pass) -> CardFace | None:
        if card.pass_id == cards[1].pass_id:
            raise ZeroDivisionError
        return await world.face_of(card)

    result = await passes.deliver_due(world.database, world.carriers, broken, world.clock)
    assert result == Delivery(3, 2, 1)
    assert await world.rows("select trouble from passes where status = 'failed'") == [("ZeroDivisionError",)]
    assert cards[1].token not in caplog.text
