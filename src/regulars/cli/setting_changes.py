"""What commands about programs and locations share: settings looked up, checked, compared and shown."""

import sys
from collections.abc import Mapping
from typing import Any

from regulars.base.setting_kinds import SecretText
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.cli.failures import CommandFailed, ExitCode
from regulars.cli.tables import show_table
from regulars.program_settings import default_text, find_setting, nearest_names, settings_held_by, written

STANDARD_INPUT = "-"
"""What is typed for a value that comes on standard input."""

_COMMANDS = {Holder.PROGRAM: "regulars programs", Holder.LOCATION: "regulars locations"}


def chosen_setting(name: str, holder: Holder) -> StoredSetting[Any]:
    """The setting with this name. Raises CommandFailed with the nearest ones, or where it is set."""
    setting = find_setting(name)
    if setting is not None and setting.holder is holder:
        return setting
    if setting is not None:
        raise CommandFailed(
            f"{name} is a setting of a {setting.holder}: use '{_COMMANDS[setting.holder]} set'",
            ExitCode.USAGE,
        )
    near = nearest_names(name, holder)
    instead = f"did you mean {' or '.join(near)}?" if near else f"'{_COMMANDS[holder]} show' lists them"
    raise CommandFailed(f"a {holder} has no setting {name}: {instead}", ExitCode.USAGE)


def typed_value(setting: StoredSetting[Any], text: str) -> Any:
    """The value that was typed, or given on standard input. Raises CommandFailed with what is allowed."""
    is_secret = isinstance(setting.kind, SecretText)
    if is_secret and text != STANDARD_INPUT:
        raise CommandFailed(
            f"{setting.name} is a secret: write - and give it on standard input", ExitCode.USAGE
        )
    try:
        value = setting.kind.typed(sys.stdin.read() if text == STANDARD_INPUT else text)
    except ValueError:
        pass
    else:
        if setting.kind.fits(value):
            return value
    what = "that" if text == STANDARD_INPUT else text
    raise CommandFailed(f"{setting.name} cannot be {what}: it is {setting.kind.allowed}", ExitCode.USAGE)


def require_settings(settings: Mapping[str, Any], holder: Holder) -> None:
    """Raises CommandFailed for a name that there is not, and for a value that is not allowed."""
    for name, value in settings.items():
        setting = chosen_setting(name, holder)
        if not setting.kind.fits(value):
            what = "that" if isinstance(setting.kind, SecretText) else value
            raise CommandFailed(f"{name} cannot be {what}: it is {setting.kind.allowed}", ExitCode.USAGE)


def show_settings(holder: Holder, stored: Mapping[str, Any]) -> None:
    """Prints every setting: what it was set to, its default, what is allowed, and what it means."""
    settings = settings_held_by(holder)
    show_table(
        ["setting", "value", "default", "allowed", "meaning"],
        [
            [
                setting.name,
                _value_text(setting, stored) if setting.name in stored else "–",
                default_text(setting),
                setting.kind.allowed,
                setting.meaning,
            ]
            for setting in settings
        ],
    )
    others = sorted(stored.keys() - {setting.name for setting in settings})
    if others:
        print(f"stored as well, and not a setting of this version: {', '.join(others)}")


def told_change(
    whose: str,
    setting: StoredSetting[Any],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    dry_run: bool,
) -> str:
    """What to say about a change of one setting."""
    name = setting.name
    if (name in before, before.get(name)) == (name in after, after.get(name)):
        return (
            f"{whose}: {name} {'was already' if name in after else 'was not set:'} {_state(setting, after)}"
        )
    said = f"{whose}: {name} is {_state(setting, after)}; it was {_state(setting, before)}"
    return f"{said}\nnothing was changed: --dry-run" if dry_run else said


def _state(setting: StoredSetting[Any], stored: Mapping[str, Any]) -> str:
    if setting.name not in stored:
        return f"{default_text(setting)} (default)"
    return _value_text(setting, stored)


def _value_text(setting: StoredSetting[Any], stored: Mapping[str, Any]) -> str:
    """The stored value, and what counts instead where that is another."""
    value = stored[setting.name]
    text = written(setting, value)
    if setting.kind.fits(value):
        return text
    try:
        return f"{text} (counts as {written(setting, setting.kind.nearest(value))})"
    except ValueError:
        return f"{text} (counts as not set)"
