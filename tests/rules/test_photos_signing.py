"""Addresses of photos that expire: what was changed in any way, or is of another time, opens nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from regulars.features.photos.model import PhotoPurpose
from regulars.features.photos.signing import LIFETIME, STEP, AddressKey, expiry

NOW = datetime(2026, 12, 1, 12, 2, 3, tzinfo=UTC)
KEY = AddressKey("a secret key of some length")
NAME = "01920000-0000-7000-8000-0000000000ab.jpg"
LOAN = PhotoPurpose.LOAN
QUERY = KEY.query(LOAN, NAME, NOW)
EXPIRES = str(expiry(NOW))
SIGNATURE = QUERY.rpartition("=")[2]


def allows(query: str, *, name: str = NAME, purpose: PhotoPurpose = LOAN, now: datetime = NOW) -> bool:
    return KEY.allows(purpose, name, query, now)


def test_an_address_looks_like_this() -> None:
    assert QUERY == f"expires={EXPIRES}&signature={SIGNATURE}"
    assert (len(EXPIRES), len(SIGNATURE)) == (10, 43)
    assert allows(QUERY)


def test_every_changed_byte_is_noticed() -> None:
    for position, byte in enumerate(QUERY.encode()):
        for other in {byte ^ 1, byte ^ 32, (byte + 1) % 128} - {byte}:
            changed = QUERY[:position] + chr(other) + QUERY[position + 1 :]
            assert not allows(changed), changed
        assert not allows(QUERY[:position] + QUERY[position + 1 :])
        assert not allows(QUERY[:position] + QUERY[position] + QUERY[position:])
    for position, character in enumerate(NAME):
        changed = NAME[:position] + chr(ord(character) ^ 1) + NAME[position + 1 :]
        assert not allows(QUERY, name=changed)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "expires=&signature=",
        f"expires={EXPIRES}",
        f"signature={SIGNATURE}",
        f"signature={SIGNATURE}&expires={EXPIRES}",
        f"expires={EXPIRES}&signature=",
        f"expires={EXPIRES}&expires={EXPIRES}&signature={SIGNATURE}",
        f"expires={EXPIRES}&signature={SIGNATURE}&signature={SIGNATURE}",
        f"expires=9999999999&expires={EXPIRES}&signature={SIGNATURE}",
        f"expires={EXPIRES}&signature={SIGNATURE}&expires=9999999999",
        f"?{QUERY}",
        f"{QUERY}&",
        f"&{QUERY}",
        f"{QUERY}&download=1",
        f"{QUERY}=",
        f"{QUERY}==",
        f"{QUERY}\n",
        f"{QUERY} ",
        f"{QUERY}#top",
        f"{QUERY}%00",
        f"expires=0{EXPIRES}&signature={SIGNATURE}",
        f"expires=+{EXPIRES}&signature={SIGNATURE}",
        f"expires={EXPIRES}.0&signature={SIGNATURE}",
        f"expires={EXPIRES[:9]}&signature={SIGNATURE}",
        f"expires={EXPIRES}0&signature={SIGNATURE}",
        f"expires=-{EXPIRES[1:]}&signature={SIGNATURE}",
        "expires=" + EXPIRES.translate({48 + n: 0x660 + n for n in range(10)}) + f"&signature={SIGNATURE}",
        "expires=" + EXPIRES.translate({48 + n: 0xFF10 + n for n in range(10)}) + f"&signature={SIGNATURE}",
        f"expires={EXPIRES}&signature={SIGNATURE[:-1]}é",
        f"expires={EXPIRES}&signature={SIGNATURE[:-1]}\udcff",
        f"expires={EXPIRES}&signature=%{ord(SIGNATURE[0]):02x}{SIGNATURE[1:]}",
        f"Expires={EXPIRES}&Signature={SIGNATURE}",
        f"expires={EXPIRES};signature={SIGNATURE}",
        f"expires={EXPIRES}&signature={SIGNATURE.swapcase()}",
        f"expires={EXPIRES}&signature={'A' * 43}",
    ],
)
def test_other_spellings_open_nothing(query: str) -> None:
    assert not allows(query)


def test_what_belongs_to_one_part_cannot_be_shifted_to_the_next() -> None:
    shifted = KEY.query(LOAN, f"{NAME}\n{EXPIRES}", NOW)
    assert not allows(shifted)
    assert not allows(QUERY, name=f"{NAME}\n")
    assert not allows(QUERY, name=f"loan\n{NAME}")
    assert not allows(QUERY, name="")


def test_an_address_is_of_one_photo_one_size_and_one_purpose() -> None:
    assert not allows(QUERY, name=NAME.replace(".jpg", ".thumbnail.jpg"))
    assert not allows(QUERY, name=NAME.replace(".jpg", ".webp"))
    assert not allows(QUERY, purpose=PhotoPurpose.REWARD)
    assert not allows(KEY.query(PhotoPurpose.REWARD, NAME, NOW))


def test_another_secret_key_opens_nothing() -> None:
    assert not allows(AddressKey("a secret key of some lengtH").query(LOAN, NAME, NOW))


@pytest.mark.parametrize("secret_key", ["", "short", " " * 15])
def test_there_is_no_key_without_a_secret(secret_key: str) -> None:
    with pytest.raises(AssertionError, match="too short"):
        AddressKey(secret_key)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (timedelta(0), True),
        (LIFETIME, True),
        (timedelta(seconds=expiry(NOW) - NOW.timestamp() - 0.001), True),
        (timedelta(seconds=expiry(NOW) - NOW.timestamp()), False),
        (LIFETIME + STEP, False),
        (timedelta(days=400), False),
        # Made by a server whose clock is ahead: a step is forgiven, an hour is not.
        (-STEP, True),
        (-2 * STEP, False),
        (-LIFETIME, False),
        (-timedelta(days=400), False),
    ],
)
def test_an_address_works_for_an_hour(later: timedelta, expected: bool) -> None:
    assert allows(QUERY, now=NOW + later) is expected


@pytest.mark.parametrize("seconds", [0, 1, 176, 177, 299])
def test_addresses_of_the_same_minutes_are_the_same(seconds: int) -> None:
    """From 12:00:00 to 12:04:59; the next ones are others, and so are those before."""
    start = datetime(2026, 12, 1, 12, 0, 0, tzinfo=UTC)
    moment = start + timedelta(seconds=seconds, milliseconds=999)
    assert KEY.query(LOAN, NAME, moment) == QUERY
    assert KEY.query(LOAN, NAME, start + STEP) != QUERY
    assert KEY.query(LOAN, NAME, start - timedelta(milliseconds=1)) != QUERY
    assert LIFETIME < timedelta(seconds=expiry(moment) - moment.timestamp()) <= LIFETIME + STEP
