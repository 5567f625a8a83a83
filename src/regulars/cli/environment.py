"""How settings reach worker processes: they inherit the environment, with our decisions laid over it."""

from collections.abc import MutableMapping
from typing import Any

import msgspec

from regulars.settings import Settings
from regulars.settings_sources import setting_of


def hand_down(environment: MutableMapping[str, str], **overrides: Any) -> None:
    """Lays settings over an environment; those that are None stay as they are."""
    settings = {field.name: setting_of(field) for field in msgspec.structs.fields(Settings)}
    for name, value in overrides.items():
        if value is not None:
            environment[settings[name].environment] = written(value)


def written(value: Any) -> str:
    """A setting's value as a variable holds it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
