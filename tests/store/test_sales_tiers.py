"""A tier is told when a visit raises it and when visits that leave the period lower it, each once."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
import pytest_asyncio

from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from tests.support.enrolment import NOW
from tests.support.sales import DAY, SalesWorld, ticket
from tests.support.told_tiers import TierWorld

SECOND = timedelta(seconds=1)
PERIOD = 28 * DAY
RISE = ("Member", "Loyalty", 4)


@pytest_asyncio.fixture
async def world(database: Database) -> TierWorld:
    return await TierWorld.create(database)


async def test_what_time_takes_is_told_at_the_moment_it_goes(world: TierWorld) -> None:
    ann = await world.customer()
    await world.come(ann, *(NOW + number * DAY for number in range(5)))
    assert await world.told(ann) == [RISE]
    # Five visits count, then four: still Loyalty. At its very end a visit still counts.
    for moment in (NOW + 5 * DAY, NOW + PERIOD + SECOND, NOW + PERIOD + DAY):
        assert await world.look(moment) == 0
    assert await world.look(NOW + PERIOD + DAY + SECOND) == 1
    assert await world.told(ann) == [RISE, ("Loyalty", "Member", 3)]
    for moment in (NOW + PERIOD + DAY + SECOND, NOW + PERIOD + 2 * DAY, NOW + 300 * DAY):
        assert await world.look(moment) == 0
    assert await world.rows("select counted_from from told_tiers") == [(None,)]


async def test_a_late_look_tells_all_at_once(world: TierWorld) -> None:
    ann = await world.customer()
    await world.come(ann, *(NOW + number * SECOND for number in range(8)))
    assert await world.look(NOW + 90 * DAY) == 1
    assert await world.told(ann) == [RISE, ("Loyalty", "Regular", 8), ("Regular", "Member", 0)]


async def test_what_is_told_follows_from_what_was_told_before(world: TierWorld) -> None:
    """However visits and looks come, each event begins where the one before it ended."""
    ann = await world.customer()
    for day in [*range(9), 12, 30, 31, 33, 34, 36, 80, 81, 82, 83, 84]:
        if day % 3:
            await world.look(NOW + day * DAY - SECOND)
        await world.come(ann, NOW + day * DAY)
    await world.look(NOW + 200 * DAY)
    told = await world.told(ann)
    assert len(told) > 5 and told[-1][1] == "Member"
    assert [before for before, _, _ in told] == ["Member", *(after for _, after, _ in told[:-1])]
    assert all(before != after for before, after, _ in told)


async def test_a_sale_before_anybody_has_looked_is_told_from_what_was_told(world: TierWorld) -> None:
    ann, ben = await world.customer(), await world.customer()
    for who in (ann, ben):
        await world.come(who, *(NOW + number * DAY for number in range(4)))
    # Her tier falls and rises again: nobody need know. His is a lower one with the visit, too.
    await world.come(ann, NOW + PERIOD + SECOND)
    await world.come(ben, NOW + PERIOD + 3 * DAY + SECOND)
    assert await world.told(ann) == [RISE]
    assert await world.told(ben) == [RISE, ("Loyalty", "Member", 1)]
    assert await world.look(NOW + PERIOD + 2 * SECOND) == 0


async def test_each_hotel_has_its_own_period_and_thresholds(world: TierWorld) -> None:
    await world.set_period(world.number_four, 7)
    ann = await world.customer()
    four = world.number_four
    await world.come(ann, NOW, NOW + DAY, hotel=four)
    await world.come(ann, NOW + 2 * DAY, NOW + 3 * DAY)
    assert await world.told(ann, four) == [("Member", "Loyalty", 2)]
    assert await world.told(ann) == [RISE]
    # At Number Four visits to High Street count as well, so it is the third one that is one too many to go.
    assert await world.look(NOW + 9 * DAY) == 0
    assert await world.look(NOW + 9 * DAY + SECOND) == 1
    assert (await world.told(ann, four))[1:] == [("Loyalty", "Member", 1)]
    assert await world.look(NOW + PERIOD + SECOND) == 1
    assert (await world.told(ann))[1:] == [("Loyalty", "Member", 3)]


async def test_the_home_hotel_counts(world: TierWorld) -> None:
    ann = await world.customer(world.number_four)
    await world.come(ann, NOW, NOW + DAY)
    assert await world.look(NOW + PERIOD) == 0
    assert await world.look(NOW + PERIOD + SECOND) == 1
    assert await world.told(ann) == [("Member", "Loyalty", 2), ("Loyalty", "Member", 1)]


async def test_a_period_that_is_set_later_holds_for_visits_that_were_made(world: TierWorld) -> None:
    ann = await world.customer()
    await world.come(ann, *(NOW + number * DAY for number in range(4)))
    assert await world.look(NOW + 4 * DAY) == 0
    await world.set_period(world.high_street, 7)
    assert await world.look(NOW + 7 * DAY) == 0
    assert await world.look(NOW + 7 * DAY + SECOND) == 1
    await world.set_period(world.high_street, 100)
    await world.come(ann, NOW + 8 * DAY)
    assert await world.told(ann) == [RISE, ("Loyalty", "Member", 3), ("Member", "Loyalty", 5)]
    assert await world.look(NOW + 101 * DAY) == 0
    assert await world.look(NOW + 102 * DAY) == 1


async def test_who_had_a_tier_before_it_was_wanted_is_followed_from_the_next_visit_on(
    database: Database,
) -> None:
    world = await TierWorld.create(database, types=["loan.*"])
    ann = await world.customer()
    await world.come(ann, *(NOW + number * SECOND for number in range(4)))
    assert await world.known() == []
    await world.want(["tier.changed"])
    await world.come(ann, NOW + DAY)
    assert await world.told(ann) == []
    assert await world.look(NOW + PERIOD + DAY + SECOND) == 1
    assert await world.told(ann) == [("Loyalty", "Member", 0)]


@pytest.mark.parametrize(
    ("types", "is_wanted"),
    [
        (["*"], True),
        (["tier.*"], True),
        (["loan.*", "tier.changed"], True),
        (["transfer.*", "loan.*"], False),
    ],
)
async def test_only_who_wants_to_know_costs_anything(
    database: Database, types: list[str], is_wanted: bool
) -> None:
    world = await TierWorld.create(database, types=types)
    ann = await world.customer()
    await world.come(ann, *[NOW] * 4)
    assert await world.known() == [("Loyalty", "Member")] * is_wanted
    assert await world.look(NOW + PERIOD + SECOND) == is_wanted
    assert len(await world.told(ann)) == 2 * is_wanted


async def test_a_sale_is_two_round_trips_unless_something_is_to_be_told(
    world: TierWorld, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchanges: list[Pipeline] = []
    flush = Pipeline.flush

    async def counted(pipeline: Pipeline) -> None:
        exchanges.append(pipeline)
        await flush(pipeline)

    unwanted = await SalesWorld.create(database, "unwanted")
    monkeypatch.setattr(Pipeline, "flush", counted)
    for hotels, expected in ((unwanted, [2, 2, 2, 2, 2]), (world, [3, 2, 2, 3, 2])):
        ann = await hotels.customer()
        counts = []
        for _ in expected:
            exchanges.clear()
            await hotels.log(ticket(ann))
            counts.append(len(exchanges))
        assert counts == expected


async def test_what_nobody_wants_to_know_any_more_is_forgotten(world: TierWorld) -> None:
    people = [await world.customer() for _ in range(5)]
    for who in people:
        await world.come(who, *[NOW] * 4)
    await world.unwant()
    assert await world.look(NOW + PERIOD + SECOND, chunk=2) == 0
    assert await world.known() == []
    await world.want(["tier.changed"])
    assert await world.look(NOW + PERIOD + SECOND) == 0
    await world.come(people[0], NOW + PERIOD + SECOND)
    assert await world.known() == [("Member", "Member")]
    assert await world.told(people[0]) == [RISE]


async def test_programs_are_told_their_own(world: TierWorld, database: Database) -> None:
    others = await TierWorld.create(database, "others")
    ann, ben = await world.customer(), await others.customer()
    await world.come(ann, *[NOW] * 4)
    await others.come(ben, *[NOW + DAY] * 4)
    assert await world.look(NOW + PERIOD + SECOND) == 1
    assert (len(await world.told(ann)), len(await others.told(ben))) == (2, 1)


async def test_nobody_is_told_of_who_was_erased(world: TierWorld) -> None:
    ann = await world.customer()
    await world.come(ann, *[NOW] * 4)
    await world.erase(ann)
    for _ in range(2):
        assert await world.look(NOW + PERIOD + SECOND) == 0
    assert await world.told(ann) == [RISE]
    assert await world.rows("select counted_from from told_tiers") == [(None,)]


async def test_staff_have_a_tier_of_their_own(world: TierWorld) -> None:
    ann = await world.customer()
    await world.come(ann, *[NOW] * 4)
    await world.change(ann, staff=True)
    assert await world.look(NOW + DAY) == 1
    await world.change(ann, staff=False)
    await world.come(ann, NOW + 2 * DAY)
    assert await world.told(ann) == [RISE, ("Loyalty", "Staff", 0), ("Staff", "Loyalty", 5)]


async def test_many_in_parts_by_several_at_once(world: TierWorld) -> None:
    people = [await world.customer() for _ in range(20)]
    for number, who in enumerate(people):
        await world.come(who, *[NOW] * 4, hotel=(world.high_street, world.number_four)[number % 2])
    at = NOW + PERIOD + SECOND
    done = await asyncio.gather(*(world.look(at, chunk=3) for _ in range(3)))
    assert sum(done) == len(people)
    for number, who in enumerate(people):
        told = await world.told(who, (world.high_street, world.number_four)[number % 2])
        assert told[-1][1:] == ("Member", 0) and len({after for _, after, _ in told}) == len(told)


async def test_what_a_sale_under_way_hides_is_told_by_the_next_look(
    world: TierWorld, database_url: str
) -> None:
    """The look does not see the sale, and the sale has not seen the look."""
    ann = await world.customer()
    await world.come(ann, *(NOW + number * DAY for number in range(4)))
    await world.look(NOW + 4 * DAY)
    at = NOW + PERIOD + SECOND
    async with await psycopg.AsyncConnection.connect(database_url) as owner:
        await owner.execute("lock table sale_items in share mode")
        selling = asyncio.create_task(world.log(ticket(ann), at=at))
        await until_somebody_waits(world)
        assert await world.look(at) == 1
    await selling
    assert await world.told(ann) == [RISE, ("Loyalty", "Member", 3)]
    assert await world.look(at + SECOND) == 1
    assert (await world.told(ann))[2:] == [RISE]
    assert await world.look(at + 2 * SECOND) == 0


async def test_tills_that_raise_a_tier_at_once_tell_it_once(world: TierWorld) -> None:
    for _ in range(10):
        ann = await world.customer()
        await world.come(ann, *[NOW] * 3)
        await asyncio.gather(*(world.log(ticket(ann)) for _ in range(4)))
        assert await world.told(ann) == [RISE]


async def test_a_sale_that_was_logged_before_tells_nothing(world: TierWorld) -> None:
    ann = await world.customer()
    await world.come(ann, *[NOW] * 6)
    for _ in range(3):
        logged = await world.log(ticket(ann, ticket_id="T-7"))
    assert logged.repeated
    assert await world.told(ann) == [RISE]
    await world.log(ticket(ann, ticket_id="T-8"))
    assert (await world.told(ann))[1:] == [("Loyalty", "Regular", 8)]


async def until_somebody_waits(world: TierWorld) -> None:
    """Returns when a statement waits for a lock."""
    async with asyncio.timeout(10):
        while not await world.rows("select 1 from pg_locks where not granted"):
            await asyncio.sleep(0.01)
