"""What programs, locations, settings and credentials may look like. Each rule says why not, or None."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

NAME_LENGTH_MAX = 200
SETTINGS_BYTES_MAX = 64 * 1024

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_SETTING_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)
_SCOPE = re.compile(r"[a-z][a-z0-9_]*:[a-z][a-z0-9_.-]*", re.ASCII)


def refuse_place(*, slug: str, name: str, currency: str, time_zone: str) -> str | None:
    """Why a program or location cannot look like this: invalid_slug, _name, _currency or _time_zone."""
    if not _SLUG.fullmatch(slug):
        return "invalid_slug"
    if not is_name(name):
        return "invalid_name"
    if not _CURRENCY.fullmatch(currency):
        return "invalid_currency"
    if not is_time_zone(time_zone):
        return "invalid_time_zone"
    return None


def is_name(name: str) -> bool:
    """Whether a name can be shown: 1 to 200 printable characters, with something besides spaces."""
    return bool(name.strip()) and len(name) <= NAME_LENGTH_MAX and name.isprintable()


def is_time_zone(name: str) -> bool:
    """Whether the IANA database knows this time zone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def refuse_settings(
    changes: Mapping[str, Any], resets: Iterable[str], known_names: Collection[str] | None
) -> tuple[str, str] | None:
    """Why these settings cannot be stored, as (code, name), the first in order of name; or None.

    Names read "feature.setting". With `known_names`, others are unknown_setting. Values are JSON
    without the NUL character, which PostgreSQL cannot hold.
    """
    for name in sorted({*changes, *resets}):
        if not _SETTING_NAME.fullmatch(name):
            return "invalid_setting_name", name
        if known_names is not None and name not in known_names:
            return "unknown_setting", name
        if name in changes and not _is_storable(changes[name]):
            return "invalid_setting_value", name
    return None


def are_scopes(scopes: Collection[str]) -> bool:
    """Whether every scope reads "contract:role" and there is at least one."""
    return bool(scopes) and all(_SCOPE.fullmatch(scope) for scope in scopes)


def _is_storable(value: Any) -> bool:
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return len(encoded) <= SETTINGS_BYTES_MAX and b"\\u0000" not in encoded
