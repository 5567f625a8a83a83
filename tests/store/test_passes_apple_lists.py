"""A phone asks which of its passes have changed: never one too few, never one that has not."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from regulars.features.passes import actions as passes
from tests.support.passes import PassWorld, pass_world, until
from tests.support.passes_phone import changed, listed


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[PassWorld]:
    async with pass_world(database) as world:
        yield world


async def test_a_phone_is_told_all_its_passes_and_no_others(world: PassWorld) -> None:
    mine = [await world.issue() for _ in range(3)]
    for card in mine:
        await world.register(card)
    await world.register(await world.issue(), "phone-2")
    await world.issue()
    serials, tag = await listed(world)
    assert serials == {str(card.pass_id) for card in mine}
    assert (await changed(world, tag)).status == 204


async def test_unchanged_serials_are_never_told(world: PassWorld) -> None:
    mine = [await world.issue() for _ in range(3)]
    for card in mine:
        await world.register(card)
    _, tag = await listed(world)
    await world.change(mine[1])
    serials, newer = await listed(world, tag)
    assert serials == {str(mine[1].pass_id)}
    assert int(newer) > int(tag)
    assert (await changed(world, newer)).status == 204
    # Whoever lost the last answer asks with the tag before, and misses nothing.
    await world.change(mine[2])
    assert (await listed(world, tag))[0] == {str(mine[1].pass_id), str(mine[2].pass_id)}


async def test_a_strange_phone_and_a_strange_type_are_told_nothing(world: PassWorld) -> None:
    await world.registered()
    assert (await changed(world, device="phone-2")).status == 204
    assert (await changed(world, pass_type="pass.example.other")).status == 204


@pytest.mark.parametrize("tag", ["", "x", "-1", "9" * 30, str(2**63 - 1)])
async def test_a_tag_that_was_never_given_counts_as_none(world: PassWorld, tag: str) -> None:
    """A tag of the future is from before the database was brought back from a backup."""
    card = await world.registered()
    assert (await listed(world, tag))[0] == {str(card.pass_id)}


async def test_a_change_that_is_being_committed_is_waited_for(world: PassWorld) -> None:
    """Its number was drawn before that of one which is committed already; the tag must not pass over it."""
    slow, fast = await world.issue(), await world.issue()
    for card in (slow, fast):
        await world.register(card)
    _, tag = await listed(world)
    async with world.database.transaction() as connection:
        pipeline = Pipeline(connection)
        passes.send_update(pipeline, slow.program_id, slow.member_id, slow.location_id, "earned", world.now)
        await pipeline.flush()
        await world.change(fast)
        asking = asyncio.create_task(listed(world, tag))
        await until(lambda: is_waiting(world))
        assert not asking.done()
    assert (await asking)[0] == {str(slow.pass_id), str(fast.pass_id)}


async def is_waiting(world: PassWorld) -> bool:
    [(count,)] = await world.rows("select count(*) from pg_locks where not granted")
    return bool(count)


async def test_a_phone_that_registers_late_is_told_what_changed_meanwhile(world: PassWorld) -> None:
    card = await world.issue()
    await world.change(card)
    assert (await world.deliver()).sent == 1
    world.wait(minutes=5)
    await world.register(card, push_token="ab")
    assert (await world.deliver()).sent == 1
    assert world.apple.counts == {"ab": 1}
    # Nothing has changed for those who come later, or of a pass that never changed.
    world.wait(hours=2)
    await world.register(card, "phone-2", "cd")
    await world.registered("ef", "phone-3")
    assert (await world.deliver()).processed == 0
