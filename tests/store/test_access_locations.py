"""What is remembered of locations: for two seconds, per program, and until it is forgotten."""

from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.access.caches import LocationCache
from tests.support.enrolment import LATER, NOW, new_program


async def test_a_location_is_remembered_until_it_is_forgotten(database: Database) -> None:
    program_id, other_id = await new_program(database, "hub"), await new_program(database, "other")
    async with database.transaction() as connection:
        hotel = await access.create_location(connection, program_id, slug="hotel", name="Hotel", now=NOW)
    cache = LocationCache(database, lifetime_seconds=3600)
    assert cache.cached(program_id, hotel.location_id) is None
    assert await cache.get(program_id, hotel.location_id) == hotel
    async with database.transaction() as connection:
        closed = await access.update_location(
            connection, program_id, hotel.location_id, active=False, now=LATER
        )
    assert cache.cached(program_id, hotel.location_id) == hotel
    cache.forget(program_id, hotel.location_id)
    assert await cache.get(program_id, hotel.location_id) == closed
    assert not closed.active
    assert await cache.get(other_id, hotel.location_id) is None
    assert await cache.get(program_id, 999) is None


async def test_what_is_not_there_is_not_remembered(database: Database) -> None:
    program_id = await new_program(database, "hub")
    cache = LocationCache(database, lifetime_seconds=3600)
    assert await cache.get(program_id, 1) is None
    async with database.transaction() as connection:
        hotel = await access.create_location(connection, program_id, slug="hotel", name="Hotel", now=NOW)
    assert await cache.get(program_id, hotel.location_id) == hotel
