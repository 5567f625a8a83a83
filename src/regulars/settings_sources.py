"""Where settings come from: environment variables, files they name, and a TOML file."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec.structs import FieldInfo

PREFIX = "REGULARS_"
# Variables that begin like ours without being settings: of `regulars demo`, and of the test suite.
_OTHERS = frozenset({"REGULARS_CONFIG", "REGULARS_URL", "REGULARS_TEST_DATABASE_URL"})
_BOOLEANS = {"yes": "true", "on": "true", "no": "false", "off": "false"}


class SettingsInvalid(Exception):
    """The settings cannot be used. `problems` lists everything that is wrong, in sentences."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Secret(str):
    """Text that is kept out of logs and error messages: its repr does not show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('…')"


class Setting(msgspec.Struct, frozen=True):
    """What the declaration of a setting says beside its type and default."""

    name: str
    environment: str
    help: str
    secret: bool


def setting_of(field: FieldInfo) -> Setting:
    """The declaration of one field of the table, read from its annotation."""
    meta = next(part for part in get_args(field.type) if isinstance(part, msgspec.Meta))
    extra = meta.extra or {}
    assert meta.description, f"setting {field.name} needs a description"
    return Setting(
        name=field.name,
        environment=extra.get("environment", PREFIX + field.name.upper()),
        help=meta.description,
        secret=extra.get("secret", False),
    )


def gather(
    table: type[msgspec.Struct], environment: Mapping[str, str], toml_path: Path | None
) -> dict[str, Any]:
    """What the environment and the TOML file say, by the names of the settings, not yet converted.

    The environment wins. Raises SettingsInvalid for names that are not in the table.
    """
    fields = msgspec.structs.fields(table)
    settings = [setting_of(field) for field in fields]
    problems: list[str] = []
    given = {} if toml_path is None else _from_toml(toml_path, settings, problems)
    problems += _unknown_variables(environment, settings)
    for setting, field in zip(settings, fields, strict=True):
        text = _from_environment(setting, environment, problems)
        if text is not None:
            is_list = isinstance(field.default, tuple)
            given[setting.name] = _parts(text) if is_list else _BOOLEANS.get(text.lower(), text)
    if problems:
        raise SettingsInvalid(problems)
    return given


def _from_toml(path: Path, settings: list[Setting], problems: list[str]) -> dict[str, Any]:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{path}: {error}")
        return {}
    names = [setting.name for setting in settings]
    problems += [f"{path}: {_unknown(name, names)}" for name in given if name not in names]
    return {name: value for name, value in given.items() if name in names}


def _from_environment(setting: Setting, environment: Mapping[str, str], problems: list[str]) -> str | None:
    text = environment.get(setting.environment) or None
    file = environment.get(f"{setting.environment}_FILE") if setting.secret else None
    if not file:
        return text
    if text is not None:
        problems.append(f"{setting.environment} and {setting.environment}_FILE are both set; keep one")
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{setting.environment}_FILE: {error}")
        return None


def _unknown_variables(environment: Mapping[str, str], settings: list[Setting]) -> list[str]:
    names = [setting.environment for setting in settings]
    names += [f"{setting.environment}_FILE" for setting in settings if setting.secret]
    known = _OTHERS.union(names)
    return [
        _unknown(name, names) for name in sorted(environment) if name.startswith(PREFIX) and name not in known
    ]


def _unknown(name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"there is no setting {name}" + (f"; did you mean {near[0]}?" if near else "")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
