import re

import pytest

from regulars.features.access import rules
from regulars.features.access.keys import (
    KeyHasher,
    generate_key,
    is_plausible,
    is_well_formed_to_bring,
    same_digest,
)

SECRET = "a secret key of the server"


def test_a_generated_key_is_64_letters_and_digits_and_never_the_same() -> None:
    keys = {generate_key() for _ in range(200)}
    assert len(keys) == 200
    assert len({key[:12] for key in keys}) == 200
    assert all(re.fullmatch(r"[A-Za-z0-9]{64}", key) for key in keys)


def test_the_digest_depends_on_the_key_and_on_the_servers_secret() -> None:
    hasher = KeyHasher(SECRET)
    digest = hasher.digest("k" * 64)
    assert len(digest) == 32
    assert same_digest(digest, KeyHasher(SECRET.encode()).digest("k" * 64))
    assert not same_digest(digest, hasher.digest("k" * 63 + "l"))
    assert not same_digest(digest, KeyHasher("another secret").digest("k" * 64))


def test_a_brought_key_shows_nothing_of_itself_in_its_prefix() -> None:
    hasher = KeyHasher(SECRET)
    key = "legacy-key-number-one"
    prefix = hasher.prefix_of_brought_key(key)
    assert prefix.startswith("~")
    assert not any(key[i : i + 4] in prefix for i in range(len(key) - 3))
    assert prefix != hasher.prefix_of_brought_key("legacy-key-number-two")
    assert hasher.prefixes(key) == [prefix]


def test_a_key_of_64_letters_may_have_been_issued_or_brought() -> None:
    key = "Ab3" * 21 + "Z"
    assert KeyHasher(SECRET).prefixes(key) == [key[:12], KeyHasher(SECRET).prefix_of_brought_key(key)]


@pytest.mark.parametrize("key", ["\0" * 20, "\ud800" * 20, "é" * 64, "٣" * 64, "a" * 63 + "\n"])
def test_what_is_not_a_key_is_hashed_without_complaint(key: str) -> None:
    hasher = KeyHasher(SECRET)
    assert len(hasher.digest(key)) == 32
    assert all(re.fullmatch(r"~[0-9a-f]{24}", prefix) for prefix in hasher.prefixes(key))


@pytest.mark.parametrize(
    ("key", "plausible", "may_be_brought"),
    [
        ("", False, False),
        ("x" * 15, False, False),
        ("x" * 16, True, True),
        ("x" * 512, True, True),
        ("x" * 513, False, False),
        ("with a space in it", True, False),
        ("with-an-é-in-the-middle", True, False),
        ("with-a-line-break\n", True, False),
    ],
)
def test_which_keys_can_exist(key: str, plausible: bool, may_be_brought: bool) -> None:
    assert is_plausible(key) is plausible
    assert is_well_formed_to_bring(key) is may_be_brought


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("slug", "venue_001", None),
        ("slug", "", "invalid_slug"),
        ("slug", "Venue", "invalid_slug"),
        ("slug", "-venue", "invalid_slug"),
        ("slug", "venue\n", "invalid_slug"),
        ("slug", "v" * 64, "invalid_slug"),
        ("name", "High Street Hotel", None),
        ("name", "   ", "invalid_name"),
        ("name", "n" * 201, "invalid_name"),
        ("name", "High\nStreet", "invalid_name"),
        ("currency", "JPY", None),
        ("currency", "gbp", "invalid_currency"),
        ("currency", "POUND", "invalid_currency"),
        ("time_zone", "Europe/London", None),
        ("time_zone", "Europe/Atlantis", "invalid_time_zone"),
        ("time_zone", "../../etc/passwd", "invalid_time_zone"),
        ("time_zone", "Europe", "invalid_time_zone"),
        ("time_zone", "", "invalid_time_zone"),
    ],
)
def test_what_a_place_may_look_like(field: str, value: str, code: str | None) -> None:
    place = {"slug": "venue", "name": "Venue", "currency": "GBP", "time_zone": "UTC", field: value}
    assert rules.refuse_place(**place) == code


@pytest.mark.parametrize(
    ("changes", "resets", "known", "refusal"),
    [
        ({"cryptokids.keyless": True}, [], None, None),
        ({"cryptokids.refund_window_days": None}, [], None, None),
        ({}, ["cryptokids.keyless"], {"cryptokids.keyless"}, None),
        ({"cryptokids.keyles": True}, [], {"cryptokids.keyless"}, ("unknown_setting", "cryptokids.keyles")),
        ({}, ["cryptokids.other"], {"cryptokids.keyless"}, ("unknown_setting", "cryptokids.other")),
        ({"keyless": True}, [], None, ("invalid_setting_name", "keyless")),
        ({"cryptokids.": True}, [], None, ("invalid_setting_name", "cryptokids.")),
        ({"a.b": "nul \0"}, [], None, ("invalid_setting_value", "a.b")),
        ({"a.b": ["deep", {"down": "\0"}]}, [], None, ("invalid_setting_value", "a.b")),
        ({"a.b": object()}, [], None, ("invalid_setting_value", "a.b")),
        ({"a.b": "x" * 70_000}, [], None, ("invalid_setting_value", "a.b")),
        ({"z.z": object(), "a.a": object()}, [], None, ("invalid_setting_value", "a.a")),
    ],
)
def test_which_settings_can_be_stored(
    changes: dict[str, object], resets: list[str], known: set[str] | None, refusal: tuple[str, str] | None
) -> None:
    assert rules.refuse_settings(changes, resets, known) == refusal


@pytest.mark.parametrize(
    ("scopes", "accepted"),
    [
        (["cryptokids:admin"], True),
        (["cryptokids:parent", "loyaltyhub:till"], True),
        ([], False),
        (["admin"], False),
        (["cryptokids:admin", "CryptoKids:admin"], False),
        (["cryptokids:admin\n"], False),
    ],
)
def test_what_scopes_look_like(scopes: list[str], accepted: bool) -> None:
    assert rules.are_scopes(scopes) is accepted
