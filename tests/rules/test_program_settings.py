"""The table of what programs and locations may set: complete, read as declared, and on its page."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import regulars
from regulars.app import CONTRACTS
from regulars.base.phone import NO_REGION
from regulars.base.setting_kinds import NONE, Region, SecretText
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.features.access.rules import refuse_settings
from regulars.program_settings import SETTINGS, find_setting, nearest_names, program_settings_page, written
from regulars.settings import Settings
from tests.tidy.source import source_files

PAGE = Path(__file__).parents[2] / "docs" / "program-settings.md"

NAMES = {setting.name for setting in SETTINGS}

# What looks like the name of a setting and is something else.
OTHER_NAMES = {
    "cryptokids.refund": "a counted limit",
    "http.request": "a message of ASGI",
    "rejoes.unknown_cards": "a counted limit",
    "http.disconnect": "a message of ASGI",
    "sessions.enrolments": "a counted limit",
    "sessions.phone_reports": "a counted limit",
    "sessions.unknown_cards": "a counted limit",
    "sessions.unknown_pages": "a counted limit",
    "sessions.wrong_admin_keys": "a counted limit",
}

# Who looks into what is stored without a declaration of the setting at hand.
UNDECLARED_READERS = {
    "src/regulars/base/stored_settings.py": "the reader of declarations",
    "src/regulars/http/authentication.py": "a route says which setting opens it; see a test below",
    "src/regulars/app.py": "warns of the settings that open routes",
    "src/regulars/demo/seed.py": "marks how far the demo has come",
}


def held_by_modules() -> Iterator[StoredSetting[Any]]:
    """Every declaration that a module of the package holds, in whatever collection."""
    for module in pkgutil.walk_packages(regulars.__path__, "regulars."):
        if ".migrations." in module.name or module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            many = list(value.values()) if isinstance(value, dict) else value
            values: list[Any] = list(many) if isinstance(many, tuple | list) else [value]
            yield from (each for each in values if isinstance(each, StoredSetting))


def test_every_setting_that_is_declared_is_in_the_table() -> None:
    declared = {setting.name for setting in held_by_modules()}
    assert len(declared) > 15
    assert declared <= NAMES


def test_names_are_unique_and_can_be_stored() -> None:
    assert len(NAMES) == len(SETTINGS)
    for setting in SETTINGS:
        assert refuse_settings({setting.name: setting.default}, (), None) is None


def test_settings_are_read_by_their_declarations_only() -> None:
    """Whoever took a value out of what is stored could have another name, bound or default in mind."""
    readers = {
        file.name
        for file in source_files()
        if file.name.startswith("src/") and any(_looks_into_settings(node) for node in ast.walk(file.tree))
    }
    assert readers <= UNDECLARED_READERS.keys(), "read it with StoredSetting.read_from"


def test_every_name_that_the_source_writes_is_in_the_table() -> None:
    prefixes = {name.partition(".")[0] for name in NAMES}
    looks_like_one = re.compile(rf"({'|'.join(sorted(prefixes))})\.[a-z][a-z0-9_]*")
    written_names = {
        node.value
        for file in source_files()
        if file.name.startswith("src/")
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and looks_like_one.fullmatch(node.value)
    }
    assert written_names <= NAMES | OTHER_NAMES.keys()
    assert OTHER_NAMES.keys() <= written_names, "these are no longer written anywhere"


def test_the_settings_that_open_routes_are_flags_of_a_program_and_off() -> None:
    names = {
        handler.opt["access"].keyless_setting
        for contract in CONTRACTS
        for handler in contract.handlers
        if handler.opt["access"].keyless_setting is not None
    }
    assert names
    for name in names:
        setting = find_setting(name)
        assert setting is not None
        assert (setting.holder, setting.default) == (Holder.PROGRAM, False)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_defaults_are_read_typed_and_written_alike(setting: StoredSetting[Any]) -> None:
    assert setting.read_from({}) == setting.default
    assert setting.read_from({"other.name": 1}) == setting.default
    if setting.default is None and not setting.kind.fits(None):
        assert setting.read_from({setting.name: None}) is None
        return
    typed = setting.kind.typed(written(setting, setting.default))
    assert setting.kind.fits(typed)
    assert setting.read_from({setting.name: typed}) == setting.default


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
@pytest.mark.parametrize(
    "value", [None, True, 1.5, -1, 10**12, "", " ", "nonsense\n", [1], {"a": 1}, [["x"]]]
)
def test_what_is_not_allowed_never_reaches_the_reader(setting: StoredSetting[Any], value: Any) -> None:
    """It counts as not set, or as the nearest value that is allowed."""
    read = setting.read_from({setting.name: value})
    if setting.kind.fits(value):
        assert read == value
    elif isinstance(setting.kind, SecretText):
        assert read == (value if value is None or isinstance(value, str) else "")
    elif isinstance(setting.kind, Region):
        assert read == NO_REGION
    elif read != setting.default and not isinstance(value, dict):
        assert setting.kind.fits(list(read) if isinstance(read, tuple) else read)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("cryptokids.refunds", "Off", False),
        ("cryptokids.refund_window_days", NONE, None),
        ("cryptokids.refund_window_days", "30", 30),
        ("sessions.points_per_unit", "0", 0),
        ("sessions.membership_scope", "Program", "program"),
        ("sessions.phone_region", "ie", "IE"),
        ("sessions.jwt_issuer", " https://id.example ", "https://id.example"),
        ("http.origins", "https://a.example, http://b.example:8080", ["https://a.example", "http://b.example:8080"]),
        ("http.origins", NONE, []),
        ("sessions.branding", '{"primary_color": "#123456"}', {"primary_color": "#123456"}),
    ],
)  # fmt: skip
def test_what_may_be_typed(name: str, text: str, value: Any) -> None:
    setting = find_setting(name)
    assert setting is not None
    typed = setting.kind.typed(text)
    assert typed == value and type(typed) is type(value)
    assert setting.kind.fits(typed)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cryptokids.refunds", "perhaps"),
        ("cryptokids.refunds_per_hour", "1001"),
        ("cryptokids.refunds_per_hour", "-1"),
        ("cryptokids.refunds_per_hour", NONE),
        ("cryptokids.token_lifetime_seconds", "9"),
        ("cryptokids.refund_window_days", "36501"),
        ("sessions.points_per_unit", "1.5"),
        ("sessions.points_per_unit", "٣"),
        ("sessions.points_per_unit", "9" * 5000),
        ("sessions.points_per_unit", ""),
        ("sessions.membership_scope", "everywhere"),
        ("sessions.phone_region", "UK"),
        ("sessions.jwt_audience", ""),
        ("sessions.jwt_audience", "x" * 201),
        ("sessions.jwks_url", "ftp://id.example/keys"),
        ("sessions.jwks_url", "https://"),
        ("sessions.jwks_url", "https://id.example:many/keys"),
        ("http.origins", "https://shop.example/"),
        ("http.origins", "shop.example"),
        ("http.origins", "https://Shop.example"),
        ("http.origins", "https://a.example,null"),
        ("sessions.branding", "blue"),
        ("sessions.branding", "[]"),
        ("sessions.branding", '{"primary_color": "blue"}'),
        ("sessions.branding", '{"primary_colour": "#123456"}'),
    ],
)
def test_what_may_not_be_typed(name: str, text: str) -> None:
    setting = find_setting(name)
    assert setting is not None
    assert not _may_be_typed(setting, text)


@pytest.mark.parametrize(
    ("name", "stored", "read"),
    [
        ("sessions.points_per_unit", 1000, 100),
        ("sessions.points_per_unit", -1, 0),
        ("sessions.points_per_unit", True, 1),
        ("sessions.points_per_unit", "2", 1),
        ("cryptokids.refund_window_days", None, None),
        ("cryptokids.refund_window_days", -5, 0),
        ("http.origins", ["https://a.example", "null", 7], ("https://a.example",)),
        ("sessions.phone_region", "UK", "ZZ"),
    ],
)
def test_what_is_stored_already_is_read_as_near_as_can_be(name: str, stored: Any, read: Any) -> None:
    setting = find_setting(name)
    assert setting is not None
    assert setting.read_from({name: stored}) == read


def test_a_default_of_the_server_stands_in_for_the_declared_one() -> None:
    [window, refunds] = [
        setting
        for name in ("cryptokids.refund_window_days", "cryptokids.refunds")
        if (setting := find_setting(name)) is not None
    ]
    assert window.read_from({}, 30) == 30
    assert window.read_from({window.name: None}, 30) is None
    assert window.read_from({window.name: "x"}, 30) == 30
    assert refunds.read_from({}, False) is False
    usual = Settings(secret_key=None)
    assert (window.default, refunds.default) == (usual.ck_refund_window_days, usual.feature_refunds)


@pytest.mark.parametrize(
    ("name", "holder", "near"),
    [
        ("sessions.point_per_unit", Holder.PROGRAM, "sessions.points_per_unit"),
        ("points_per_unit", Holder.PROGRAM, "sessions.points_per_unit"),
        ("KEYLESS", Holder.PROGRAM, "cryptokids.keyless"),
        ("phone_region", Holder.LOCATION, "sessions.phone_region"),
        ("branding", Holder.LOCATION, "sessions.branding"),
    ],
)
def test_the_nearest_names_are_found(name: str, holder: Holder, near: str) -> None:
    assert near in nearest_names(name, holder)


def test_nothing_is_near_to_nonsense() -> None:
    assert nearest_names("zzzz", Holder.PROGRAM) == []


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == program_settings_page(), "run `make docs`"
    for setting in SETTINGS:
        assert f"| `{setting.name}` | {setting.kind.allowed} |" in program_settings_page()
        assert "|" not in setting.kind.allowed + setting.meaning
        assert setting.meaning.endswith(".")


def _may_be_typed(setting: StoredSetting[Any], text: str) -> bool:
    try:
        return setting.kind.fits(setting.kind.typed(text))
    except ValueError:
        return False


def _looks_into_settings(node: ast.AST) -> bool:
    """Whether something is taken out of an attribute `settings` by its name."""
    if isinstance(node, ast.Subscript):
        return _is_settings(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in ("get", "pop", "items", "keys") and _is_settings(node.func.value)
    if isinstance(node, ast.Compare):
        return any(_is_settings(operand) for operand in node.comparators)
    return False


def _is_settings(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "settings"
