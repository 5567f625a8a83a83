"""Identifiers that sort by the time they were made."""

import os
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from secrets import token_hex
from uuid import UUID

from uuid_utils.compat import uuid7

_VERSION_7 = 0x7 << 76
_VARIANT_RFC_9562 = 0b10 << 62
_CHANCE_BYTES = 5
_CHANCES_AT_ONCE = 256
_STEP_MASK = 2**22 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def new_id() -> UUID:
    """A new UUIDv7, greater than every id this process made before it (RFC 9562, section 6.2)."""
    return uuid7()


def id_floor(at: datetime) -> UUID:
    """The smallest UUIDv7 of the millisecond that `at` lies in.

    Ids made since an instant are those at or above its floor, so a range of time over rows
    keyed by id needs no second index. `at` must be aware; years before 1970 are refused.
    """
    return UUID(int=_floor(at))


def id_at(at: datetime, step: int) -> UUID:
    """A UUIDv7 of the microsecond that `at` lies in, for a row that is booked at a given time.

    Of two ids of one microsecond, the one with the greater `step` is the greater. The 12 bits after the
    version carry the microsecond (RFC 9562, section 6.2, method 3), the next 22 the step, the last 40 chance.
    """
    fraction = (at.microsecond % 1000 << 12) // 1000
    return UUID(int=_floor(at) | fraction << 64 | (step & _STEP_MASK) << 40 | _chance())


def hex_ids_at(at: datetime, count: int) -> list[str]:
    """So many ids as `id_at` makes them, with steps from 0 to `count` - 1, as 32 hexadecimal digits each.

    A tenth of the time that one by one they would take.
    """
    assert count <= _STEP_MASK + 1, "more ids than steps"
    time, variant = id_at(at, 0).int >> 64, 0b10 << 22
    chance = token_hex(5 * count)
    return [f"{time:016x}{variant | step:06x}{chance[10 * step : 10 * step + 10]}" for step in range(count)]


@lru_cache(maxsize=16)
def _floor(at: datetime) -> int:
    assert at.tzinfo is not None, "an instant needs a time zone"
    # Whole numbers, because the float of a timestamp may fall a millisecond short.
    milliseconds = (at - _EPOCH) // _MILLISECOND
    assert 0 <= milliseconds < 2**48, f"{at} is outside what a UUIDv7 can hold"
    return (milliseconds << 80) | _VERSION_7 | _VARIANT_RFC_9562


_chances: list[int] = []
if hasattr(os, "register_at_fork"):
    # A copy of this process would draw the same.
    os.register_at_fork(after_in_child=_chances.clear)


def _chance() -> int:
    """40 bits of the system's own chance: a generator of the process repeats itself where it is seeded.

    Many are drawn at once, because each draw is a system call.
    """
    try:
        return _chances.pop()
    except IndexError:
        drawn = os.urandom(_CHANCE_BYTES * (_CHANCES_AT_ONCE + 1))
        steps = range(0, len(drawn), _CHANCE_BYTES)
        first, *rest = [int.from_bytes(drawn[step : step + _CHANCE_BYTES]) for step in steps]
        _chances.extend(rest)
        return first
