"""How a venue looks on cards and pages, and what of that may be set. Pure."""

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import asdict

from regulars.base.refusals import Refused
from regulars.base.setting_kinds import Record
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.features.access.model import Location
from regulars.features.kiosk.model import (
    BRAND_NAME_LENGTH_MAX,
    HERO_TEXT_LENGTH_MAX,
    LOGO_URL_LENGTH_MAX,
    SUPPORT_EMAIL_LENGTH_MAX,
    Branding,
)

PRIMARY_COLOR = "#1b4332"
ACCENT_COLOR = "#f4a261"
HERO_TEXT = "Collect points with every order."

_COLOR = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", re.ASCII)
_EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+", re.ASCII)


def branding_of(venue: Location) -> Branding:
    """What the venue has set, and something that does for the rest. Unusable values count as not set."""
    usual: dict[str, Any] = {
        # Names of venues may be longer than what fits on a card.
        "brand_name": venue.name.strip()[:BRAND_NAME_LENGTH_MAX].strip(),
        "hero_text": HERO_TEXT,
        "primary_color": PRIMARY_COLOR,
        "accent_color": ACCENT_COLOR,
        "logo_url": None,
        "support_email": None,
    }
    stored = BRANDING.read_from(venue.settings)
    usual |= {name: value for name, value in stored.items() if name in usual and _is_fit(name, value)}
    return msgspec.convert(usual, Branding)


def checked_branding(branding: Branding) -> Branding:
    """The branding as it is kept: texts trimmed. Refused as `invalid_field` with the first `field` at fault.

    A name of at most 60 characters, a text of at most 200, colours of 3 or 6 hexadecimal digits, a logo at an
    https address of at most 500, an e-mail address. Empty texts of the last two stand for none.
    """
    values = {name: _trimmed(value) for name, value in asdict(branding).items()}
    for name in ("logo_url", "support_email"):
        values[name] = values[name] or None
    for name, value in values.items():
        if not _is_fit(name, value):
            raise Refused("invalid_field", field=name)
    return Branding(**values)


def as_settings(branding: Branding) -> dict[str, Any]:
    """The branding as settings of its venue."""
    return {BRANDING.name: asdict(branding)}


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _is_fit(name: str, value: Any) -> bool:
    if value is None:
        return name in ("logo_url", "support_email")
    if not isinstance(value, str) or not value.isprintable():
        return False
    match name:
        case "brand_name":
            return 1 <= len(value) <= BRAND_NAME_LENGTH_MAX
        case "hero_text":
            return len(value) <= HERO_TEXT_LENGTH_MAX
        case "logo_url":
            return _is_address(value)
        case "support_email":
            return len(value) <= SUPPORT_EMAIL_LENGTH_MAX and _EMAIL.fullmatch(value) is not None
        case _:
            return _COLOR.fullmatch(value) is not None


def _is_address(text: str) -> bool:
    try:
        address = urlsplit(text)
    except ValueError:
        return False
    is_plain = not re.search(r"[\s\"'<>\\]", text)
    is_short = len(text) <= LOGO_URL_LENGTH_MAX
    return address.scheme == "https" and bool(address.hostname) and is_plain and is_short


def _are_fit(fields: dict[str, Any]) -> bool:
    return all(name in Branding.__struct_fields__ and _is_fit(name, value) for name, value in fields.items())


BRANDING = StoredSetting(
    name="sessions.branding",
    holder=Holder.LOCATION,
    kind=Record(", ".join(Branding.__struct_fields__), _are_fit),
    default={},
    meaning="How the venue's cards and pages look. Colours are 3- or 6-digit hex such as #1b4332, "
    "the logo is at an https address.",
)
