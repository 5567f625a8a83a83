"""What is remembered of locations: for two seconds, per program, and until it is forgotten."""

import pytest

from regulars.base.refusals import Refused
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


async def test_settings_of_a_location_are_reset_beside_those_that_are_set(database: Database) -> None:
    program_id = await new_program(database, "hub")
    async with database.transaction() as connection:
        made = await access.create_location(
            connection, program_id, slug="bar", name="Bar", settings={"a.one": 1, "a.two": 2}, now=NOW
        )
        changed = await access.update_location(
            connection, program_id, made.location_id, settings={"a.three": 3}, resets=["a.one"], now=NOW
        )
        assert changed.settings == {"a.two": 2, "a.three": 3}
        again = await access.update_location(
            connection, program_id, made.location_id, resets=["a.one"], now=NOW
        )
        assert again.settings == changed.settings
        with pytest.raises(Refused) as refused:
            await access.update_location(connection, program_id, made.location_id, resets=["one"], now=NOW)
        assert refused.value.code == "invalid_setting_name"
