"""Ids, clock, refusals and phone numbers."""

import os
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.base.clock import utc_now
from regulars.base.ids import hex_ids_at, id_at, id_floor, new_id
from regulars.base.phone import to_e164
from regulars.base.refusals import Refused


def test_ids_grow_within_a_process() -> None:
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(set(ids))
    assert {made.version for made in ids} == {7}


@given(st.datetimes(datetime(1970, 1, 2), timezones=st.just(UTC)), st.integers(0, 300))
def test_many_ids_of_one_moment_are_those_with_the_steps_from_zero(at: datetime, count: int) -> None:
    chance = (1 << 40) - 1

    made = [UUID(hexadecimal) for hexadecimal in hex_ids_at(at, count)]

    assert [each.int & ~chance for each in made] == [id_at(at, step).int & ~chance for step in range(count)]
    assert all((each.version, each.variant) == (7, RFC_4122) for each in made)
    assert len({each.int & chance for each in made}) == count


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_an_id_floor_is_the_first_id_of_its_millisecond(at: datetime) -> None:
    floor = id_floor(at)
    assert floor.version == 7
    assert floor.variant == RFC_4122
    since_floor = at - datetime(1970, 1, 1, tzinfo=UTC) - timedelta(milliseconds=floor.int >> 80)
    assert timedelta() <= since_floor < timedelta(milliseconds=1)
    assert id_floor(at - timedelta(milliseconds=1)) < floor < id_floor(at + timedelta(milliseconds=1))


def test_ids_made_between_two_instants_lie_between_their_floors() -> None:
    before = utc_now()
    made = new_id()
    after = utc_now() + timedelta(milliseconds=1)
    assert id_floor(before) <= made < id_floor(after)


def test_an_instant_without_a_time_zone_is_a_mistake_of_the_programmer() -> None:
    with pytest.raises(AssertionError):
        id_floor(datetime(2026, 1, 1))


def test_the_clock_tells_utc() -> None:
    assert utc_now().utcoffset() == timedelta()


def test_a_refusal_keeps_its_details_out_of_its_text() -> None:
    refused = Refused("identifier_taken", value="leo@example.com")
    assert refused.code == "identifier_taken"
    assert refused.details == {"value": "leo@example.com"}
    assert "leo@example.com" not in str(refused)
    assert "leo@example.com" not in repr(refused)


@pytest.mark.parametrize(
    ("raw", "region", "expected"),
    [
        ("07700 900123", "GB", "+447700900123"),
        ("+44 (0)7700 900123", "GB", "+447700900123"),
        ("0044 7700 900123", "GB", "+447700900123"),
        ("(650) 253-0000", "US", "+16502530000"),
        ("+1 650 253 0000", "GB", "+16502530000"),
        ("253-0000", "US", None),
        ("020 7946 0000 ext. 5", "GB", None),
        ("", "GB", None),
        ("12", "GB", None),
        ("not a number", "GB", None),
        ("07700 900123", "ZZ", None),
        ("+" + "4" * 100_000, "GB", None),
    ],
)
def test_phone_numbers(raw: str, region: str, expected: str | None) -> None:
    assert to_e164(raw, region) == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system copies no processes")
def test_ids_of_a_copied_process_are_others() -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    id_at(at, 1)
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, id_at(at, 1).bytes)
        os._exit(0)
    theirs = UUID(bytes=os.read(reading, 16))
    os.wait()
    os.close(reading)
    os.close(writing)
    assert theirs != id_at(at, 1)


def test_more_ids_than_are_drawn_at_once_are_all_different() -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    assert len({id_at(at, 1) for _ in range(5000)}) == 5000
