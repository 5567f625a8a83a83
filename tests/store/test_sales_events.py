"""A visit that takes a customer to another tier is told, once and with the sale."""

import pytest_asyncio

from regulars.db.database import Database
from tests.support.enrolment import keep_events
from tests.support.promos import code_terms
from tests.support.sales import SalesWorld, ticket


@pytest_asyncio.fixture
async def world(database: Database) -> SalesWorld:
    world = await SalesWorld.create(database)
    await keep_events(database, world.high_street.program_id)
    return world


async def told(world: SalesWorld) -> list[tuple[object, ...]]:
    return await world.rows(
        "select type, data ->> 'previous_tier', data ->> 'tier', (data ->> 'visits')::integer"
        " from events order by event_id"
    )


async def test_the_visit_that_reaches_a_tier_is_told(world: SalesWorld) -> None:
    ann = await world.customer(world.high_street)
    for number in range(1, 4):
        await world.log(ticket(ann, ticket_id=f"T-{number}"))
    assert await told(world) == []
    for _ in range(3):
        await world.log(ticket(ann, ticket_id="T-4"))
    assert await told(world) == [("tier.changed", "Member", "Loyalty", 4)]
    await world.log(ticket(ann, ticket_id="T-5"))
    assert len(await told(world)) == 1


async def test_a_sale_with_a_promo_is_told_as_well(world: SalesWorld) -> None:
    await world.promo(code_terms())
    ann = await world.customer(world.high_street)
    await world.visit(ann, 7)
    await world.log(ticket(ann, ticket_id="T-8", promo_code=code_terms().code))
    assert (await told(world))[-1] == ("tier.changed", "Loyalty", "Regular", 8)


async def test_staff_have_no_tier_to_change(world: SalesWorld) -> None:
    ann = await world.customer(world.high_street, staff=True)
    for number in range(1, 10):
        await world.log(ticket(ann, ticket_id=f"T-{number}"))
    assert await told(world) == []


async def test_an_unknown_promo_stays_so_when_the_tier_changes(world: SalesWorld) -> None:
    ann = await world.customer(world.high_street)
    await world.visit(ann, 3)
    logged = await world.log(ticket(ann, ticket_id="T-4", promo_code="NOPE"))
    assert logged.promo_unknown and not logged.promo_overused
    assert len(await told(world)) == 1
