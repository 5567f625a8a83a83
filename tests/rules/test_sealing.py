"""What was sealed is read with the key, for the purpose and by the owner that it was sealed for."""

import logging
from typing import Any

import pytest

from regulars.base.sealing import Seal
from regulars.base.setting_kinds import SecretText, Text
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.features.access.model import Program
from regulars.features.access.sealing import SettingSeal, sealed_settings
from regulars.features.passes.sealing import PassKeys
from regulars.features.webhooks.sealing import SecretSeal
from tests.support.sealed import sealed_for_something_else

KEY = "a secret key of one server"
SECRET = "what a shop and its program share"
NAME = "shop.signing_secret"
SETTING = StoredSetting(
    name=NAME, holder=Holder.PROGRAM, kind=SecretText(16), default=None, meaning="What is signed with."
)


def program_with(**settings: Any) -> Program:
    named = {name.replace("__", "."): value for name, value in settings.items()}
    return Program(1, "shop", "Shop", "GBP", "Europe/London", named)


def test_what_was_sealed_is_read_by_its_owner_only() -> None:
    seal = Seal(KEY, "a purpose")
    sealed = seal.seal("text", b"owner")
    assert b"text" not in sealed and sealed != seal.seal("text", b"owner")
    assert seal.unseal(sealed, b"owner") == "text"
    assert seal.unseal(sealed, b"another") is None
    assert Seal(KEY, "another purpose").unseal(sealed, b"owner") is None
    assert Seal("a secret key of another server", "a purpose").unseal(sealed, b"owner") is None
    for damaged in (b"", b"x", sealed[:12], sealed[:-1], sealed + b"x", bytes(len(sealed))):
        assert seal.unseal(damaged, b"owner") is None


def test_what_earlier_versions_sealed_can_still_be_read() -> None:
    """The names of purposes and owners are part of what is stored."""
    webhook = bytes.fromhex(
        "000102030405060708090a0bb6e2928377b9a55aa4db25b0079e8a16cb2cd445becdb65ea3787acd"
    )
    assert SecretSeal(KEY).unseal(webhook, 1, 2) == "whsec_secret"
    push = bytes.fromhex("000102030405060708090a0b42f01d513fcdb29131e43583c1e3c20e6b88d8f7e462bad41589")
    assert PassKeys(KEY).unseal(push, b"device") == "push token"
    setting = {
        "sealed": "AAECAwQFBgcICQoL88a3fzM4xTA2bZ8eFMinc_nyY4lA59QlgTZvt05feMv9GzJg4-9xORaiglC8wjh0fA=="
    }
    assert SettingSeal(KEY).opened(program_with(shop__signing_secret=setting)) == {NAME: SECRET}


def test_secrets_alone_are_sealed() -> None:
    plain = {NAME: SECRET, "shop.name": SECRET, "shop.other_secret": None, "shop.third_secret": 5}
    stored = sealed_settings(plain, 1, SettingSeal(KEY))
    assert stored.keys() == plain.keys() and SECRET not in str(stored[NAME])
    assert {**stored, NAME: SECRET} == plain
    assert SettingSeal(KEY).opened(program_with(**stored)) == plain
    with pytest.raises(AssertionError):
        sealed_settings(plain, 1, None)
    assert sealed_settings({"shop.name": "x", NAME: None}, 1, None) == {"shop.name": "x", NAME: None}


def test_a_secret_that_earlier_versions_stored_as_text_counts() -> None:
    assert SETTING.read_from(SettingSeal(KEY).opened(program_with(shop__signing_secret=SECRET))) == SECRET


def test_a_secret_of_another_is_one_that_nothing_was_signed_with(caplog: pytest.LogCaptureFixture) -> None:
    """Not one that is not set: the server's own would count then, and in development none be needed."""
    for value in sealed_for_something_else(SettingSeal(KEY), 1, 2, NAME, SECRET):
        seal, program = SettingSeal(KEY), program_with(shop__signing_secret=value)
        caplog.clear()
        for _ in range(3):
            assert SETTING.read_from(seal.opened(program), "the server's own") == ""
        [record] = caplog.records
        assert record.levelno == logging.WARNING
        assert NAME in record.getMessage() and "program shop" in record.getMessage()
        assert SECRET not in record.getMessage() and str(value) not in record.getMessage()


def test_what_was_not_opened_is_no_secret() -> None:
    sealed = SettingSeal(KEY).sealed(1, {NAME: SECRET})
    assert SETTING.read_from(sealed) == ""
    assert SETTING.read_from({}, "the server's own") == "the server's own"


def test_the_name_of_a_secret_says_that_it_is_one() -> None:
    for name, kind, holder in (
        ("shop.key", SecretText(16), Holder.PROGRAM),
        (NAME, Text(16), Holder.PROGRAM),
        (NAME, SecretText(16), Holder.LOCATION),
    ):
        with pytest.raises(AssertionError):
            StoredSetting(name=name, holder=holder, kind=kind, default=None, meaning="x")
