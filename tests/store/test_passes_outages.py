"""Apple hangs, hangs up, restarts or is not set up, and workers die: nothing is lost, and nobody waits."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from regulars.db.database import Database
from regulars.features.passes import actions as passes
from regulars.features.passes import delivery
from regulars.features.passes.model import Delivery
from regulars.stand_ins.apple.push_service import Misdeed
from tests.support import google_stand_in
from tests.support.passes import PassWorld, pass_world, until

NOTHING = Delivery(0, 0, 0)
SENT = Delivery(1, 1, 0)
FAILED = Delivery(1, 0, 1)
IMPATIENT = 0.3


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[PassWorld]:
    async with pass_world(database) as world:
        yield world


async def test_a_hanging_push_delays_no_other_one(world: PassWorld) -> None:
    await world.be_impatient(IMPATIENT)
    hanging = await world.registered("aa")
    others = [await world.registered(f"b{number}", f"phone-b{number}") for number in range(5)]
    world.apple.always("aa", Misdeed.HANG)
    for card in (hanging, *others):
        await world.change(card)
    assert await world.deliver() == Delivery(6, 5, 1)
    assert await world.rows("select trouble from passes where status = 'failed'") == [
        ("apple did not answer in time",)
    ]
    assert sum(world.apple.counts.values()) == 6
    world.apple.always("aa", 200)
    world.wait(minutes=1)
    assert await world.deliver() == SENT


async def test_a_service_that_hangs_as_a_whole_fails_them_all_at_once(world: PassWorld) -> None:
    await world.be_impatient(IMPATIENT)
    cards = [await world.registered(f"{number:02x}", f"phone-{number}") for number in range(20)]
    world.apple.otherwise = Misdeed.HANG
    for card in cards:
        await world.change(card)
    async with asyncio.timeout(20 * IMPATIENT):
        assert await world.deliver() == Delivery(20, 0, 20)
    world.apple.otherwise = 200
    world.wait(minutes=1)
    assert await world.deliver() == Delivery(20, 20, 0)


async def test_a_connection_that_was_dropped_while_idle_costs_nothing(world: PassWorld) -> None:
    card = await world.registered("aa")
    for _ in range(3):
        await world.change(card)
        assert await world.deliver() == SENT
        world.apple.hang_up()
    assert world.apple.connections == 3
    assert world.apple.counts == {"aa": 3}


async def test_a_connection_that_drops_in_the_middle_is_replaced(world: PassWorld) -> None:
    cards = [await world.registered(f"{number:02x}", f"phone-{number}") for number in range(10)]
    world.apple.arrange("05", Misdeed.DROP)
    for card in cards:
        await world.change(card)
    result = await world.deliver()
    assert result == Delivery(10, 10, 0)
    assert set(world.apple.counts) == {f"{number:02x}" for number in range(10)}


async def test_a_service_that_restarts_is_reached_again(world: PassWorld) -> None:
    card = await world.registered("aa")
    await world.change(card)
    assert await world.deliver() == SENT
    await world.apple.stop()
    await world.change(card)
    assert await world.deliver() == FAILED
    [(trouble,)] = await world.rows("select trouble from passes")
    assert trouble.startswith("apple cannot be reached")
    await world.apple.start()
    world.wait(minutes=1)
    assert await world.deliver() == SENT
    assert world.apple.counts == {"aa": 2}


async def test_without_apples_settings_what_is_registered_waits(world: PassWorld) -> None:
    card = await world.registered("aa")
    await world.change(card)
    bare = passes.Carriers()
    assert (bare.has_apple, bare.has_google) == (False, False)
    assert await world.deliver(carriers=bare) == FAILED
    assert await world.rows("select trouble from passes") == [("apple_wallet_not_configured",)]
    world.wait(minutes=1)
    assert await world.deliver() == SENT


async def test_phones_of_an_earlier_secret_key_are_forgotten(world: PassWorld) -> None:
    card = await world.registered("aa")
    await world.change(card)
    stranger = world.new_carriers(secret_key="another secret key of this length")
    assert await world.deliver(carriers=stranger) == SENT
    await stranger.close()
    assert await world.rows("select count(*) from pass_registrations") == [(0,)]


async def test_a_strange_server_is_not_talked_to(world: PassWorld) -> None:
    """The one that Apple's address leads to must show a certificate that is trusted."""
    card = await world.registered("aa")
    await world.change(card)
    wary = world.new_carriers(push_authority=None)
    assert await world.deliver(carriers=wary) == FAILED
    await wary.close()
    assert world.apple.pushes == []


async def test_a_killed_workers_updates_are_taken_up_again(world: PassWorld) -> None:
    card = await world.registered("aa")
    await world.change(card)
    world.apple.always("aa", Misdeed.HANG)
    telling = asyncio.create_task(world.deliver())
    await world.apple.arrived.wait()
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)
    assert (await world.status(card))[0] == "processing"
    world.apple.always("aa", 200)
    assert await world.deliver() == NOTHING
    world.now += delivery.LEASE
    assert await world.deliver() == SENT
    assert await world.status(card) == ("sent", 0, None)


async def test_a_worker_that_is_late_does_not_undo_what_another_one_did(world: PassWorld) -> None:
    card = await world.registered("aa")
    await world.change(card)
    world.apple.arrange("aa", Misdeed.HANG)
    late = asyncio.create_task(world.deliver())
    await world.apple.arrived.wait()
    world.now += delivery.LEASE
    other = world.new_carriers()
    assert await world.deliver(carriers=other) == SENT
    await other.close()
    world.apple.always("aa", 500)
    world.apple.hang_up()
    assert await late == FAILED
    assert await world.status(card) == ("sent", 0, None)


async def test_no_connection_is_kept_while_google_hangs(database_url: str) -> None:
    database = await Database.open(database_url, connections_max=2, acquire_timeout_seconds=3)
    async with pass_world(database) as world:
        cards = [await world.issue() for _ in range(10)]
        world.google.otherwise = google_stand_in.Misdeed.HANG
        saving = [asyncio.create_task(world.saved(card)) for card in cards]
        await world.google.arrived.wait()
        await until(lambda: all_are_saved(world))
        for task in saving:
            task.cancel()
        await asyncio.gather(*saving, return_exceptions=True)
    await database.close()


async def all_are_saved(world: PassWorld) -> bool:
    return await world.rows("select count(*) from passes where google_saved") == [(10,)]
