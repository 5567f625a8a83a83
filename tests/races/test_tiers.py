"""Several processes at once tell each tier once; one that is killed midway leaves the rest to others."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import msgspec
import pytest_asyncio

from regulars.db.database import Database
from regulars.features.members.model import Member
from tests.races.tiers_worker import Task
from tests.support.enrolment import NOW
from tests.support.sales import DAY
from tests.support.soak import as_long_as_asked, bounded
from tests.support.told_tiers import TierWorld

pytestmark = as_long_as_asked

PEOPLE = bounded(150, 3_000)
RISE, FALL = ("Member", "Loyalty", 4), ("Loyalty", "Member", 0)
AFTERWARDS = NOW + 28 * DAY + timedelta(seconds=1)


@pytest_asyncio.fixture
async def world(database: Database) -> TierWorld:
    return await TierWorld.create(database)


@pytest_asyncio.fixture
async def people(world: TierWorld) -> list[Member]:
    """Members who all lose their tier at the same moment."""
    people = [await world.customer() for _ in range(PEOPLE)]
    for who in people:
        await world.come(who, *[NOW] * 4)
    return people


@asynccontextmanager
async def worker(database_url: str, chunk: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is ready to tell."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.races.tiers_worker",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(Task(database_url, AFTERWARDS, chunk)) + b"\n")
        assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def go(process: asyncio.subprocess.Process) -> None:
    """It begins."""
    assert process.stdin is not None
    process.stdin.write(b"\n")


async def count(process: asyncio.subprocess.Process) -> int:
    """How many tiers it told."""
    assert process.stdout is not None
    return int(await process.stdout.readline())


async def falls(world: TierWorld) -> int:
    """How many falls were told so far."""
    [(told,)] = await world.rows("select count(*) from events where data ->> 'tier' = 'Member'")
    return int(told)


async def check(world: TierWorld, people: list[Member]) -> None:
    """Each fall was told once, and all is known as it was told."""
    assert await world.known() == [("Member", "Loyalty")] * len(people)
    for who in people:
        assert await world.told(who) == [RISE, FALL]


async def test_processes_at_once_tell_each_tier_once(
    world: TierWorld, people: list[Member], database_url: str
) -> None:
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(worker(database_url, chunk=7)) for _ in range(3)]
        for each in workers:
            go(each)
        counts = [await count(each) for each in workers]
    assert sum(counts) == len(people)
    await check(world, people)


async def test_a_process_that_is_killed_midway_leaves_the_rest_to_the_next(
    world: TierWorld, people: list[Member], database_url: str
) -> None:
    async with worker(database_url, chunk=1) as victim:
        go(victim)
        async with asyncio.timeout(20):
            while not await falls(world):
                await asyncio.sleep(0)
        victim.kill()
        await victim.wait()
    # PostgreSQL may still be ending what the victim had begun.
    assert 0 < await falls(world) < len(people)
    told = 0
    async with asyncio.timeout(20):
        while (told := await falls(world)) < len(people):
            async with worker(database_url, chunk=10) as heir:
                go(heir)
                await count(heir)
    assert told == len(people)
    await check(world, people)
