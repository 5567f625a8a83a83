"""Keys under seal: what comes back, for how long, and from whom."""

from datetime import timedelta
from string import ascii_letters, digits

import pytest

from regulars.http.access import SealedCookie
from regulars.http.sealed_keys import LIFETIME, SealedKeys
from tests.support.ledger import ManualClock

SECRET, KEY = "a secret key of the test suite, 42 characters", "k" * 64


@pytest.mark.parametrize("length", [16, 17, 18, 19, 64, 511, 512])
def test_a_key_comes_back_as_it_was_and_fits_a_cookie(length: int) -> None:
    sealed = SealedKeys(SECRET).seal("~" * length)
    assert set(sealed) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    cookie = SealedCookie("sessions_admin").read({b"cookie": b"sessions_admin=" + sealed.encode()}, "GET")
    assert cookie == sealed
    assert SealedKeys(SECRET.encode()).opened(cookie) == "~" * length


def test_the_same_key_looks_different_each_time() -> None:
    keys = SealedKeys(SECRET)
    assert len({keys.seal(KEY) for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("later", "opens"),
    [
        (timedelta(0), True),
        (LIFETIME, True),
        (LIFETIME + timedelta(seconds=1), False),
        (timedelta(days=400), False),
        # Clocks of several machines differ a little, not an hour.
        (timedelta(seconds=-30), True),
        (timedelta(hours=-1), False),
    ],
)
def test_for_how_long_it_opens(later: timedelta, opens: bool) -> None:
    clock = ManualClock()
    keys = SealedKeys(SECRET, clock=clock)
    sealed = keys.seal(KEY)
    clock.now += later
    assert keys.opened(sealed) == (KEY if opens else None)


@pytest.mark.parametrize("length", [16, 64, 500])
def test_the_same_bytes_spelt_otherwise_do_not_open(length: int) -> None:
    """Of the bits of the last character some mean nothing."""
    keys = SealedKeys(SECRET)
    sealed = keys.seal("k" * length)
    spellings = [sealed[:-1] + other for other in ascii_letters + digits + "-_"]
    assert [spelling for spelling in spellings if keys.opened(spelling) is not None] == [sealed]


def test_what_was_changed_or_sealed_elsewhere_does_not_open() -> None:
    keys = SealedKeys(SECRET)
    sealed = keys.seal(KEY)
    for place in range(len(sealed)):
        other = "A" if sealed[place] != "A" else "B"
        assert keys.opened(sealed[:place] + other + sealed[place + 1 :]) is None, place
    for text in (
        "",
        "A",
        KEY,
        sealed[:-5],
        sealed + sealed,
        sealed[1:],
        SealedKeys("another " + SECRET).seal(KEY),
    ):
        assert keys.opened(text) is None, text
