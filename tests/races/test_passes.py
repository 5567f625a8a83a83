"""Many at once who issue a pass, change it, register for it, deliver it, or die while they do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest_asyncio

from regulars.base.clock import utc_now
from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.passes import actions as passes
from regulars.features.passes import delivery, store_jobs
from regulars.features.passes.model import Delivery, Pass
from regulars.stand_ins.apple.push_service import Misdeed
from tests.races.held_process import HeldProcess, held_process
from tests.races.passes_worker import Task
from tests.support.passes import PassWorld, apple_settings, pass_world

CROWD = 20


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[PassWorld]:
    async with pass_world(database) as world:
        yield world


@asynccontextmanager
async def worker(world: PassWorld, database_url: str, limit: int = 5) -> AsyncIterator[HeldProcess]:
    """A process that is ready to deliver, and counts the updates that it takes."""
    task = Task(database_url, apple_settings(push_url=world.apple.url), limit)
    async with held_process("tests.races.passes_worker", task) as process:
        yield process


async def crowd_of_passes(world: PassWorld, count: int) -> list[Pass]:
    """Passes of different customers, each on a phone of its own."""
    return [await world.registered(f"{number:04x}", f"phone-{number}") for number in range(count)]


async def test_twenty_who_issue_the_same_pass_at_once_get_one(world: PassWorld) -> None:
    for _ in range(5):
        ann = await world.customer()
        cards = await asyncio.gather(*(world.issue(ann) for _ in range(CROWD)))
        assert len({(card.pass_id, card.token) for card in cards}) == 1
    assert await world.rows("select count(*) from passes") == [(5,)]
    assert await world.rows("select count(*) from identifiers where kind = 'pass'") == [(5,)]


async def test_both_venues_at_once(world: PassWorld) -> None:
    ann = await world.customer()
    venues = [world.venue, world.other_venue] * (CROWD // 2)
    cards = await asyncio.gather(*(world.issue(ann, venue) for venue in venues))
    assert len({card.token for card in cards}) == 2


async def test_issuing_races_with_erasure(world: PassWorld) -> None:
    for _ in range(5):
        ann = await world.customer()

        async def ask(ann: UUID = ann) -> Pass | None:
            try:
                return await world.issue(ann)
            except Refused as refusal:
                if refusal.code != "member_not_found":
                    raise
                return None

        outcomes = await asyncio.gather(
            *(ask() for _ in range(CROWD // 2)), world.erase(ann), *(ask() for _ in range(CROWD // 2))
        )
        for card in outcomes:
            assert card is None or await world.find(card) is None
    await world.deliver()
    assert await world.rows("select count(*) from passes where ended_at is null") == [(0,)]


async def test_one_phone_that_registers_many_times_at_once_is_new_once(world: PassWorld) -> None:
    card = await world.issue()
    answers = await asyncio.gather(*(world.register(card) for _ in range(CROWD)))
    assert sorted(answer.status for answer in answers) == [200] * (CROWD - 1) + [201]


async def test_changes_from_all_sides_wait_for_each_other_but_never_in_a_circle(world: PassWorld) -> None:
    ann = await world.customer()
    cards = [await world.issue(ann), await world.issue(ann, world.other_venue)]
    await asyncio.gather(*(world.register(card) for card in cards))
    changed = [(ann, 0), (ann, world.other_venue), (ann, world.venue)]

    async def change() -> None:
        await world.in_transaction(
            lambda pipeline: passes.send_updates(pipeline, world.program_id, changed, "earned", world.now)
        )

    async def change_one_by_one(card: Pass) -> None:
        for _ in range(5):
            await world.change(card)

    await asyncio.gather(
        *(change() for _ in range(CROWD)),
        *(change_one_by_one(card) for card in cards),
        *(world.deliver() for _ in range(CROWD)),
    )
    while (await world.deliver()).processed:
        pass
    for card in cards:
        newest = await world.find(card)
        assert newest is not None
        assert newest.modified_at == card.modified_at + timedelta(seconds=CROWD + 5)
    sequences = await world.rows(
        "select bool_and(pushed_sequence = sequence) from pass_registrations join passes using (pass_id)"
    )
    assert sequences == [(True,)]


async def test_many_rounds_at_once_tell_each_update_once(world: PassWorld) -> None:
    cards = await crowd_of_passes(world, 60)
    for card in cards:
        await world.change(card)
    rounds = await asyncio.gather(*(world.deliver(limit=10) for _ in range(CROWD)))
    while (last := await world.deliver()).processed:
        rounds.append(last)
    assert sum(each.processed for each in rounds) == 60
    assert set(world.apple.counts.values()) == {1}
    assert len(world.apple.counts) == 60


async def test_what_another_is_just_taking_is_neither_taken_nor_waited_for(world: PassWorld) -> None:
    cards = await crowd_of_passes(world, 4)
    for card in cards:
        await world.change(card)
    async with world.database.transaction() as connection:
        taken = await store_jobs.claim(connection, uuid4(), world.now, world.now + delivery.LEASE, 3)
        assert len(taken) == 3
        assert await world.deliver() == Delivery(1, 1, 0)
    assert await world.deliver() == Delivery(0, 0, 0)
    assert len(world.apple.pushes) == 1


async def test_two_processes_never_tell_the_same_update(world: PassWorld, database_url: str) -> None:
    cards = await crowd_of_passes(world, 100)
    for card in cards:
        await world.change(card)
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(worker(world, database_url)) for _ in range(2)]
        for each in workers:
            await each.go()
        counts = [await each.count() for each in workers]
    assert sum(counts) == 100
    assert set(world.apple.counts.values()) == {1}
    assert len(world.apple.counts) == 100


async def test_a_killed_processs_updates_are_taken_up_by_another(world: PassWorld, database_url: str) -> None:
    cards = await crowd_of_passes(world, 8)
    world.now = utc_now()
    for card in cards:
        await world.change(card)
    world.apple.always("0003", Misdeed.HANG)
    async with worker(world, database_url, limit=8) as victim:
        await victim.go()
        await world.apple.arrived.wait()
        await victim.kill()
    assert {(await world.status(card))[0] for card in cards} == {"processing"}
    world.apple.always("0003", 200)
    # Until the lease ends nobody can know whether the other one is at it still.
    assert (await world.deliver()).processed == 0
    world.now = utc_now() + timedelta(minutes=4)
    assert await world.deliver() == Delivery(8, 8, 0)
    assert {await world.status(card) for card in cards} == {("sent", 0, None)}
    assert set(world.apple.counts) == {f"{number:04x}" for number in range(8)}
